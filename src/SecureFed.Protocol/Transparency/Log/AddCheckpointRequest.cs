using System.Globalization;
using System.Text;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Transparency.Log;

/// <summary>What a log sends to a witness: its new checkpoint, and that it continues the one the witness cosigned last.</summary>
/// <remarks>C2SP tlog-witness, "add-checkpoint": <c>old size</c>, a line of base64 for each hash, an empty line, the checkpoint.</remarks>
/// <param name="OldSize">Entries of the tree that the witness cosigned last; 0 if unknown.</param>
/// <param name="Proof">Consistency proof from there, at most <see cref="GreatestProof"/> hashes; none from 0 or to the same size.</param>
/// <param name="Checkpoint">The new checkpoint, signed by its log.</param>
public sealed record AddCheckpointRequest(ulong OldSize, IReadOnlyList<Digest> Proof, SignedNote Checkpoint)
{
    /// <summary>Most hashes of a proof.</summary>
    public const int GreatestProof = 63;

    /// <summary>Longest request read.</summary>
    public const int GreatestBytes = 1 << 16;

    private const string OldLabel = "old ";

    public byte[] Encode()
    {
        StringBuilder head = new(OldLabel);
        head.Append(OldSize.ToString(CultureInfo.InvariantCulture)).Append('\n');
        foreach (Digest hash in Proof)
            head.Append(LogText.Base64Of(hash)).Append('\n');
        return [.. Utf8.Strict.GetBytes(head.Append('\n').ToString()), .. Checkpoint.Encode()];
    }

    /// <summary>Accepts only what <see cref="Encode"/> gives back byte for byte; verifies nothing.</summary>
    public static bool TryParse(ReadOnlySpan<byte> bytes, out AddCheckpointRequest? request)
    {
        request = null;
        int end = bytes.IndexOf("\n\n"u8);
        if (bytes.Length > GreatestBytes || end < 0 || !LogText.TryText(bytes[..end], out string head))
            return false;
        string[] lines = head.Split('\n');
        if (lines.Length - 1 > GreatestProof
            || !lines[0].StartsWith(OldLabel, StringComparison.Ordinal)
            || !LogText.TryNumber(lines[0].AsSpan(OldLabel.Length), out ulong oldSize)
            || !SignedNote.TryParse(bytes[(end + 2)..], out SignedNote? checkpoint))
            return false;
        Digest[] proof = new Digest[lines.Length - 1];
        for (int i = 0; i < proof.Length; i++)
        {
            if (!LogText.TryHash(lines[i + 1], out proof[i]))
                return false;
        }

        request = new AddCheckpointRequest(oldSize, proof, checkpoint!);
        return true;
    }
}
