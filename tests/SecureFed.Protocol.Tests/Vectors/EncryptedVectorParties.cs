using SecureFed.Cryptography.Keys;
using SecureFed.Cryptography.Randomness;
using SecureFed.Protocol.Encryption;
using SecureFed.Protocol.Encryption.Messages;
using SecureFed.Protocol.Identity;
using SecureFed.Protocol.Masking;
using SecureFed.Protocol.Messages;
using SecureFed.Protocol.Policy;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Tasks;
using SecureFed.Protocol.Tests.Simulation;
using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Tests.Vectors;

/// <summary>The real machines of an encrypted round, fed with what the vector gives.</summary>
internal sealed class EncryptedVectorParties
{
    public const string OnOpening = "opening";
    public const string OnFixedUploads = "fixed-uploads";
    public const string OnSurvivors = "survivors";
    public const string OnUnmaskRequest = "unmask-request";

    private readonly Dictionary<int, SignedMessage> uploads = [];

    public EncryptedVectorParties(GivenEncryptedRound given)
    {
        Given = given;
        Authority = SigningKey.FromPrivateKey(given.AuthorityPrivateKey);
        ServerKey = SigningKey.FromPrivateKey(given.ServerPrivateKey);
        Assert.True(Roster.TryDecode(given.Roster, Authority.PublicKey.Span, out Roster? roster));
        Assert.True(TaskParameters.TryDecode(given.TaskParameters, out TaskParameters? task));
        Assert.Equal(given.TaskParameters, task!.Encode());
        Roster = roster!;
        Task = task;
        Policy = PolicyOf(given.Policy, given.HolderPolicy, Authority.PublicKey, ServerKey.PublicKey);
        Opening = AnnouncementOf(OnOpening);
        Assert.True(LogEntry.TryDecode(Opening.Entry.Bytes.Span, out LogEntry? entry));
        Round = Assert.IsType<TaskEvent.RoundOpened>(entry!.Event).Round;
        OpenDigest = SecureFed.Protocol.Rounds.OpenDigest.Of(Opening.Entry.Bytes.Span, Opening.Entry.Index);
    }

    public GivenEncryptedRound Given { get; }

    public SigningKey Authority { get; }

    public SigningKey ServerKey { get; }

    public Roster Roster { get; }

    public TaskParameters Task { get; }

    public ClientPolicy Policy { get; }

    public Announcement Opening { get; }

    public RoundParameters Round { get; }

    public Digest OpenDigest { get; }

    public static ClientPolicy PolicyOf(GivenPolicy policy, GivenHolderPolicy holders, ReadOnlyMemory<byte> authority, ReadOnlyMemory<byte> server) => VectorParties.PolicyOf(policy, authority, server) with
    {
        KeyHolders = [.. holders.KeyHolders.Select(h => new Identifier(h))],
        LeastHolderThreshold = holders.LeastHolderThreshold,
        LeastCorruptHolders = holders.LeastCorruptHolders,
    };

    public Announcement AnnouncementOf(string step)
    {
        byte[] bytes = step switch
        {
            OnOpening => Given.Announcements.Opening,
            OnFixedUploads => Given.Announcements.FixedUploads,
            OnSurvivors => Given.Announcements.Survivors,
            _ => Given.Announcements.UnmaskRequest,
        };
        Assert.True(Announcement.TryDecode(bytes, out Announcement? announcement));
        return announcement!;
    }

    public UploadList ListOf(string step)
    {
        Assert.True(UploadList.TryDecode(AnnouncementOf(step).Blob.Span, out UploadList? list));
        return list!;
    }

    public Identifier ClientId(int client) => new(Given.Clients[client].Id);

    public Identifier HolderId(int holder) => new(Given.Holders[holder].Id);

    public static byte[]? MessageOf(GivenHolder holder, MessageType type) => type switch
    {
        MessageType.ShareCheckAnswer => holder.CheckAnswer,
        MessageType.ListSignature => holder.ListSignature,
        _ => holder.KeySum,
    };

    public ClientContext ContextOf(int client, GivenHolderPolicy? policy = null)
    {
        using SigningKey key = SigningKey.FromPrivateKey(Given.Clients[client].IdentityPrivateKey);
        byte[]? upload = Given.Clients[client].Upload;
        ReplaySigner signer = new(key.PublicKey, upload is null ? [] : [upload[^P256.SignatureBytes..]]);
        return new ClientContext(ClientId(client), signer, Roster, Task, PolicyWith(policy));
    }

