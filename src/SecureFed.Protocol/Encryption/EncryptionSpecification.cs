using SecureFed.Cryptography.Bfv;
using SecureFed.Cryptography.Sharing;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Encryption;

/// <summary>How a task encrypts: parameter set, and who holds the key shares at which point. Stands in the task's parameters and again in every ROUND_OPENED entry.</summary>
/// <remarks>
/// <para>One-time keys, DESIGN section 3: any t_h of K holders give the sum of keys; 2·t_h &gt; K + f, so that two certificates of t_h holders share an honest one, who signs
/// one list only. f is then at most 2·t_h − K − 1.</para>
/// <para>A single key has one holder: K = t_h = 1, f = 0.</para>
/// </remarks>
/// <param name="Set">Name of the parameter set.</param>
/// <param name="DroppedBits">r: low bits of a coefficient that are not sent.</param>
/// <param name="Holders">Roster identities; the x-th sits at point x. All distinct.</param>
/// <param name="Threshold">t_h.</param>
/// <param name="CorruptHolders">f: most corrupt holders that are provided for.</param>
public sealed record EncryptionSpecification(string Set, int DroppedBits, IReadOnlyList<Identifier> Holders, int Threshold, int CorruptHolders)
{
    private const int GreatestNameBytes = 16;
    private const int GreatestDroppedBits = 63;

    /// <summary>Ring and error distribution.</summary>
    /// <exception cref="ArgumentException">There is no such set; <see cref="FindFault"/> has been asked first.</exception>
    internal BfvSet Ring => BfvSet.Named(Set);

    /// <summary>Null if rounds of that protection can be encrypted so.</summary>
    /// <param name="protection">With one-time keys, or a single one.</param>
    /// <param name="serverClass">A malicious server needs f ≥ 1, and one-time keys.</param>
    /// <param name="ringBits">b.</param>
    /// <param name="clients">n, the most.</param>
    public string? FindFault(ProtectionKind protection, ServerClass serverClass, int ringBits, int clients)
    {
        bool isSingle = protection == ProtectionKind.EncryptionSingleKey;
        if (BfvSet.All.FirstOrDefault(s => string.Equals(s.Name, Set, StringComparison.Ordinal)) is not { } set || set.Keys != (isSingle ? BfvKeys.Single : BfvKeys.OneTime))
            return $"The parameter set '{Set}' is none for this protection; with one-time keys take A1, with a single key S1 or S2.";
        if (Holders.Count is < 1 or > VectorSharing.GreatestHolders || Holders.Distinct().Count() != Holders.Count)
            return $"A task has 1 to {VectorSharing.GreatestHolders} distinct key holders.";
        if (isSingle)
        {
            if (Holders.Count != 1 || Threshold != 1 || CorruptHolders != 0)
                return "A single key has one holder, threshold 1 and no corrupt holder; several holders need one-time keys (protection encryption).";
            if (serverClass == ServerClass.Malicious)
                return "A single key protects against a curious server only: choose server class curious, or one-time keys (protection encryption).";
        }
        else if (Threshold < 1 || Threshold > Holders.Count || CorruptHolders < 0 || 2 * Threshold <= Holders.Count + CorruptHolders)
        {
            return $"{Holders.Count} holders with threshold {Threshold} and {CorruptHolders} corrupt: 2·threshold must exceed holders + corrupt, or two lists could be certified. Raise the threshold.";
        }
        else if (serverClass == ServerClass.Malicious && CorruptHolders < 1)
        {
            return "Against a malicious server at least one key holder must be assumed corrupt: raise the threshold or add holders, or choose the weaker server class curious.";
        }

        try
        {
            _ = BfvParameters.Create(set, ringBits, DroppedBits, clients);
            return null;
        }
        catch (ArgumentOutOfRangeException exception)
        {
            return exception.Message;
        }
    }

    /// <summary>The arithmetic of a round of n clients.</summary>
    internal BfvParameters ParametersFor(int ringBits, int clients) => BfvParameters.Create(Ring, ringBits, DroppedBits, clients);

    public bool Equals(EncryptionSpecification? other) =>
        other is not null && string.Equals(Set, other.Set, StringComparison.Ordinal) && DroppedBits == other.DroppedBits && Holders.SequenceEqual(other.Holders)
        && Threshold == other.Threshold && CorruptHolders == other.CorruptHolders;

    public override int GetHashCode() => HashCode.Combine(Set, DroppedBits, Holders.Count, Threshold, CorruptHolders);

    internal void Write(CanonicalWriter writer) => writer
        .Text(Set).UInt8((byte)DroppedBits).List(Holders, (w, h) => w.Identifier(h)).UInt8((byte)Threshold).UInt8((byte)CorruptHolders);

    internal static EncryptionSpecification Read(ref CanonicalReader reader)
    {
        string set = reader.Text(GreatestNameBytes);
        int dropped = reader.UInt8();
        reader.Require(dropped <= GreatestDroppedBits);
        Identifier[] holders = reader.List(VectorSharing.GreatestHolders, Identifier.Bytes, (ref CanonicalReader r) => r.Identifier());
        return new EncryptionSpecification(set, dropped, holders, reader.UInt8(), reader.UInt8());
    }
}
