using SecureFed.Protocol.Masking.Messages;
using SecureFed.Protocol.Messages;
using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Wire;

namespace SecureFed.Cli.Attack.Lies;

/// <summary>Lists of a round as the server would make them, out of messages that it has or claims to have.</summary>
internal static class Lists
{
    /// <summary>Greater than any genuine index of these short tasks, so that an invented entry is always later.</summary>
    public const ulong LaterIndex = 1000;

    /// <summary>Between two invented entries: leaves room for the receipts of what the client sends in between.</summary>
    public const ulong Step = 10;

    public static Digest CohortDigest(this Scene scene, Identifier round) => Digest.Of(scene.Published(round, "keys").Blob.Span);

    public static TaskEvent Event(Announcement list) =>
        LogEntry.TryDecode(list.Entry.Bytes.Span, out LogEntry? entry) ? entry!.Event : throw new InvalidOperationException("The genuine server signed no entry.");

    public static Identifier RoundOf(Announcement list) => ((TaskEvent.ListPublished)Event(list)).RoundId;

    public static SurvivorList Survivors(ReadOnlyMemory<byte> blob) =>
        SurvivorList.TryDecode(blob.Span, out SurvivorList? list) ? list! : throw new InvalidOperationException("The genuine server listed no survivors.");

    public static UnmaskRequest Request(ReadOnlyMemory<byte> blob) =>
        UnmaskRequest.TryDecode(blob.Span, out UnmaskRequest? request) ? request! : throw new InvalidOperationException("The genuine server requested nothing.");

    /// <summary>The uploads that have arrived, by cohort index.</summary>
    public static SurvivorUpload[] Uploads(this Scene scene, Identifier round) =>
    [
        .. scene.Consortium.Clients
            .Select((client, i) => (Message: scene.SentBy(round, "uploads", client.Id), Index: i))
            .Where(u => u.Message is not null)
            .Select(u => new SurvivorUpload(u.Index, ((Upload)u.Message!.Body).Statement.WordsDigest, u.Message.SignatureBytes)),
    ];

    /// <summary>The confirmations of one list that have arrived, and the accomplice's, which signs whatever it is asked to.</summary>
    public static QuorumSignature[] Confirmations(this Scene scene, Identifier round, Digest list, ulong index)
    {
        Party accomplice = scene.Consortium.Accomplice;
        List<QuorumSignature> found = [];
        for (int i = 0; i < scene.Plan.Clients; i++)
        {
            if (i == HostileConsortium.AccompliceIndex)
            {
                MessageHeader header = new(scene.TaskId, round, accomplice.Id, scene.CohortDigest(round));
                found.Add(new QuorumSignature(i, SignedMessage.Sign(header, new Confirmation(list, index), accomplice.Key).SignatureBytes));
            }
            else if (scene.SentBy(round, "confirmations", scene.Consortium.Clients[i].Id) is { Body: Confirmation confirmation } message && confirmation.SurvivorListDigest == list)
            {
                found.Add(new QuorumSignature(i, message.SignatureBytes));
            }
        }

        return [.. found];
    }
}
