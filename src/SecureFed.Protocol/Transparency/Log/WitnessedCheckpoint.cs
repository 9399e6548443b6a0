using System.Globalization;
using System.Text;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Transparency.Log;

/// <summary>The largest checkpoint of one log that a witness vouches for. Only <see cref="Witness.AddCheckpoint"/> makes one, or a store that was given one.</summary>
/// <remarks>
/// Store it durably before <see cref="Cosign"/>: a cosignature that left a witness which then forgot its size could be followed by one for another history.
/// Ed25519 is deterministic, so the same cosignature can be made again after a restart.
/// </remarks>
public sealed class WitnessedCheckpoint
{
    private const string Title = "securefed witness 1";

    private WitnessedCheckpoint(Checkpoint checkpoint, SignedNote note, ulong time)
    {
        Checkpoint = checkpoint;
        Note = note;
        Time = time;
    }

    public Checkpoint Checkpoint { get; }

    /// <summary>The checkpoint with the signatures of its log's known keys, and no others.</summary>
    public SignedNote Note { get; }

    /// <summary>The time that the cosignature states, seconds since 1970.</summary>
    public ulong Time { get; }

    internal static WitnessedCheckpoint Create(Checkpoint checkpoint, SignedNote note, ulong time) => new(checkpoint, note, time);

    /// <summary>The witness's statement on the checkpoint.</summary>
    public NoteSignature Cosign(WitnessKey key) => key.Sign(Note.Text.Span, Time);

    /// <summary>For a witness's state file: title, digest of the rest, time, note.</summary>
    public byte[] Encode()
    {
        byte[] content = [.. Encoding.ASCII.GetBytes(Time.ToString(CultureInfo.InvariantCulture) + "\n"), .. Note.Encode()];
        return [.. Encoding.ASCII.GetBytes($"{Title}\n{Digest.Of(content)}\n"), .. content];
    }

    /// <summary>Accepts only what <see cref="Encode"/> gave, and any change of a bit is noticed.</summary>
    public static bool TryDecode(ReadOnlySpan<byte> bytes, out WitnessedCheckpoint? witnessed)
    {
        witnessed = null;
        if (!LogText.TryText(bytes, out string text))
            return false;
        string[] lines = text.Split('\n', 4);
        if (lines.Length != 4
            || !LogText.TryNumber(lines[2], out ulong time)
            || !SignedNote.TryParse(Utf8.Strict.GetBytes(lines[3]), out SignedNote? note)
            || !Checkpoint.TryParse(note!.Text.Span, out Checkpoint? checkpoint))
            return false;
        WitnessedCheckpoint read = new(checkpoint!, note, time);
        if (read.Encode().AsSpan().SequenceEqual(bytes))
            witnessed = read;
        return witnessed is not null;
    }
}
