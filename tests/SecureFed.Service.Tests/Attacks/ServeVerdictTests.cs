using SecureFed.Cli.Attack;
using SecureFed.Cli.Attack.Serving;
using SecureFed.Cryptography.Randomness;
using SecureFed.Protocol.Wire;

namespace SecureFed.Service.Tests.Attacks;

/// <summary>What the wire is taken to say, without a wire.</summary>
public sealed class ServeVerdictTests
{
    private static readonly Identifier Victim = NewId();
    private static readonly Identifier Task = NewId();
    private readonly Deviation deviation = DeviationCatalogue.Find("threshold-lowered")!;
    private readonly Identifier round = NewId();
    private readonly Identifier later = NewId();
    private readonly VictimWatch watch = new();
    private readonly Lie lie = NewLie();
    private readonly Lie earlier = NewLie();

    [Fact]
    public void Nothing_after_the_lie_is_a_refusal()
    {
        Send(round, "keys");
        watch.Tell(lie, Read(round, "keys"), 1);
        Assert.Equal((ServeResult.Refused, 0, 0), Verdict());
    }

    [Fact]
    public void A_client_that_answers_after_the_lie_has_not_refused()
    {
        Send(round, "keys");
        watch.Tell(lie, Read(round, "keys"), 1);
        Send(round, "shares");

        // Hearing the lie again does not undo it.
        watch.Tell(lie, Read(round, "keys"), 1);
        Assert.Equal((ServeResult.NotRefused, 1, 3), Verdict());
    }

    [Fact]
    public void Half_a_lie_cannot_be_noticed_yet()
    {
        watch.Tell(earlier, Read(round, "opening"), 2);
        Send(round, "keys");
        Assert.Equal((ServeResult.NeverCame, 0, 1), Verdict());
        watch.Tell(lie, Read(round, "keys"), 2);
        Assert.Equal((ServeResult.Refused, 0, 0), Verdict());
    }

    [Fact]
    public void A_later_round_that_is_honest_is_no_answer_to_the_lie()
    {
        watch.Tell(lie, Read(round, "keys"), 1);
        watch.TellTruth(Read(later, "opening"));
        Send(later, "keys");
        Assert.Equal((ServeResult.Refused, 0, 0), Verdict());
        watch.Tell(lie, Read(later, "keys"), 1);
        Send(later, "shares");
        Assert.Equal((ServeResult.NotRefused, 1, 3), Verdict());
    }

    [Fact]
    public void After_a_lie_about_the_task_every_round_counts()
    {
        watch.Tell(lie, new Exchange(false, Victim, Task, null, "parameters"), 1);
        watch.TellTruth(Read(round, "opening"));
        Send(round, "keys");
        Assert.Equal((ServeResult.NotRefused, 1, 3), Verdict());
    }

    [Fact]
    public void A_client_that_waits_for_an_answer_is_not_silent()
    {
        IDisposable request = watch.Begin(Read(round, "survivors"));
        Assert.True(watch.HasCome);
        Assert.Equal(TimeSpan.Zero, watch.Silence);
        request.Dispose();
        Assert.False(watch.FirstMessage.IsCompleted);
        Send(round, "keys");
        Assert.True(watch.FirstMessage.IsCompleted);
    }

    [Theory]
    [InlineData(true, true, ServeResult.Contributed, 0)]
    [InlineData(true, false, ServeResult.NotContributed, 1)]
    [InlineData(false, false, ServeResult.NeverCame, 1)]
    public void The_control_has_verdicts_of_its_own(bool hasCome, bool hasContributed, string verdict, int exitCode)
    {
        ServeResult result = ServeResult.OfHonest(hasCome, hasContributed);
        Assert.Equal((verdict, exitCode), (result.Verdict, result.ExitCode));
    }

    [Fact]
    public void Every_deviation_that_a_client_can_notice_without_a_restart_is_served() =>
        Assert.Equal(
            DeviationCatalogue.All.Where(d => d.Obstacle is null && !d.IsHarmless).Select(d => d.Name),
            DeviationCatalogue.All.Where(d => d.CanBeServed).Select(d => ServeOptions.Find(d.Name)!.Name));

    private (string Verdict, int MessagesAfter, int ExitCode) Verdict()
    {
        ServeResult result = ServeResult.Of(deviation, watch.HasCome, watch.WasTold, watch.After);
        return (result.Verdict, result.MessagesAfter, result.ExitCode);
    }

    private void Send(Identifier where, string part) => watch.Begin(new Exchange(true, Victim, Task, where, part)).Dispose();

    private static Exchange Read(Identifier where, string part) => new(false, Victim, Task, where, part);

    private static Lie NewLie() => new(false, "keys", _ => true, _ => System.Threading.Tasks.Task.FromResult<Reply?>(null));

    private static Identifier NewId() => Identifier.Random(OperatingSystemRandomSource.Instance);
}
