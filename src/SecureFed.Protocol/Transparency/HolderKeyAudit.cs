using SecureFed.Protocol.Encryption;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Transparency;

/// <summary>The round keys that holders of a task have offered, and which round took which: none is in two rounds, and none in a round that was not offered before.</summary>
/// <remarks>
/// A seat of a table holds its whole offer, so that entries alone show whether it was logged. Which of several offers a round takes, and who signed them, is for
/// who has the blobs (<see cref="TaskReplay"/>).
/// </remarks>
/// <param name="findBlob">Offers by digest; null if there are no blobs. What comes with another digest counts as not held.</param>
internal sealed class HolderKeyAudit(Func<Digest, ReadOnlyMemory<byte>?>? findBlob)
{
    private readonly HashSet<Digest> offers = [];
    private readonly HashSet<Digest> offeredKeys = [];
    private readonly HashSet<Digest> takenKeys = [];
    private readonly Dictionary<Identifier, ulong> lastOffered = [];
    private readonly Dictionary<Identifier, ulong> lastTaken = [];

    public int OfferCount => offers.Count;

    /// <param name="offer">SHA-256 of the offer.</param>
    /// <param name="task">The log's task.</param>
    /// <param name="specification">The task's; null if it is not known yet.</param>
    public string? Offer(Digest offer, Identifier task, EncryptionSpecification? specification)
    {
        if (!offers.Add(offer))
            return "the same offer was made before.";
        if (findBlob?.Invoke(offer) is not { } blob || Digest.Of(blob.Span) != offer)
            return null;
        if (SignedHolderKey.TryDecode(blob.Span) is not { } read || read.TaskId != task)
            return "its blob is no offer of a key for this task.";
        if (specification is not null && !specification.Holders.Contains(read.Holder))
            return $"{read.Holder} is no key holder of the task.";
        if (lastOffered.GetValueOrDefault(read.Holder) >= read.Number)
            return $"number {read.Number} does not follow {lastOffered[read.Holder]}, the holder's offer before.";
        lastOffered[read.Holder] = read.Number;
        return offeredKeys.Add(Digest.Of(read.Key.Span)) ? null : "its key was offered before.";
    }

    /// <summary>A round takes the keys of its table.</summary>
    public string? Take(Identifier task, RoundEncryption round)
    {
        if (round.Table.Entries.Count < round.Specification.Threshold)
            return $"{round.Table.Entries.Count} key holders have a seat, but {round.Specification.Threshold} are needed.";
        foreach (HolderEntry seat in round.Table.Entries)
        {
            if (FindFault(task, seat, round.Specification) is { } fault)
                return $"the seat at point {seat.Point}: {fault}";
            lastTaken[seat.Holder] = seat.Number;
        }

        return null;
    }

    private string? FindFault(Identifier task, HolderEntry seat, EncryptionSpecification specification)
    {
        if (seat.Point > specification.Holders.Count || specification.Holders[seat.Point - 1] != seat.Holder)
            return $"{seat.Holder} is not the task's key holder at that point.";
        if (lastTaken.GetValueOrDefault(seat.Holder) >= seat.Number)
            return $"key number {seat.Number} does not follow {lastTaken[seat.Holder]}, which an earlier round took.";
        if (!offers.Contains(SignedHolderKey.Of(task, seat).Digest))
            return "its key was not offered before the round opened.";
        return takenKeys.Add(Digest.Of(seat.RoundKey.Span)) ? null : "its key was in an earlier round.";
    }
}
