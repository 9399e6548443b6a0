using System.Security.Cryptography;
using System.Text;
using SecureFed.Cryptography.Keys;
using SecureFed.Cryptography.Randomness;
using SecureFed.Privacy.Updates;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Identity;
using SecureFed.Protocol.Messages;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Tasks;
using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Tests.Simulation;

/// <summary>The server's shell without its input and output: decide, store blobs, append the signed entry, apply.</summary>
internal sealed class SimulatedServer
{
    public const string Accepted = "accepted";
    public const string Repeated = "repeated";

    private readonly Roster roster;
    private readonly IRandomSource random;

    public SimulatedServer(TaskParameters task, Roster roster, SigningKey key, IRandomSource random)
    {
        this.roster = roster;
        this.random = random;
        Key = key;
        PendingEvent created = TaskState.Create(task, roster, ModelState.Initial(task.Model) with { ClipNorm = task.Training.AdaptiveClip is null ? 0 : task.Training.ClipNorm });
        foreach (ReadOnlyMemory<byte> blob in created.Blobs)
            Blobs.Put(blob);
        byte[] entry = new LogEntry(task.TaskId, created.Event).Encode();
        Entries.Add(SignedEntry.Sign(task.TaskId, 0, entry, key));
        State = Fold(1);
    }

    public SigningKey Key { get; }

    public MemoryBlobs Blobs { get; } = new();

    public List<SignedEntry> Entries { get; } = [];

    public TaskState State { get; private set; }

    public ServerRound Round => State.Round!;

    public void Append(PendingEvent pending)
    {
        foreach (ReadOnlyMemory<byte> blob in pending.AllBlobs)
            Blobs.Put(blob);
        byte[] entry = new LogEntry(State.Parameters.TaskId, pending.Event).Encode();
        ulong index = State.EntryCount;
        Entries.Add(SignedEntry.Sign(State.Parameters.TaskId, index, entry, Key));
        State.Apply(index, entry);
    }

    /// <summary>What the server would answer; changes nothing.</summary>
    public string Decide(ReadOnlyMemory<byte> bytes) => Decide(bytes, out _);

    /// <summary>Accepts a message as the shell does.</summary>
    /// <returns><see cref="Accepted"/>, <see cref="Repeated"/> or an error code.</returns>
    public string Receive(ReadOnlyMemory<byte> bytes)
    {
        string answer = Decide(bytes, out PendingEvent? accepted);
        if (accepted is not null)
            Append(accepted);
        return answer;
    }

    /// <summary>Moves the round on as far as it goes without a message.</summary>
    public void Advance(Patience patience)
    {
        if (!State.HasOpenRound || Round.Advance(patience) is not { } pending)
            return;
        Append(pending);
        Advance(Patience.Waiting); // A deadline is over once; the next phase starts to wait anew.
    }

    public void OpenRound()
    {
        if (State.AwaitsModel)
            Append(State.Publish(ModelState.Initial(State.Parameters.Model) with { CompletedTrainRounds = State.CompletedRounds + 1 }));
        Append(State.Next(random)!);
    }

    public SignedEntry Opening => Entries[(int)Round.OpenIndex];

    public Announcement? AnnouncementOf(EventType kind, ServerRound? leaf = null) => (leaf ?? Round).Lists.TryGetValue(kind, out (ulong Index, Digest ListDigest) list)
        ? new Announcement(Entries[(int)list.Index], Blobs.Get(list.ListDigest))
        : null;

    /// <summary>The decoded sum of the last round.</summary>
    public int[] Sum()
    {
        UpdateLayout layout = Round.Parameters.Layout;
        uint[] words = new uint[layout.Dimension];
        Assert.True(RingVector.TryDecode(Blobs.Get(Round.AggregateDigest!.Value).Span, words));
        return SumDecoder.ToIntegers(layout, words);
    }

    /// <summary>A server that knows nothing but the first entries of the log and the blobs.</summary>
    public TaskState Fold(int entries)
    {
        Assert.True(LogEntry.TryDecode(Entries[0].Bytes.Span, out LogEntry? first));
        TaskState state = TaskState.Start(first!, roster, Blobs);
        for (int i = 1; i < entries; i++)
            state.Apply((ulong)i, Entries[i].Bytes.Span);
        return state;
    }

    public void Restart() => State = Fold(Entries.Count);

    /// <summary>Stands where the log stood after that many entries.</summary>
    public void Rewind(int entries)
    {
        State = Fold(entries);
        Entries.RemoveRange(entries, Entries.Count - entries);
    }

    /// <summary>Everything about the state that a peer or an operator can see, and what the state would decide next.</summary>
    public static string Observe(TaskState state, Roster roster)
    {
        StringBuilder view = new();
        view.Append(state.EntryCount).Append(state.CompletedRounds).Append(state.IsFinished).Append(state.FinishReason).Append(state.ModelDigest)
            .Append(state.AwaitsModel).Append(state.HasOpenRound).AppendJoin(';', state.Rounds);
        if (state.Round is { } round)
        {
            view.Append(round.Phase).Append(round.OpenDigest).Append(round.OpenIndex).Append(round.AbortReason).Append(round.CohortSize)
                .Append(round.SurvivorCount).Append(round.AggregateDigest).Append(round.MaskTotalDigest).AppendJoin(';', round.Suspects).AppendJoin(';', round.Lists.OrderBy(l => l.Key));
            foreach (EventType kind in Enum.GetValues<EventType>())
            {
                view.Append(kind).Append(round.CountOf(kind));
                foreach (RosterEntry entry in roster.Entries)
                    view.Append(round.IndexOf(kind, entry.Id)).Append(',');
            }

            foreach (RosterEntry entry in roster.Entries)
            {
                foreach ((int dealer, ReadOnlyMemory<byte> box) in round.InboxOf(entry.Id))
                    view.Append(dealer).Append(Convert.ToHexString(box.Span));
            }

            foreach (Patience patience in Enum.GetValues<Patience>())
                view.Append(round.Advance(patience) is { } next ? Convert.ToHexString(new LogEntry(state.Parameters.TaskId, next.Event).Encode()) : "-");
        }

        return Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(view.ToString())));
    }

    public string Observe() => Observe(State, roster);

    private string Decide(ReadOnlyMemory<byte> bytes, out PendingEvent? accepted)
    {
        accepted = null;
        if (SignedMessage.TryAuthenticate(bytes, State.Round?.Roster ?? State.Roster, out SignedMessage? message) is { } unauthentic)
            return unauthentic.Code;
        if (State.Round is null)
            return ErrorCodes.UnknownRound;
        ServerRound addressed = Round.Leaves.FirstOrDefault(l => l.Parameters.RoundId == message!.Header.RoundId) ?? Round;
        MessageDecision decision = addressed.Handle(message!);
        accepted = decision.Accepted;
        return decision switch
        {
            { Accepted: not null } => Accepted,
            { RepeatedIndex: not null } => Repeated,
            _ => decision.Rejection!.Code,
        };
    }
}
