using System.Collections.Concurrent;
using SecureFed.Protocol.Identity;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Tasks;
using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Wire;

namespace SecureFed.Server.Tasks;

/// <summary>What the server knows of a task, folded from its log: the state, and where to find what clients ask for.</summary>
/// <remarks>
/// May run ahead of what is durable; if an append fails, it is thrown away and folded again from the opening of the last durable round (<see cref="TaskHost"/>): what
/// it costs to go back follows from the length of a round and not from that of the log.
/// </remarks>
internal sealed class TaskFold
{
    private readonly ConcurrentDictionary<Identifier, ServerRound> rounds = new();
    private readonly ConcurrentDictionary<(Identifier Round, EventType Kind), Announced> announced = new();
    private readonly ConcurrentDictionary<Digest, ulong> models = new(); // And the entry that published it first.
    private TaskState? restingPlace;

    private TaskFold(TaskState state) => State = state;

    public TaskState State { get; }

    /// <summary>Folds the log's durable entries.</summary>
    /// <exception cref="InvalidOperationException">The log holds what no task can hold.</exception>
    public static TaskFold Of(TaskLog log, Roster roster, Func<Digest, Roster?> findRoster)
    {
        if (!LogEntry.TryDecode(log.EntryAt(0).Bytes.Span, out LogEntry? first))
            throw new InvalidOperationException("Entry 0 is of a version that this server does not know.");
        TaskFold fold = new(TaskState.Start(first!, roster, log, findRoster));
        fold.models[fold.State.ModelDigest] = 0;
        fold.TakeNew(log);
        return fold;
    }

    /// <summary>The fold of what is durable, when this one has run ahead of entries that are not.</summary>
    public TaskFold Again(TaskLog log, Roster roster, Func<Digest, Roster?> findRoster)
    {
        if (restingPlace is not { } place)
            return Of(log, roster, findRoster);
        TaskFold again = new(place.Copy()) { restingPlace = place };
        foreach ((Identifier id, ServerRound round) in rounds.Where(r => r.Value.OpenIndex < place.EntryCount)) // Those are over and do not move any more.
            again.rounds[id] = round;
        foreach (((Identifier Round, EventType Kind) key, Announced found) in announced.Where(a => a.Value.Index < place.EntryCount))
            again.announced[key] = found;
        foreach ((Digest model, ulong index) in models.Where(m => m.Value < place.EntryCount))
            again.models[model] = index;
        again.TakeNew(log);
        return again;
    }

    /// <summary>Every entry folded so far is durable, and a round is about to be opened: from here <see cref="Again"/> begins.</summary>
    public void Rest() => restingPlace = State.Copy();

    /// <summary>Folds durable entries that others have appended; all that was folded before is durable too.</summary>
    /// <returns>Whether there were any.</returns>
    public bool TakeNew(TaskLog log)
    {
        ulong before = State.EntryCount;
        ulong end = log.EntryCount;
        ulong? lastOpening = FindLastOpening(log, before, end);
        for (ulong index = before; index < end; index++)
        {
            if (index == lastOpening)
                Rest();
            ReadOnlyMemory<byte> entry = log.EntryAt(index).Bytes;
            Apply(index, entry.Span, EventOf(index, entry.Span));
        }

        return State.EntryCount > before;
    }

    public void Apply(ulong index, ReadOnlySpan<byte> entry, TaskEvent change)
    {
        State.Apply(index, entry);
        switch (change)
        {
            case TaskEvent.RoundOpened opened:
                rounds[opened.Round.RoundId] = State.Round!;
                announced[(opened.Round.RoundId, change.Type)] = new Announced(index, Digest.Of(entry), opened.Round.Encryption?.InvitedDigest);
                break;
            case TaskEvent.ListPublished list:
                announced[(list.RoundId, change.Type)] = new Announced(index, Digest.Of(entry), list.ListDigest);
                foreach (ServerRound leaf in State.Round!.Leaves)
                    rounds.TryAdd(leaf.Parameters.RoundId, leaf);
                break;
            case TaskEvent.ModelPublished published:
                models.TryAdd(published.ModelDigest, index);
                break;
        }
    }

    public ServerRound? FindRound(Identifier round) => rounds.GetValueOrDefault(round);

    /// <summary>The entry that announces the opening of a round or leaf, or a list of it.</summary>
    public Announced? FindAnnounced(Identifier round, EventType kind) => announced.TryGetValue((round, kind), out Announced found) ? found : null;

    public bool HasModel(Digest digest) => models.ContainsKey(digest);

    /// <summary>Only the last one is of use, and a copy of the state at each would cost the square of the number of rounds.</summary>
    private static ulong? FindLastOpening(TaskLog log, ulong from, ulong end)
    {
        for (ulong index = end; index-- > from;)
        {
            if (EventOf(index, log.EntryAt(index).Bytes.Span) is TaskEvent.RoundOpened)
                return index;
        }

        return null;
    }

    private static TaskEvent EventOf(ulong index, ReadOnlySpan<byte> entry) =>
        LogEntry.TryDecode(entry, out LogEntry? decoded) ? decoded!.Event : throw new InvalidOperationException($"Entry {index} is of a version that this server does not know.");

    /// <param name="Index">Of the entry, if its append succeeds.</param>
    /// <param name="Entry">Digest of the entry: another replica's may have taken its place.</param>
    /// <param name="List">Digest of the list, or of the invitation of an encrypted round.</param>
    internal readonly record struct Announced(ulong Index, Digest Entry, Digest? List);
}
