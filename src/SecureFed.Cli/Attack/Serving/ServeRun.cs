using SecureFed.Cli.Attack.Lies;
using SecureFed.Cli.Output;
using SecureFed.Protocol.Masking.Messages;
using SecureFed.Protocol.Tasks;
using SecureFed.Protocol.Wire;

namespace SecureFed.Cli.Attack.Serving;

/// <summary>The hostile server with one deviation, for a victim in somebody else's process; the other clients run here.</summary>
internal sealed class ServeRun(ServeOptions options, Terminal terminal)
{
    /// <summary>A client that has heard the lie and keeps asking without sending anything is judged after this.</summary>
    private static readonly TimeSpan LongestAfterLie = TimeSpan.FromMinutes(3);

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);
    private readonly VictimWatch watch = new();

    public async Task<ServeResult> ExecuteAsync(CancellationToken cancellationToken)
    {
        VictimFolder folder = VictimFolder.Create(options.Directory);
        HostileConsortium consortium = new(victimKey: folder.CreateKey()) { Model = TaskModelKind.Linear };
        await using HostileServer server = await HostileServer.StartAsync(consortium, cancellationToken);
        Scene scene = new(server)
        {
            Watch = watch,
            Plan = new TaskPlan { IsLinear = true, AdvertiseMilliseconds = (int)(options.Patience + LongestAfterLie).TotalMilliseconds },
        };
        options.Deviation?.Arrange(scene);
        server.Play(scene);
        await server.Operator.CreateTaskAsync(scene.Plan.ToDefinition(scene.TaskId), cancellationToken);
        string readMe = Invitation.ToText(options, scene, folder);
        folder.Write(scene.Victim.Policy(consortium.Policy), readMe);
        Say(readMe);

        using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task others = RunOthersAsync(scene, stop.Token);
        try
        {
            await WaitAsync(others, cancellationToken);
            return options.Deviation is { } deviation
                ? ServeResult.Of(deviation, watch.HasCome, watch.WasTold, watch.After)
                : ServeResult.OfHonest(watch.HasCome, HasContributed(scene));
        }
        finally
        {
            await stop.CancelAsync();
            await others.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>The others start with the victim's first message: a round that may do without it does not close before it is there.</summary>
    private async Task RunOthersAsync(Scene scene, CancellationToken cancellationToken)
    {
        await watch.FirstMessage.WaitAsync(cancellationToken);
        await Task.WhenAll(Enumerable.Range(0, scene.Plan.Clients)
            .Where(i => i != HostileConsortium.VictimIndex)
            .Select(i => scene.Participants[i].RunAsync(scene.Server, scene.TaskId, scene.Plan.Rounds, cancellationToken)));
    }

    private async Task WaitAsync(Task others, CancellationToken cancellationToken)
    {
        long started = TimeProvider.System.GetTimestamp();
        long? toldAt = null;
        bool hasCome = false;
        while (!IsOver(others, started, toldAt))
        {
            await Task.Delay(Pause, cancellationToken);
            if (!hasCome && watch.HasCome)
            {
                hasCome = true;
                Say("The client has come.");
            }

            if (toldAt is null && watch.WasTold)
            {
                toldAt = TimeProvider.System.GetTimestamp();
                Say("The client has heard the lie.");
            }
        }
    }

    private bool IsOver(Task others, long started, long? toldAt)
    {
        bool isSilent = watch.Silence >= options.Quiet;
        if (toldAt is { } told)
            return isSilent || TimeProvider.System.GetElapsedTime(told) >= LongestAfterLie;

        // Without a lie the round must end; before a lie the client may be started again.
        return (options.Deviation is null && others.IsCompleted && isSilent) || TimeProvider.System.GetElapsedTime(started) >= options.Patience;
    }

    private static bool HasContributed(Scene scene)
    {
        if (!scene.HasRound(1))
            return false;
        Identifier round = scene.RoundOf(1);
        return scene.IsPublished(round, "survivors")
            && Lists.Survivors(scene.Published(round, "survivors").Blob).Survivors.Contains(HostileConsortium.VictimIndex)
            && scene.SentBy(round, "unmask", scene.VictimId)?.Body is UnmaskAnswer;
    }

    private void Say(string text)
    {
        if (terminal.IsJson)
            terminal.Note(text);
        else
            terminal.WriteLine(text);
    }
}
