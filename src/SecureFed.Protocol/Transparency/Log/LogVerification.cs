namespace SecureFed.Protocol.Transparency.Log;

/// <summary>What <see cref="LogVerifier"/> found.</summary>
/// <param name="Checkpoint">The trusted checkpoint; null if there is none.</param>
/// <param name="Fault">Null exactly if every file is as the checkpoint says.</param>
public sealed record LogVerification(SignedCheckpoint? Checkpoint, LogFault? Fault)
{
    public bool IsValid => Fault is null;
}
