using SecureFed.Cryptography.Keys;
using SecureFed.Cryptography.Randomness;
using SecureFed.Privacy.Updates;
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

/// <summary>The real machines, fed with what a vector gives.</summary>
internal sealed class VectorParties
{
    public const string OnRoster = "roster";
    public const string OnOpening = "opening";
    public const string OnCohort = "cohort";
    public const string OnDealers = "dealers";
    public const string OnSurvivors = "survivors";
    public const string OnUnmaskRequest = "unmask-request";

    public VectorParties(GivenRound given)
    {
        Given = given;
        Authority = SigningKey.FromPrivateKey(given.AuthorityPrivateKey);
        ServerKey = SigningKey.FromPrivateKey(given.ServerPrivateKey);
        Assert.True(Roster.TryDecode(given.Roster, Authority.PublicKey.Span, out Roster? roster));
        Assert.True(TaskParameters.TryDecode(given.TaskParameters, out TaskParameters? task));
        Assert.Equal(given.TaskParameters, task!.Encode());
        Roster = roster!;
        Task = task;
        Policy = PolicyOf(given.Policy, Authority.PublicKey, ServerKey.PublicKey);
        Keys = [.. given.Clients.Select(c => SigningKey.FromPrivateKey(c.IdentityPrivateKey))];
        Opening = AnnouncementOf(OnOpening).Entry;
        Assert.True(LogEntry.TryDecode(Opening.Bytes.Span, out LogEntry? entry));
        Round = Assert.IsType<TaskEvent.RoundOpened>(entry!.Event).Round;
    }

    public GivenRound Given { get; }

    public SigningKey Authority { get; }

    public SigningKey ServerKey { get; }

    public Roster Roster { get; }

    public TaskParameters Task { get; }

    public ClientPolicy Policy { get; }

    public IReadOnlyList<SigningKey> Keys { get; }

    public SignedEntry Opening { get; }

    public RoundParameters Round { get; }

    public static ClientPolicy PolicyOf(GivenPolicy policy, ReadOnlyMemory<byte> authority, ReadOnlyMemory<byte> server) => new(
        authority,
        server,
        policy.SmallestCohort,
        policy.LeastSurvivors,
        policy.GreatestClientsPerOrganisation,
        ExactDecimal.From(policy.LeastGamma),
        ExactDecimal.From(policy.GreatestDeltaDrop),
        policy.AllowsCuriousServer,
        policy.RequiresNoise,
        policy.Protections,
        policy.Models,
        LeastDifference: policy.LeastDifference);

    public Identifier IdOf(int client) => new(Given.Clients[client].Id);

    public Announcement AnnouncementOf(string step)
    {
        byte[] bytes = step switch
        {
            OnOpening => Given.Announcements.Opening,
            OnCohort => Given.Announcements.Cohort,
            OnDealers => Given.Announcements.Dealers,
            OnSurvivors => Given.Announcements.Survivors,
            _ => Given.Announcements.UnmaskRequest,
        };
        Assert.True(Announcement.TryDecode(bytes, out Announcement? announcement));
        return announcement!;
    }

    public static byte[]? MessageOf(GivenMessages messages, MessageType type) => type switch
    {
        MessageType.Advertisement => messages.Advertisement,
        MessageType.ShareBundle => messages.ShareBundle,
        MessageType.Upload => messages.Upload,
        MessageType.Confirmation => messages.Confirmation,
        MessageType.UnmaskAnswer => messages.UnmaskAnswer,
        _ => null,
    };

    /// <summary>A signer that knows the recorded signatures of a client, and its key only if it may leave the recorded path.</summary>
    public ReplaySigner RecordedSigner(int client, bool canSignMore = false) => new(
        Keys[client].PublicKey,
        [.. Enum.GetValues<MessageType>().Select(t => MessageOf(Given.Clients[client].Messages, t)).Where(m => m is not null).Select(m => m![^P256.SignatureBytes..])],
        canSignMore ? Keys[client] : null);

