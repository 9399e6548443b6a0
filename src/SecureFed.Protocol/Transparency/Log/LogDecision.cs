using SecureFed.Protocol.Errors;

namespace SecureFed.Protocol.Transparency.Log;

/// <summary>What a <see cref="LogView"/> made of a message.</summary>
/// <param name="View">The new view; the old one if refused. Store <see cref="LogView.Largest"/> durably before acting on the entry.</param>
/// <param name="Entry">The proven entry; null if refused, or if only a checkpoint was offered.</param>
/// <param name="Rejection">Null if accepted.</param>
/// <param name="Evidence">The two checkpoints, if the log contradicts itself; write it to disk and show it to somebody else.</param>
public sealed record LogDecision(LogView View, ProvenEntry? Entry, RoundRejection? Rejection, Evidence? Evidence);
