using System.Collections.Immutable;
using SecureFed.Cryptography.Sharing;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Rounds;

/// <summary>Who was in the sums that a task has released so far: the memory of the cross-round guard. Immutable.</summary>
/// <remarks>
/// Two sums of one kind over nearly the same clients differ by what a few clients gave, the more exactly the less the model moved in between (So et al. 2021;
/// Lam et al. 2021; Pasquini et al. 2021, section 6). The guard demands that the sets are equal or differ by at least m clients. It does not bound what many
/// rounds together tell about participation patterns; noise does.
/// </remarks>
public sealed class SurvivorHistory
{
    private const byte Version = 1;
    private const int GreatestRounds = 1 << 20;
    private readonly ImmutableDictionary<Identifier, int> places;
    private readonly ImmutableList<Identifier> clients;
    private readonly ImmutableList<ReleasedSum> sums;

    private SurvivorHistory(ImmutableDictionary<Identifier, int> places, ImmutableList<Identifier> clients, ImmutableList<ReleasedSum> sums)
    {
        this.places = places;
        this.clients = clients;
        this.sums = sums;
    }

    public static SurvivorHistory Empty { get; } = new(ImmutableDictionary<Identifier, int>.Empty, [], []);

    /// <summary>Number of released sums.</summary>
    public int Count => sums.Count;

    /// <summary>Number of the last round that was added; 0 if there was none.</summary>
    public int LastRound => sums.IsEmpty ? 0 : sums[^1].Round;

    /// <summary>The history with one sum more.</summary>
    /// <param name="round">Number of the round.</param>
    /// <param name="kind">What was summed.</param>
    /// <param name="survivors">Distinct.</param>
    public SurvivorHistory Add(int round, RoundKind kind, IReadOnlyList<Identifier> survivors)
    {
        ImmutableDictionary<Identifier, int>.Builder known = places.ToBuilder();
        ImmutableList<Identifier>.Builder names = clients.ToBuilder();
        foreach (Identifier survivor in survivors)
        {
            if (known.TryAdd(survivor, names.Count))
                names.Add(survivor);
        }

        byte[] bits = new byte[(names.Count + 7) / 8];
        foreach (Identifier survivor in survivors)
            bits[known[survivor] / 8] |= (byte)(1 << (known[survivor] % 8));
        return new SurvivorHistory(known.ToImmutable(), names.ToImmutable(), sums.Add(new ReleasedSum(round, kind, bits)));
    }

    /// <summary>The earlier sum of the same kind whose survivors are nearest to these without being the same, and by how many clients they differ; null if there is none.</summary>
    public (int Round, int Difference)? Nearest(RoundKind kind, IReadOnlyList<Identifier> survivors)
    {
        (int Round, int Difference)? nearest = null;
        foreach ((int round, int difference) in Differences(kind, survivors))
        {
            if (difference > 0 && (nearest is null || difference < nearest.Value.Difference))
                nearest = (round, difference);
        }

        return nearest;
    }

    /// <summary>Whether the guard refuses a sum over these clients.</summary>
    /// <param name="kind">What is summed.</param>
    /// <param name="survivors">Distinct.</param>
    /// <param name="leastDifference">m; 0 or 1 refuses nothing.</param>
    public bool IsTooSimilar(RoundKind kind, IReadOnlyList<Identifier> survivors, int leastDifference) =>
        leastDifference > 1 && Differences(kind, survivors).Any(d => d.Difference > 0 && d.Difference < leastDifference);

    private IEnumerable<(int Round, int Difference)> Differences(RoundKind kind, IReadOnlyList<Identifier> survivors)
    {
        int[] seen = [.. survivors.Select(s => places.GetValueOrDefault(s, -1))];
        foreach (ReleasedSum sum in sums.Where(s => s.Kind == kind))
        {
            int common = seen.Count(place => place >= 0 && sum.Holds(place));
            yield return (sum.Round, sum.Count + survivors.Count - 2 * common);
        }
    }

    public byte[] Encode() => CanonicalWriter.Write(writer => writer
        .UInt8(Version)
        .List(clients, (w, c) => w.Identifier(c))
        .List(sums, (w, s) => w.Count(s.Round).UInt8((byte)s.Kind).Opaque(s.Bits)));

    /// <summary>Reads what <see cref="Encode"/> wrote; empty bytes are the empty history.</summary>
    public static bool TryDecode(ReadOnlySpan<byte> bytes, out SurvivorHistory history)
    {
        history = Empty;
        if (bytes.IsEmpty)
            return true;
        CanonicalReader reader = new(bytes);
        reader.Require(reader.UInt8() == Version);
        Identifier[] names = reader.List(ShamirSecretSharing.MaxPoint, Identifier.Bytes, (ref CanonicalReader r) => r.Identifier());
        ReleasedSum[] read = reader.List(GreatestRounds, 4 + 1 + 4, (ref CanonicalReader r) => new ReleasedSum(
            r.Count(int.MaxValue), (RoundKind)r.UInt8(), r.Opaque((names.Length + 7) / 8).ToArray()));
        if (!reader.IsComplete || names.Distinct().Count() != names.Length)
            return false;
        ImmutableDictionary<Identifier, int> known = names.Select((name, place) => KeyValuePair.Create(name, place)).ToImmutableDictionary();
        history = new SurvivorHistory(known, [.. names], [.. read]);
        return true;
    }

    /// <param name="Round">Number of the round.</param>
    /// <param name="Kind">What was summed.</param>
    /// <param name="Bits">Bit p is set if client p is in the sum.</param>
    private sealed record ReleasedSum(int Round, RoundKind Kind, byte[] Bits)
    {
        public int Count { get; } = Bits.Sum(b => System.Numerics.BitOperations.PopCount(b));

        public bool Holds(int place) => place / 8 < Bits.Length && (Bits[place / 8] >> (place % 8) & 1) == 1;
    }
}
