using System.Collections.Concurrent;
using SecureFed.Cli.Attack.Serving;
using SecureFed.Cryptography.Keys;
using SecureFed.Cryptography.Randomness;
using SecureFed.Protocol.Masking;
using SecureFed.Protocol.Messages;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Transparency.Log;
using SecureFed.Protocol.Wire;

namespace SecureFed.Cli.Attack;

/// <summary>One deviation being tried: the task, its clients, the lies, and everything that the server hears.</summary>
internal sealed class Scene
{
    private readonly List<Lie> lies = [];
    private readonly ConcurrentDictionary<(Identifier Round, string Part, Identifier Sender), byte[]> sent = new();
    private readonly ConcurrentDictionary<(Identifier Round, string Part), byte[]> published = new();
    private readonly ConcurrentDictionary<int, Identifier> rounds = new();
    private int victimMessages;
    private int messagesAtLastLie = -1;

    public Scene(HostileServer server)
    {
        Server = server;
        Logs = new ShadowLogs(server.Consortium.Server, TaskId);
        PeerKeyCache peerKeys = new(8 * server.Consortium.Clients.Count);
        CohortMemory cohorts = new();
        Participants = [.. server.Consortium.Clients.Select((_, i) => i == HostileConsortium.VictimIndex
            ? new Participant(i)
            : new Participant(i) { PeerKeys = peerKeys, Cohorts = cohorts })];
    }

    public HostileServer Server { get; }

    public HostileConsortium Consortium => Server.Consortium;

    /// <summary>What each client is shown of the task's log.</summary>
    public ShadowLogs Logs { get; }

    public ShadowLog VictimLog => Logs.Of(VictimId);

    /// <summary>Whether the victim has kept two checkpoints that the server signed and that differ.</summary>
    public bool HasEvidence
    {
        get
        {
            TlogPolicy policy = Consortium.Policy.LogPolicy(Logs.Origin);
            return Victim.Log.Evidence.Any(evidence =>
                policy.Open(evidence.Held.Span, out SignedCheckpoint? held) is null
                && policy.Open(evidence.Offered.Span, out SignedCheckpoint? offered) is null
                && held!.Checkpoint != offered!.Checkpoint);
        }
    }

    public TaskPlan Plan { get; set; } = new();

    /// <summary>Watches a victim that runs elsewhere; null where the harness runs it itself.</summary>
    public VictimWatch? Watch { get; init; }

    public Identifier TaskId { get; } = Identifier.Random(OperatingSystemRandomSource.Instance);

    public IReadOnlyList<Participant> Participants { get; }

    /// <summary>Clients whose part the server plays itself.</summary>
    public IReadOnlyList<int> Absent { get; set; } = [];

    public Participant Victim => Participants[HostileConsortium.VictimIndex];

    public Identifier VictimId => Consortium.Victim.Id;

    /// <summary>Whether the decisive lie has reached the victim.</summary>
    public bool WasTold => Volatile.Read(ref messagesAtLastLie) >= 0;

    /// <summary>Messages of the victim that arrived after the last decisive lie was told.</summary>
    public int MessagesAfterLie => WasTold ? Volatile.Read(ref victimMessages) - Volatile.Read(ref messagesAtLastLie) : 0;

    /// <summary>Whether there is a lie that the victim should have heard but has not: then its refusal proves nothing.</summary>
    public bool IsUntold => lies.Exists(l => l.IsDecisive) && !WasTold;

    public void Add(Lie lie) => lies.Add(lie);

    public bool Concerns(Exchange exchange) => exchange.Task is { } task ? task == TaskId : exchange.Client == VictimId;

    /// <summary>Answers one request: by the first lie that fits, else genuinely.</summary>
    public async Task<Reply> ReplyAsync(Exchange exchange, byte[] body, Func<Task<Reply>> askGenuine, CancellationToken cancellationToken)
    {
        if (exchange.IsSend)
            Record(exchange, body);
        bool isVictim = exchange.Client == VictimId;
        VictimWatch? watch = isVictim ? Watch : null;
        using IDisposable? request = watch?.Begin(exchange);
        Reply? asked = null;
        foreach (Lie lie in lies)
        {
            if (lie.IsSend != exchange.IsSend || !string.Equals(lie.Part, exchange.Part, StringComparison.Ordinal) || !lie.Audience(exchange.Client))
                continue;
            if (await lie.Tell(new Telling(exchange, body, AskAsync, cancellationToken)) is not { } reply)
                continue;
            if (isVictim && lie.IsDecisive)
                Volatile.Write(ref messagesAtLastLie, Volatile.Read(ref victimMessages));
            if (lie.IsDecisive)
                watch?.Tell(lie, exchange, lies.Count(l => l.IsDecisive && l.Audience(VictimId)));
            return Logs.Prove(exchange, reply);
        }

        Reply truth = await AskAsync();
        watch?.TellTruth(exchange);
        return Logs.Prove(exchange, truth);

        // Asked once: the real server takes each signed request once.
        async Task<Reply> AskAsync()
        {
            if (asked is not null)
                return asked;
            Reply genuine = asked = Logs.Answer(exchange) ?? FindPublished(exchange) ?? ShadowLogs.Strip(exchange, await askGenuine());
            if (!exchange.IsSend && genuine.IsOk)
                Publish(exchange, genuine.Body);
            return genuine;
        }
    }

