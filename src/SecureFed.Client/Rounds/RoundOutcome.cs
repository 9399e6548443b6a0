using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Wire;

namespace SecureFed.Client.Rounds;

/// <summary>How a round ended for this client.</summary>
public enum RoundStatus
{
    /// <summary>The update is on the certified list and the unmask request was answered: it is in the sum if the round closes.</summary>
    Contributed,

    /// <summary>As contributed, but it was the update of an earlier call, masked before a restart; the one given now was not used.</summary>
    Resumed,

    /// <summary>The update is not in the sum: it never left, or a quorum certified a list without it.</summary>
    TooLate,

    /// <summary>The round ended before this client's update had left. The next round takes it.</summary>
    Aborted,

    /// <summary>The server says that the round is over, after the masked update had left. It may be in a sum: the server's word is no proof.</summary>
    Unknown,
}

/// <summary>What a client knows of a round that it took part in.</summary>
/// <param name="RoundId">Round.</param>
/// <param name="Number">1, 2, … in the task.</param>
/// <param name="Kind">What was summed.</param>
/// <param name="Status">How it ended here.</param>
/// <param name="Reason">Error code if the round was aborted or missed.</param>
/// <param name="Survivors">Updates in the sum; 0 if unknown.</param>
/// <param name="Quantized">The client's own integers, for its own records; empty unless contributed by this call.</param>
/// <param name="ReceiptIndex">Log index of the entry that records the upload; null unless accepted.</param>
/// <param name="ZeroedRecords">Records of the sample that gave no finite vector, or threw, and counted as zero. Only with noise: there silence would tell the server something.</param>
/// <param name="Fault">What the trainer threw; a zero vector was contributed in its place. Only with noise.</param>
/// <param name="RowsFault">Why the vector was computed on the rows of before, though they may have changed (<see cref="DataSetTrainer.RowsFault"/>); null if it was not.</param>
public sealed record RoundOutcome(
    Identifier RoundId,
    int Number,
    RoundKind Kind,
    RoundStatus Status,
    string? Reason,
    int Survivors,
    ReadOnlyMemory<int> Quantized,
    ulong? ReceiptIndex,
    int ZeroedRecords = 0,
    Exception? Fault = null,
    Exception? RowsFault = null);
