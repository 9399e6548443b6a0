using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Tasks;
using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Wire;

namespace SecureFed.Server.Tasks;

/// <summary>How long the phase of a round, or of each of its leaves, has lasted and how long nothing has come: the server's patience.</summary>
internal sealed class PhaseClocks(PhaseDeadlines deadlines, TimeProvider time)
{
    private readonly Dictionary<Identifier, PhaseClock> clocks = [];

    private TimeSpan Grace => TimeSpan.FromMilliseconds(deadlines.GraceMilliseconds);

    /// <summary>The phases in progress begin now, for nobody knows how long they have lasted.</summary>
    /// <param name="round">Null if none is open.</param>
    public void Restart(ServerRound? round)
    {
        clocks.Clear();
        if (round is null)
            return;
        Start(round);
        StartLeaves(round);
    }

    /// <summary>A list starts the next phase of its round or leaf, and the first phase of every leaf that the cohort was just cut into.</summary>
    public void Begin(TaskEvent change, TaskFold fold)
    {
        if (change is TaskEvent.RoundOpened)
            Restart(fold.State.Round!);
        else if (change is TaskEvent.ListPublished list)
            Start(fold.FindRound(list.RoundId)!);
        if (change is TaskEvent.ListPublished { Kind: EventType.CohortPublished })
            StartLeaves(fold.State.Round!);
    }

    /// <summary>A message of the round or leaf was accepted.</summary>
    public void Arrived(ServerRound round) => ClockOf(round).LastArrival = time.GetTimestamp();

    public Patience PatienceWith(ServerRound round)
    {
        PhaseClock clock = ClockOf(round);
        if (time.GetElapsedTime(clock.PhaseStarted) >= DeadlineOf(round))
            return Patience.DeadlinePassed;
        return time.GetElapsedTime(clock.LastArrival) >= Grace ? Patience.Quiet : Patience.Waiting;
    }

    /// <summary>Until the patience with the round, or with one of its leaves that is not over, changes.</summary>
    /// <param name="round">Null if none is open.</param>
    public TimeSpan TimeToNextDecision(ServerRound? round)
    {
        IEnumerable<ServerRound> waiting = round switch
        {
            null => [],
            { Leaves.Count: 0 } => [round],
            _ => round.Leaves.Where(l => l.Phase is not (RoundPhase.Closed or RoundPhase.Aborted)),
        };
        TimeSpan shortest = waiting.Select(TimeLeft).DefaultIfEmpty(Grace).Min();
        return shortest > TimeSpan.FromMilliseconds(1) ? shortest : TimeSpan.FromMilliseconds(1);
    }

    private void Start(ServerRound round) => ClockOf(round).Restart(time);

    private void StartLeaves(ServerRound round)
    {
        foreach (ServerRound leaf in round.Leaves)
            Start(leaf);
    }

    private TimeSpan TimeLeft(ServerRound round)
    {
        PhaseClock clock = ClockOf(round);
        TimeSpan untilDeadline = DeadlineOf(round) - time.GetElapsedTime(clock.PhaseStarted);
        TimeSpan untilQuiet = Grace - time.GetElapsedTime(clock.LastArrival);
        return untilQuiet > TimeSpan.Zero && untilQuiet < untilDeadline ? untilQuiet : untilDeadline;
    }

    private TimeSpan DeadlineOf(ServerRound round) => TimeSpan.FromMilliseconds(
        round.IsCollecting ? deadlines.AdvertiseMilliseconds : deadlines.PhaseMilliseconds);

    private PhaseClock ClockOf(ServerRound round)
    {
        if (!clocks.TryGetValue(round.Parameters.RoundId, out PhaseClock? clock))
            clocks[round.Parameters.RoundId] = clock = new PhaseClock(time.GetTimestamp());
        return clock;
    }

    /// <summary>When a phase started and when its last message came.</summary>
    private sealed class PhaseClock(long now)
    {
        public long PhaseStarted { get; private set; } = now;

        public long LastArrival { get; set; } = now;

        public void Restart(TimeProvider clock) => PhaseStarted = LastArrival = clock.GetTimestamp();
    }
}