    /// <summary>The round with that number, once somebody has fetched its opening.</summary>
    public Identifier RoundOf(int number) => rounds[number];

    public bool HasRound(int number) => rounds.ContainsKey(number);

    public bool IsRound(Identifier? round, int number) => round is { } id && rounds.TryGetValue(number, out Identifier known) && known == id;

    public Announcement Published(Identifier round, string part) => AnnouncementOf(published[(round, part)]);

    public bool IsPublished(Identifier round, string part) => published.ContainsKey((round, part));

    public RoundParameters Round(Identifier round) => OpeningOf(Published(round, "opening"));

    /// <summary>What a client sent in a step; null if nothing yet.</summary>
    public SignedMessage? SentBy(Identifier round, string part, Identifier sender) =>
        sent.TryGetValue((round, part, sender), out byte[]? bytes) && SignedMessage.TryDecode(bytes, out SignedMessage? message) is null ? message : null;

    /// <summary>All messages of a step in order of sender.</summary>
    public SignedMessage[] Sent(Identifier round, string part) =>
        [.. Consortium.Clients.Select(c => SentBy(round, part, c.Id)).OfType<SignedMessage>()];

    /// <summary>An entry under the server's genuine key, unless another is given.</summary>
    public SignedEntry Entry(TaskEvent change, ulong index, ISigner? key = null) =>
        SignedEntry.Sign(TaskId, index, new LogEntry(TaskId, change).Encode(), key ?? Consortium.Server.Key);

    /// <summary>A list with an entry that names it.</summary>
    public Announcement Announce(EventType kind, Identifier round, byte[] blob, ulong index) =>
        new(Entry(new TaskEvent.ListPublished(kind, round, Digest.Of(blob), 1), index), blob);

    /// <summary>A receipt that records this message of a client, as the genuine server would give it, at an index that the client was shown nothing at.</summary>
    public byte[] Receipt(Identifier client, Identifier round, EventType kind, byte[] message) => CanonicalWriter.Write(
        Entry(new TaskEvent.MessageAccepted(kind, round, TaskId, DigestOf(message)), Logs.Of(client).NextFree).Write);

    /// <summary>What names a message in the log.</summary>
    public static Digest DigestOf(byte[] message) =>
        SignedMessage.TryDecode(message, out SignedMessage? decoded) is null ? decoded!.Digest : throw new InvalidOperationException("A client sent a malformed message.");

    public static Announcement AnnouncementOf(byte[] bytes) =>
        Announcement.TryDecode(bytes, out Announcement? announcement) ? announcement! : throw new InvalidOperationException("The genuine server sent no announcement.");

    public static RoundParameters OpeningOf(Announcement opening) =>
        LogEntry.TryDecode(opening.Entry.Bytes.Span, out LogEntry? entry) && entry!.Event is TaskEvent.RoundOpened opened
            ? opened.Round
            : throw new InvalidOperationException("The genuine server sent no opening.");

    /// <summary>What was announced stays as it is, and the genuine server has no proof for a reader that knows a larger log than its own.</summary>
    private Reply? FindPublished(Exchange exchange) =>
        !exchange.IsSend && exchange.Round is { } round && published.TryGetValue((round, exchange.Part), out byte[]? body) ? Reply.Ok(body) : null;

    private void Record(Exchange exchange, byte[] body)
    {
        sent[(exchange.Round!.Value, exchange.Part, exchange.Client)] = body;
        if (exchange.Client == VictimId)
            Interlocked.Increment(ref victimMessages);
    }

    private void Publish(Exchange exchange, byte[] body)
    {
        if (exchange.Round is not { } round || exchange.Part is not ("opening" or "keys" or "survivors" or "unmask-request"))
            return;
        published[(round, exchange.Part)] = body;
        if (string.Equals(exchange.Part, "opening", StringComparison.Ordinal))
            rounds[OpeningOf(AnnouncementOf(body)).Number] = round;
    }
}
