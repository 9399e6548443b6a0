using System.Collections.Concurrent;
using SecureFed.Protocol.Identity;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Tasks;
using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Wire;

namespace SecureFed.Server.Tasks;

/// <summary>What the server knows of a task, folded from its log: the state, and where to find what clients ask for.</summary>
/// <remarks>May run ahead of what is durable; if an append fails, it is thrown away and folded again (<see cref="TaskHost"/>).</remarks>
internal sealed class TaskFold
{
    private readonly ConcurrentDictionary<Identifier, ServerRound> rounds = new();
    private readonly ConcurrentDictionary<(Identifier Round, EventType Kind), (ulong Index, Digest? List)> announced = new();
    private readonly ConcurrentDictionary<Digest, bool> models = new();

    private TaskFold(TaskState state)
    {
        State = state;
        models[state.ModelDigest] = true;
    }

    public TaskState State { get; }

    /// <summary>Folds the log's durable entries.</summary>
    /// <exception cref="InvalidOperationException">The log holds what no task can hold.</exception>
    public static TaskFold Of(TaskLog log, Roster roster, Func<Digest, Roster?> findRoster)
    {
        if (!LogEntry.TryDecode(log.EntryAt(0).Bytes.Span, out LogEntry? first))
            throw new InvalidOperationException("Entry 0 is of a version that this server does not know.");
        TaskFold fold = new(TaskState.Start(first!, roster, log, findRoster));
        fold.TakeNew(log);
        return fold;
    }

    /// <summary>Folds durable entries that others have appended.</summary>
    /// <returns>Whether there were any.</returns>
    public bool TakeNew(TaskLog log)
    {
        ulong before = State.EntryCount;
        for (ulong index = before; index < log.EntryCount; index++)
        {
            ReadOnlyMemory<byte> entry = log.EntryAt(index).Bytes;
            Apply(index, entry.Span, LogEntry.TryDecode(entry.Span, out LogEntry? decoded) ? decoded!.Event : throw new InvalidOperationException($"Entry {index} is of a version that this server does not know."));
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
                announced[(opened.Round.RoundId, change.Type)] = (index, null);
                break;
            case TaskEvent.ListPublished list:
                announced[(list.RoundId, change.Type)] = (index, list.ListDigest);
                foreach (ServerRound leaf in State.Round!.Leaves)
                    rounds.TryAdd(leaf.Parameters.RoundId, leaf);
                break;
            case TaskEvent.ModelPublished published:
                models[published.ModelDigest] = true;
                break;
        }
    }

    public ServerRound? FindRound(Identifier round) => rounds.GetValueOrDefault(round);

    /// <summary>The entry that announces the opening of a round or leaf, or a list of it, and the list's digest.</summary>
    public (ulong Index, Digest? List)? FindAnnounced(Identifier round, EventType kind) =>
        announced.TryGetValue((round, kind), out (ulong Index, Digest? List) found) ? found : null;

    public bool HasModel(Digest digest) => models.ContainsKey(digest);
}
