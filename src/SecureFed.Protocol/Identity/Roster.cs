using System.Collections.Concurrent;
using SecureFed.Cryptography.Keys;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Identity;

/// <summary>The identities that a roster authority has signed: the only ones a client or a server accepts.</summary>
/// <remarks>
/// Canonical bytes: version, sequence number, entries in ascending order of identifier; then the authority's signature. The authority is not the server:
/// a server that could enrol identities could fill a cohort with its own (Pasquini et al. 2022; DESIGN section 2).
/// </remarks>
public sealed class Roster
{
    public const int GreatestEntries = 1 << 20;
    private const byte Version = 1;
    private const int GreatestGoodSignatures = 1 << 14;
    private const int LeastEntryBytes = Identifier.Bytes + 1 + 4 + 1 + P256.PublicKeyBytes;
    private readonly Dictionary<Identifier, RosterEntry> byId;
    private readonly ConcurrentDictionary<Identifier, VerificationKey> verificationKeys = new();
    private readonly ConcurrentDictionary<Digest, bool> goodSignatures = new();

    private Roster(ulong sequence, RosterEntry[] entries, byte[] bytes, byte[] authorityKey)
    {
        AuthorityKey = authorityKey;
        Sequence = sequence;
        Entries = entries;
        byId = entries.ToDictionary(e => e.Id);
        Bytes = bytes;
        Digest = Digest.Of(bytes);
        ClientOrganisations = entries.Where(e => e.Role == RosterRole.Client).Select(e => e.Organisation).Distinct(StringComparer.Ordinal).Count();
    }

    /// <summary>Rises with every roster the authority signs.</summary>
    public ulong Sequence { get; }

    public IReadOnlyList<RosterEntry> Entries { get; }

    /// <summary>The signed form.</summary>
    public ReadOnlyMemory<byte> Bytes { get; }

    /// <summary>SHA-256 of <see cref="Bytes"/>.</summary>
    public Digest Digest { get; }

    /// <summary>65 bytes: the key under which the signature was verified. Only this authority's later rosters take the place of this one in a task.</summary>
    public ReadOnlyMemory<byte> AuthorityKey { get; }

    /// <summary>How many distinct organisations have a client in the roster; c is counted from it.</summary>
    public int ClientOrganisations { get; }

    /// <summary>Null if this roster may take the place of another; otherwise why not and what to do.</summary>
    /// <param name="earlier">The one in force.</param>
    /// <param name="organisations">For which the task's thresholds were set: c follows from it. With more of them the server could place more clients than c; with fewer c is greater than it need be.</param>
    internal RoundRejection? FindFaultAfter(Roster earlier, int organisations)
    {
        if (!AuthorityKey.Span.SequenceEqual(earlier.AuthorityKey.Span))
            return new RoundRejection(ErrorCodes.RosterUntrusted, "The roster is signed by another authority than the one of the roster in force.");
        if (Sequence <= earlier.Sequence)
            return new RoundRejection(ErrorCodes.RosterOutdated, $"The roster has number {Sequence}, which is not greater than number {earlier.Sequence} of the roster in force.");
        return ClientOrganisations <= organisations ? null : new RoundRejection(
            ErrorCodes.InvalidRoster,
            $"The roster has clients of {ClientOrganisations} organisations, and the task's thresholds were set for {organisations}; a larger consortium needs a new task.");
    }

    public RosterEntry? Find(Identifier id) => byId.GetValueOrDefault(id);

    /// <summary>The entry if it exists and has that role.</summary>
    public RosterEntry? Find(Identifier id, RosterRole role) => Find(id) is { } entry && entry.Role == role ? entry : null;

    /// <summary>Verifies a signature of an enrolled identity; its key is imported once and kept, and so is the fact that a signature is good.</summary>
    /// <remarks>
    /// The memory of good signatures is by SHA-256 of signer, message and signature. Clients of one process that share a roster see the same
    /// advertisements, uploads and confirmations; a client alone verifies each once and gains nothing.
    /// </remarks>
    /// <returns>False for an identity that is not in the roster, too.</returns>
    public bool Verify(Identifier signer, ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature)
    {
        // The fixed length keeps the three parts of the name apart: a byte moved from signature to message would be another name for other content.
        if (signature.Length != P256.SignatureBytes || Find(signer) is not { } entry)
            return false;
        Digest name = Digest.Of([.. signer.ToArray(), .. signature, .. message]);
        if (goodSignatures.ContainsKey(name))
            return true;
        if (!verificationKeys.GetOrAdd(signer, static (_, e) => Import(e), entry).Verify(message, signature))
            return false;
        if (goodSignatures.Count >= GreatestGoodSignatures)
            goodSignatures.Clear();
        goodSignatures[name] = true;
        return true;
    }

