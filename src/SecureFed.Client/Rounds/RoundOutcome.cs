using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Wire;

namespace SecureFed.Client.Rounds;

/// <summary>How a round ended for this client.</summary>
public enum RoundStatus
{
    /// <summary>The upload was accepted and the unmask request answered: the update is in the sum if the round closes.</summary>
    Contributed,

    /// <summary>The server had moved on before this client's message came: its update is not in the sum, and not revealed.</summary>
    TooLate,

    /// <summary>The round ended without a sum; nothing was revealed. The next round takes the update.</summary>
    Aborted,
}

/// <summary>What a client knows of a round that it took part in.</summary>
/// <param name="RoundId">Round.</param>
/// <param name="Number">1, 2, … in the task.</param>
/// <param name="Kind">What was summed.</param>
/// <param name="Status">How it ended here.</param>
/// <param name="Reason">Error code if the round was aborted or missed.</param>
/// <param name="Survivors">Updates in the sum; 0 if unknown.</param>
/// <param name="Quantized">The client's own integers, for its own records; empty unless contributed.</param>
/// <param name="ReceiptIndex">Log index of the entry that records the upload; null unless accepted.</param>
public sealed record RoundOutcome(
    Identifier RoundId,
    int Number,
    RoundKind Kind,
    RoundStatus Status,
    string? Reason,
    int Survivors,
    ReadOnlyMemory<int> Quantized,
    ulong? ReceiptIndex);
