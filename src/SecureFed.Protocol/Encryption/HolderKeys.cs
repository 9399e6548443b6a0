using SecureFed.Cryptography.Keys;
using SecureFed.Cryptography.Seal;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Identity;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Tasks;
using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Encryption;

/// <summary>The keys that a task's holders have offered for coming rounds: a fold over HOLDER_KEY_OFFERED and ROUND_OPENED.</summary>
/// <remarks>A key serves one round. Holders offer ahead, so that a round can open while they are away.</remarks>
internal sealed class HolderKeys(TaskParameters task)
{
    /// <summary>Offers of one holder that no round has taken yet.</summary>
    public const int GreatestAhead = 64;

    private readonly Dictionary<Identifier, List<SignedHolderKey>> waiting = [];
    private readonly Dictionary<(Identifier Holder, ulong Number), (Digest Offer, ulong Index)> known = [];
    private readonly Dictionary<Identifier, ulong> lastNumbers = [];
    private readonly HashSet<Digest> keys = [];

    /// <summary>How many offers of a holder no round has taken yet.</summary>
    public int AheadOf(Identifier holder) => waiting.GetValueOrDefault(holder)?.Count ?? 0;

    /// <summary>Number of the last offer of a holder; 0 if there is none.</summary>
    public ulong LastNumberOf(Identifier holder) => lastNumbers.GetValueOrDefault(holder);

    /// <summary>Decides about an offer. Changes nothing.</summary>
    public MessageDecision Offer(ReadOnlySpan<byte> bytes, Roster roster)
    {
        if (SignedHolderKey.TryDecode(bytes) is not { } offer)
            return MessageDecision.Refuse(ErrorCodes.InvalidMessage, "The bytes are not one canonical offer of a holder's key.");
        if (known.TryGetValue((offer.Holder, offer.Number), out (Digest Offer, ulong Index) earlier))
        {
            return earlier.Offer == offer.Digest
                ? MessageDecision.Repeat(earlier.Index)
                : MessageDecision.Refuse(ErrorCodes.ConflictingMessage, $"Another key was offered under number {offer.Number}; offer this one under a later number.");
        }

        return FindFault(offer, roster) is { } fault
            ? MessageDecision.Refuse(fault)
            : MessageDecision.Accept(new PendingEvent(new TaskEvent.HolderKeyOffered(offer.Digest), offer.Bytes));
    }

    /// <exception cref="InvalidOperationException">The offer does not fit.</exception>
    public void Apply(ulong index, ReadOnlySpan<byte> bytes, Roster roster)
    {
        if (SignedHolderKey.TryDecode(bytes) is not { } offer || known.ContainsKey((offer.Holder, offer.Number)) || FindFault(offer, roster) is not null)
            throw new InvalidOperationException($"Entry {index} takes an offer of a holder's key that does not fit the task.");
        if (!waiting.TryGetValue(offer.Holder, out List<SignedHolderKey>? ahead))
            waiting.Add(offer.Holder, ahead = []);
        ahead.Add(offer);
        known.Add((offer.Holder, offer.Number), (offer.Digest, index));
        lastNumbers[offer.Holder] = offer.Number;
        keys.Add(Digest.Of(offer.Key.Span));
    }

    /// <summary>The table of a round that opens now: a seat for every holder with a key on offer that it signed with its key in the roster.</summary>
    public HolderTable Seats(Roster roster) => new([.. task.Encryption!.Holders
        .Select((holder, place) => (Offer: waiting.GetValueOrDefault(holder)?.Find(offer => offer.Verify(roster)), Point: place + 1))
        .Where(seat => seat.Offer is not null)
        .Select(seat => new HolderEntry(seat.Point, seat.Offer!.Holder, seat.Offer.Number, seat.Offer.Key, seat.Offer.Signature))]);

    /// <summary>Takes a round's keys; whether they are the next of their holders.</summary>
    public bool TryTake(HolderTable table, Roster roster)
    {
        HolderTable expected = Seats(roster);
        if (table.Entries.Count < task.Encryption!.Threshold || !table.Encode().AsSpan().SequenceEqual(expected.Encode()))
            return false;
        foreach (HolderEntry seat in table.Entries) waiting[seat.Holder].RemoveAll(offer => offer.Number <= seat.Number);
        return true;
    }

    public HolderKeys Copy()
    {
        HolderKeys copy = new(task);
        foreach ((Identifier holder, List<SignedHolderKey> ahead) in waiting) copy.waiting.Add(holder, [.. ahead]);
        foreach (KeyValuePair<(Identifier, ulong), (Digest, ulong)> offer in known) copy.known.Add(offer.Key, offer.Value);
        foreach ((Identifier holder, ulong number) in lastNumbers) copy.lastNumbers.Add(holder, number);
        copy.keys.UnionWith(keys);
        return copy;
    }

    /// <summary>Null if a key has the form that the protection asks for.</summary>
    internal static string? FindFault(TaskParameters task, ReadOnlySpan<byte> key)
    {
        if (task.Protection == ProtectionKind.Encryption)
            return P256.IsValidPublicKey(key) ? null : "the key is no point on P-256 in uncompressed form";
        return SingleKeyRound.FindFault(key, SingleKeyRound.ParametersOf(task), out SealPublicKey? _);
    }

    private RoundRejection? FindFault(SignedHolderKey offer, Roster roster)
    {
        if (offer.TaskId != task.TaskId || task.Encryption?.Holders.Contains(offer.Holder) != true)
            return new RoundRejection(ErrorCodes.UnknownHolder, "The offer is for another task, or its sender is no key holder of this task.");
        if (offer.Number <= LastNumberOf(offer.Holder))
            return new RoundRejection(ErrorCodes.StaleKey, $"Number {LastNumberOf(offer.Holder)} was offered already; later keys have greater numbers.");
        if (keys.Contains(Digest.Of(offer.Key.Span)))
            return new RoundRejection(ErrorCodes.StaleKey, "This key was offered before; a key serves one round.");
        if (AheadOf(offer.Holder) >= GreatestAhead)
            return new RoundRejection(ErrorCodes.TooManyKeys, $"{GreatestAhead} keys are waiting for their rounds; offer more when some have been taken.");
        if (FindFault(task, offer.Key.Span) is { } fault)
            return new RoundRejection(ErrorCodes.InvalidKey, $"The key cannot be used: {fault}.");
        return offer.Verify(roster)
            ? null
            : new RoundRejection(ErrorCodes.SignatureInvalid, "The offer is not signed by a key holder of the roster in force.");
    }
}