    /// <summary>What this roster enrols and removes, counted by role; roles without a change are left out.</summary>
    /// <remarks>A member that changed its key, role or organisation counts as one removed and one added: nobody can tell whether the same party is behind it.</remarks>
    public IReadOnlyList<EnrolmentCount> ChangesSince(Roster earlier)
    {
        ILookup<RosterRole, RosterEntry> added = Entries.Where(e => !earlier.Lists(e)).ToLookup(e => e.Role);
        ILookup<RosterRole, RosterEntry> removed = earlier.Entries.Where(e => !Lists(e)).ToLookup(e => e.Role);
        return [.. Enum.GetValues<RosterRole>().Select(r => new EnrolmentCount(r, added[r].Count(), removed[r].Count())).Where(c => c.Added + c.Removed > 0)];
    }

    /// <summary>Signs a roster.</summary>
    /// <exception cref="ArgumentException">Repeated identifiers or public keys, or a malformed entry.</exception>
    public static Roster Create(ulong sequence, IEnumerable<RosterEntry> entries, ISigner authority)
    {
        RosterEntry[] sorted = [.. entries.OrderBy(e => e.Id)];
        byte[] content = CanonicalWriter.Write(writer => Write(writer, sequence, sorted));
        byte[] signature = authority.Sign(SigningContext.Roster.Bind(content));
        return TryDecode([.. content, .. signature], authority.PublicKey.Span, out Roster? roster)
            ? roster!
            : throw new ArgumentException("Identifiers and public keys are distinct, keys are points on P-256 and organisations have 1 to 128 bytes.", nameof(entries));
    }

    /// <summary>Accepts a roster only if it is canonical and signed by the pinned authority.</summary>
    public static bool TryDecode(ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> authorityPublicKey, out Roster? roster)
    {
        roster = null;
        if (bytes.Length <= P256.SignatureBytes)
            return false;
        ReadOnlySpan<byte> content = bytes[..^P256.SignatureBytes];
        if (!Signature.Verify(authorityPublicKey, SigningContext.Roster.Bind(content), bytes[^P256.SignatureBytes..]))
            return false;

        CanonicalReader reader = new(content);
        reader.Require(reader.UInt8() == Version);
        ulong sequence = reader.UInt64();
        RosterEntry[] entries = reader.List(GreatestEntries, LeastEntryBytes, ReadEntry);
        if (!reader.IsComplete || !IsWellFormed(entries))
            return false;
        roster = new Roster(sequence, entries, bytes.ToArray(), authorityPublicKey.ToArray());
        return true;
    }

    private bool Lists(RosterEntry entry) =>
        Find(entry.Id, entry.Role) is { } own
        && string.Equals(own.Organisation, entry.Organisation, StringComparison.Ordinal)
        && own.PublicKey.Span.SequenceEqual(entry.PublicKey.Span);

    private static void Write(CanonicalWriter writer, ulong sequence, RosterEntry[] entries) =>
        writer.UInt8(Version).UInt64(sequence).List(entries, (w, e) =>
            w.Identifier(e.Id).UInt8((byte)e.Role).Text(e.Organisation).Fixed(e.PublicKey.Span));

    private static VerificationKey Import(RosterEntry entry) => VerificationKey.TryCreate(entry.PublicKey.Span, out VerificationKey? key)
        ? key
        : throw new System.Diagnostics.UnreachableException("A decoded roster holds valid keys only.");

    private static RosterEntry ReadEntry(ref CanonicalReader reader)
    {
        Identifier id = reader.Identifier();
        RosterRole role = (RosterRole)reader.UInt8();
        reader.Require(Enum.IsDefined(role));
        string organisation = reader.Text(128);
        reader.Require(organisation.Length > 0);
        return new RosterEntry(id, role, organisation, reader.Fixed(P256.PublicKeyBytes).ToArray());
    }

    private static bool IsWellFormed(RosterEntry[] entries)
    {
        for (int i = 1; i < entries.Length; i++)
        {
            if (entries[i].Id <= entries[i - 1].Id)
                return false;
        }

        return entries.Select(e => Convert.ToHexString(e.PublicKey.Span)).Distinct(StringComparer.Ordinal).Count() == entries.Length
            && entries.All(e => P256.IsValidPublicKey(e.PublicKey.Span));
    }
}
