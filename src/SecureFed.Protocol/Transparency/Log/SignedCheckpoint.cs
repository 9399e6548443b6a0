namespace SecureFed.Protocol.Transparency.Log;

/// <summary>A checkpoint that a policy has found signed by its log and cosigned by enough witnesses. Only <see cref="TlogPolicy.Open"/> makes one.</summary>
public sealed class SignedCheckpoint
{
    internal SignedCheckpoint(Checkpoint checkpoint, SignedNote note, IReadOnlyList<NoteVerifier> signers)
    {
        Checkpoint = checkpoint;
        Note = note;
        Signers = signers;
    }

    public Checkpoint Checkpoint { get; }

    /// <summary>As it was received: what to keep, show and compare.</summary>
    public SignedNote Note { get; }

    /// <summary>The known keys that signed: the log and its witnesses.</summary>
    public IReadOnlyList<NoteVerifier> Signers { get; }
}