    public ClientContext ContextOf(int client, ISigner signer) => new(IdOf(client), signer, Roster, Task, Policy);

    /// <summary>A server that received the recorded messages in the recorded order until its log had that many entries.</summary>
    public SimulatedServer ServerAfter(int entries)
    {
        SimulatedServer server = new(Task, Roster, ServerKey, new ReplaySource(Given.RandomForRound));
        server.OpenRound();
        while (server.Entries.Count < entries)
        {
            GivenEntry next = Given.Log[server.Entries.Count];
            if (next.Client is int client)
                Assert.Equal(SimulatedServer.Accepted, server.Receive(MessageOf(Given.Clients[client].Messages, next.Message!.Value)));
            else
                server.Advance(next.Advance!.Value);
        }

        return server;
    }

    /// <summary>A client that went through the recorded steps before <paramref name="step"/>; what it would send goes to <paramref name="sent"/>.</summary>
    public MaskingClient ClientBefore(string step, int client, ISigner signer, Action<MessageType, ReadOnlyMemory<byte>> sent)
    {
        GivenClient given = Given.Clients[client];
        ReplaySource drawn = new(given.RandomForAdvertisement!);
        (MaskingClient? masking, _) = MaskingClient.Begin(ContextOf(client, signer), Opening, 0, drawn);
        Assert.True(drawn.IsSpent);
        sent(MessageType.Advertisement, masking!.Advertisement);
        foreach ((string name, MessageType type) in Steps)
        {
            if (string.Equals(name, step, StringComparison.Ordinal))
                break;
            ClientStep taken = Take(masking, name, client, AnnouncementOf(name), SurvivorHistory.Empty);
            Assert.Null(taken.Refusal);
            sent(type, taken.Message!.Value);
        }

        return masking;
    }

    public static IReadOnlyList<(string Name, MessageType Type)> Steps { get; } =
    [
        (OnCohort, MessageType.ShareBundle),
        (OnDealers, MessageType.Upload),
        (OnSurvivors, MessageType.Confirmation),
        (OnUnmaskRequest, MessageType.UnmaskAnswer),
    ];

    public ClientStep Take(MaskingClient masking, string step, int client, Announcement announcement, SurvivorHistory history)
    {
        switch (step)
        {
            case OnCohort:
                ReplaySource drawn = new(Given.Clients[client].RandomForShares!);
                ClientStep shares = masking.OnCohort(announcement, drawn);
                Assert.True(drawn.IsSpent || shares.Refusal is not null);
                return shares;
            case OnDealers:
                return masking.OnDealers(announcement, InboxOf(client), UpdateOf(client));
            case OnSurvivors:
                return masking.OnSurvivors(announcement, history);
            default:
                return masking.OnUnmaskRequest(announcement);
        }
    }

    /// <summary>The sealed shares that the server hands to a client, from the recorded bundles of the listed dealers.</summary>
    public IReadOnlyList<(int Dealer, ReadOnlyMemory<byte> Box)> InboxOf(int client)
    {
        int listed = Array.FindIndex(Given.Log, e => e.Type == EventType.DealersListed);
        return ServerAfter(listed + 1).Round.InboxOf(IdOf(client));
    }

    /// <summary>The recorded values through the real pipeline, with the recorded randomness of the rounding.</summary>
    public NoisedUpdate UpdateOf(int client)
    {
        GivenClient given = Given.Clients[client];
        NoisedUpdate update = Prepare(Round.Layout, given.Values, new ReplaySource(given.RandomForRounding), out int[] integers);
        Assert.Equal(given.Integers, integers);
        return update;
    }

    public static NoisedUpdate Prepare(UpdateLayout layout, double[] values, IRandomSource random, out int[] integers)
    {
        QuantizedUpdate quantized = new Quantizer(random).Quantize(Clipper.Clip(ModelUpdate.Create(layout, values)));
        integers = quantized.Values.ToArray();
        return NoNoise.Instance.Add(quantized);
    }
}
