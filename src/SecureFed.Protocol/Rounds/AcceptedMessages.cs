using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Rounds;

/// <summary>One accepted message in the fold.</summary>
/// <param name="Index">Its entry's log index.</param>
/// <param name="Digest">SHA-256 of its record, which is a blob.</param>
internal readonly record struct AcceptedMessage(ulong Index, Digest Digest);

/// <summary>Who has sent what in a round: at most one message of each kind per client.</summary>
internal sealed class AcceptedMessages
{
    private readonly Dictionary<EventType, SortedDictionary<Identifier, AcceptedMessage>> byKind = [];

    public IReadOnlyDictionary<Identifier, AcceptedMessage> Of(EventType kind) =>
        byKind.TryGetValue(kind, out SortedDictionary<Identifier, AcceptedMessage>? messages) ? messages : EmptyMessages;

    public void Add(EventType kind, Identifier sender, AcceptedMessage message)
    {
        if (!byKind.TryGetValue(kind, out SortedDictionary<Identifier, AcceptedMessage>? messages))
            byKind[kind] = messages = [];
        messages.Add(sender, message);
    }

    private static readonly SortedDictionary<Identifier, AcceptedMessage> EmptyMessages = [];
}
