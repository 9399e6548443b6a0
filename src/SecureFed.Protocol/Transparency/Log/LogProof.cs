using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Transparency.Log;

/// <summary>What the server sends with an entry, so that the client need not believe it: a checkpoint, and that the entry and the client's last checkpoint are in it.</summary>
/// <param name="Checkpoint">The signed note, at most 64 KiB.</param>
/// <param name="Since">Size that the consistency proof starts from: the largest checkpoint that the client said it holds, 0 if none.</param>
/// <param name="Inclusion">Hashes for the entry; the leaf's sibling first.</param>
/// <param name="Consistency">Hashes from <paramref name="Since"/> to the checkpoint; none from 0 or to the same size.</param>
public sealed record LogProof(ReadOnlyMemory<byte> Checkpoint, ulong Since, IReadOnlyList<Digest> Inclusion, IReadOnlyList<Digest> Consistency)
{
    /// <summary>Canonical: opaque checkpoint, uint64 since, two vectors of hashes.</summary>
    public void Write(CanonicalWriter writer) => writer
        .Opaque(Checkpoint.Span)
        .UInt64(Since)
        .List(Inclusion, (w, hash) => w.Digest(hash))
        .List(Consistency, (w, hash) => w.Digest(hash));

    public static LogProof Read(ref CanonicalReader reader)
    {
        byte[] checkpoint = reader.Opaque(SignedNote.GreatestBytes).ToArray();
        ulong since = reader.UInt64();
        Digest[] inclusion = reader.List(InclusionProof.GreatestHashes, Digest.Bytes, static (ref r) => r.Digest());
        Digest[] consistency = reader.List(ConsistencyProof.GreatestHashes, Digest.Bytes, static (ref r) => r.Digest());
        return new LogProof(checkpoint, since, inclusion, consistency);
    }

    public byte[] Encode() => CanonicalWriter.Write(Write);

    public static bool TryDecode(ReadOnlySpan<byte> bytes, out LogProof? proof)
    {
        CanonicalReader reader = new(bytes);
        LogProof read = Read(ref reader);
        proof = reader.IsComplete ? read : null;
        return proof is not null;
    }
}