    /// <summary>What the client sends, computed anew from what it drew; the signature is the recorded one.</summary>
    public SignedMessage UploadOf(int client)
    {
        if (uploads.TryGetValue(client, out SignedMessage? known))
            return known;
        GivenEncryptedClient given = Given.Clients[client];
        (EncryptionClient? role, _) = EncryptionClient.Begin(ContextOf(client), Opening, 0, Seeded.Source("part"));
        ReplaySource rounding = new(given.RandomForRounding!);
        ClientStep step = role!.Encrypt(VectorParties.Prepare(Round.Layout, given.Values!, rounding, out int[] integers), new KeyedRandomSource(given.RandomForUpload));
        Assert.True(rounding.IsSpent);
        Assert.Equal(given.Integers, integers);
        Assert.Null(step.Refusal);
        Assert.Null(SignedMessage.TryAuthenticate(step.Message!.Value, Roster, out SignedMessage? message));
        uploads.Add(client, message!);
        return message!;
    }

    public IReadOnlyList<HolderDelivery> DeliveriesTo(int holder, UploadList list) =>
        [.. list.Uploads.Select(u => UploadOf(Array.FindIndex(Given.Clients, c => new Identifier(c.Id) == u.Client)))
            .Select(m => new HolderDelivery(m.Record, ((EncryptedUpload)m.Body).Boxes[Round.Encryption!.Table.PlaceOf(HolderId(holder))]))];

    /// <summary>A holder with the recorded offers that went through the recorded steps before <paramref name="step"/>; what it sent goes to <paramref name="sent"/>.</summary>
    public KeyHolder HolderBefore(string step, int holder, Action<MessageType, ReadOnlyMemory<byte>> sent, GivenHolderPolicy? policy = null)
    {
        GivenHolder given = Given.Holders[holder];
        using SigningKey key = SigningKey.FromPrivateKey(given.IdentityPrivateKey);
        byte[]?[] signed = [.. given.Offers.Select(o => o.Offer), given.CheckAnswer, given.ListSignature, given.KeySum];
        ReplaySigner signer = new(key.PublicKey, [.. signed.Where(m => m is not null).Select(m => m![^P256.SignatureBytes..])]);
        KeyHolder role = KeyHolder.Create(new HolderContext(HolderId(holder), signer, Roster, Task, PolicyWith(policy)));
        foreach (GivenOffer offer in given.Offers)
            Assert.Equal(offer.Offer, role.Offer(new ReplaySource(offer.PrivateKey)).ToArray());
        foreach (string name in (ReadOnlySpan<string>)[OnOpening, OnFixedUploads, OnSurvivors, OnUnmaskRequest])
        {
            MessageType? type = TypeOf(name);
            if (string.Equals(name, step, StringComparison.Ordinal) || (type is not null && MessageOf(given, type.Value) is null))
                break;
            (HolderStep taken, _) = Take(role, name, holder, AnnouncementOf(name));
            Assert.Null(taken.Refusal);
            if (type is not null)
                sent(type.Value, taken.Message!.Value);
        }

        return role;
    }

    /// <summary>One step of a holder; the opening has no message.</summary>
    public (HolderStep Step, MessageType? Type) Take(KeyHolder role, string step, int holder, Announcement announcement)
    {
        UploadList fixedList = ListOf(OnFixedUploads);
        return (step switch
        {
            OnOpening => new HolderStep(null, role.OnOpening(announcement)),
            OnFixedUploads => role.OnFixedUploads(announcement, DeliveriesTo(holder, fixedList)),
            OnSurvivors => role.OnSurvivors(announcement),
            _ => role.OnSumRequest(announcement, DeliveriesTo(holder, ListOf(OnSurvivors))),
        }, TypeOf(step));
    }

    /// <summary>A server that received what is recorded, in the recorded order, until its log had that many entries.</summary>
    public SimulatedServer ServerAfter(int entries)
    {
        ReplaySource random = new(Given.RandomForRound);
        SimulatedServer server = new(Task, Roster, ServerKey, random);
        while (server.Entries.Count < entries)
        {
            GivenEncryptedEntry next = Given.Log[server.Entries.Count];
            if (next.Offer is int number)
                server.Append(server.State.OfferHolderKey(Given.Holders[next.Holder!.Value].Offers[number - 1].Offer).Accepted!);
            else if (next.Type == EventType.RoundOpened)
                server.Append(server.State.Next(random, [.. Given.Clients.Select(c => new Identifier(c.Id))])!);
            else if (next.Client is int client)
                Assert.Equal(SimulatedServer.Accepted, server.Receive(UploadOf(client).Bytes));
            else if (next.Holder is int holder)
                Assert.Equal(SimulatedServer.Accepted, server.Receive(MessageOf(Given.Holders[holder], next.Message!.Value)));
            else
                server.Advance(next.Advance!.Value);
        }

        return server;
    }

    private ClientPolicy PolicyWith(GivenHolderPolicy? policy) =>
        policy is null ? Policy : PolicyOf(Given.Policy, policy, Authority.PublicKey, ServerKey.PublicKey);

    private static MessageType? TypeOf(string step) => step switch
    {
        OnOpening => null,
        OnFixedUploads => MessageType.ShareCheckAnswer,
        OnSurvivors => MessageType.ListSignature,
        _ => MessageType.KeySumAnswer,
    };
}
