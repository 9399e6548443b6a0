using SecureFed.Protocol.Wire;

namespace SecureFed.Cli.Attack.Serving;

/// <summary>What a victim in a process of its own does, as far as the wire shows it.</summary>
/// <remarks>
/// A deviation may take several lies, of which a client can only notice the last; what counts is therefore what it sends once it has heard every one of them.
/// After a lie within a round, a later round of which it hears nothing but the truth is a fresh start, and messages there are no answer to the lie.
/// </remarks>
internal sealed class VictimWatch
{
    private readonly Lock gate = new();
    private readonly HashSet<Lie> told = new(ReferenceEqualityComparer.Instance);
    private readonly HashSet<Identifier> freshStarts = [];
    private readonly List<string> after = [];
    private readonly TaskCompletionSource firstMessage = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Identifier? lieRound;
    private int inFlight;
    private long lastActivity = TimeProvider.System.GetTimestamp();

    /// <summary>Ends with the victim's first message of a round.</summary>
    public Task FirstMessage => firstMessage.Task;

    public bool HasCome { get; private set; }

    /// <summary>Whether the victim has heard the whole lie.</summary>
    public bool WasTold { get; private set; }

    /// <summary>Steps of the messages that the victim sent after it had heard the whole lie.</summary>
    public IReadOnlyList<string> After
    {
        get
        {
            lock (gate)
                return [.. after];
        }
    }

    /// <summary>How long nothing has come from the victim; zero while it waits for an answer.</summary>
    public TimeSpan Silence
    {
        get
        {
            lock (gate)
                return inFlight > 0 ? TimeSpan.Zero : TimeProvider.System.GetElapsedTime(lastActivity);
        }
    }

    /// <summary>A request of the victim has come; disposing says that it is answered.</summary>
    public IDisposable Begin(Exchange exchange)
    {
        lock (gate)
        {
            HasCome = true;
            inFlight++;
            if (exchange.IsSend && WasTold && !(exchange.Round is { } round && freshStarts.Contains(round)))
                after.Add(exchange.Part);
        }

        if (exchange.IsSend)
            firstMessage.TrySetResult();
        return new Request(this);
    }

    /// <summary>The victim hears a decisive lie.</summary>
    /// <param name="lie">Which.</param>
    /// <param name="exchange">Its request.</param>
    /// <param name="decisive">How many decisive lies the deviation takes.</param>
    public void Tell(Lie lie, Exchange exchange, int decisive)
    {
        lock (gate)
        {
            told.Add(lie);
            if (exchange.Round is { } round)
                freshStarts.Remove(round);
            if (WasTold || told.Count < decisive)
                return;
            WasTold = true;
            lieRound = exchange.Round;
        }
    }

    /// <summary>The victim hears the truth.</summary>
    public void TellTruth(Exchange exchange)
    {
        lock (gate)
        {
            if (WasTold && lieRound is { } round && exchange.Round is { } other && other != round && string.Equals(exchange.Part, "opening", StringComparison.Ordinal))
                freshStarts.Add(other);
        }
    }

    private void End()
    {
        lock (gate)
        {
            inFlight--;
            lastActivity = TimeProvider.System.GetTimestamp();
        }
    }

    private sealed class Request(VictimWatch watch) : IDisposable
    {
        public void Dispose() => watch.End();
    }
}
