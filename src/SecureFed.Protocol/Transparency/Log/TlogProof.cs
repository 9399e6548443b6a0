using System.Globalization;
using System.Text;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Transparency.Log;

/// <summary>A receipt: a file that proves, without network, that an entry stands in a log.</summary>
/// <remarks>C2SP tlog-proof, version 1; the file name ends with <c>.tlog-proof</c>. Verified against the entry and a <see cref="TlogPolicy"/>.</remarks>
/// <param name="Index">Place of the entry.</param>
/// <param name="Inclusion">Hashes; the leaf's sibling first.</param>
/// <param name="Checkpoint">The signed note.</param>
/// <param name="Extra">What the application added; null if nothing. Not authenticated by anything.</param>
public sealed record TlogProof(ulong Index, IReadOnlyList<Digest> Inclusion, ReadOnlyMemory<byte> Checkpoint, byte[]? Extra = null)
{
    private const string Header = "c2sp.org/tlog-proof@v1";
    private const string ExtraLabel = "extra ";
    private const string IndexLabel = "index ";
    private const int GreatestBytes = 1 << 18;

    public byte[] Encode()
    {
        StringBuilder text = new(Header + "\n");
        if (Extra is not null)
            text.Append(ExtraLabel).Append(Convert.ToBase64String(Extra)).Append('\n');
        text.Append(IndexLabel).Append(Index.ToString(CultureInfo.InvariantCulture)).Append('\n');
        foreach (Digest hash in Inclusion)
            text.Append(LogText.Base64Of(hash)).Append('\n');
        return [.. Utf8.Strict.GetBytes(text.Append('\n').ToString()), .. Checkpoint.Span];
    }

    /// <summary>Accepts only what <see cref="Encode"/> gives back byte for byte; verifies nothing.</summary>
    public static bool TryParse(ReadOnlySpan<byte> bytes, out TlogProof? proof)
    {
        proof = null;
        int end = bytes.IndexOf("\n\n"u8);
        if (bytes.Length > GreatestBytes || end < 0 || !LogText.TryText(bytes[..end], out string head))
            return false;
        ReadOnlySpan<byte> checkpoint = bytes[(end + 2)..];
        string[] lines = head.Split('\n');
        int next = 1;
        byte[]? extra = null;
        if (lines.Length > next && lines[next].StartsWith(ExtraLabel, StringComparison.Ordinal) && !LogText.TryBase64(lines[next++].AsSpan(ExtraLabel.Length), out extra))
            return false;
        if (!string.Equals(lines[0], Header, StringComparison.Ordinal)
            || lines.Length <= next
            || !lines[next].StartsWith(IndexLabel, StringComparison.Ordinal)
            || !LogText.TryNumber(lines[next++].AsSpan(IndexLabel.Length), out ulong index)
            || lines.Length - next > InclusionProof.GreatestHashes
            || !SignedNote.TryParse(checkpoint, out _))
            return false;
        Digest[] inclusion = new Digest[lines.Length - next];
        for (int i = 0; i < inclusion.Length; i++)
        {
            if (!LogText.TryHash(lines[next + i], out inclusion[i]))
                return false;
        }

        proof = new TlogProof(index, inclusion, checkpoint.ToArray(), extra);
        return true;
    }

    /// <summary>Whether the entry stands in a log that the policy trusts, at <see cref="Index"/>.</summary>
    /// <param name="policy">Logs and witnesses that are believed.</param>
    /// <param name="entry">The entry's bytes.</param>
    /// <param name="checkpoint">The checkpoint it was proven under; null exactly if refused.</param>
    public RoundRejection? Verify(TlogPolicy policy, ReadOnlySpan<byte> entry, out SignedCheckpoint? checkpoint)
    {
        if (policy.Open(Checkpoint.Span, out checkpoint) is { } rejection)
            return rejection;
        Checkpoint tree = checkpoint!.Checkpoint;
        if (InclusionProof.Verify(Index, tree.Size, MerkleHash.Leaf(entry), [.. Inclusion], tree.Root))
            return null;
        checkpoint = null;
        return new RoundRejection(ErrorCodes.LogProofInvalid, $"The proof does not show that this entry stands at index {Index} of {tree.Origin}.");
    }
}
