namespace SecureFed.Protocol.Transparency.Log;

/// <summary>What a <see cref="Witness"/> made of a request.</summary>
/// <param name="Witness">The new state; the old one if refused.</param>
/// <param name="Accepted">Store it durably, then cosign it; null if refused.</param>
/// <param name="Refusal">Null if accepted.</param>
/// <param name="Evidence">Two checkpoints that convict the log, whatever the answer to it is; write it to disk and show it to somebody else.</param>
public sealed record WitnessDecision(Witness Witness, WitnessedCheckpoint? Accepted, WitnessRefusal? Refusal, Evidence? Evidence);
