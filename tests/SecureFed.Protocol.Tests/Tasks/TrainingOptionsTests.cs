using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Tasks;
using SecureFed.Protocol.Tests.Simulation;
using SecureFed.Protocol.Transparency;

namespace SecureFed.Protocol.Tests.Tasks;

/// <summary>Server schedules, proximal term, accumulation, corrected and measured drift as parameters: they survive encoding, and what makes no sense is refused.</summary>
public sealed class TrainingOptionsTests
{
    private static readonly TaskParameters Task = Linear(new SimulatedConsortium("options", new ConsortiumOptions { Clients = 5, TrainRounds = 12 }).Task);

    [Fact]
    public void Everything_survives_encoding()
    {
        foreach (ServerScheduleKind kind in Enum.GetValues<ServerScheduleKind>())
        {
            TaskParameters task = With(t => t with
            {
                ServerOptimizer = ServerOptimizerKind.FedYogi,
                ServerSchedule = new ServerScheduleSpecification(kind, 3, 0.125, 4, 0.75),
                ProximalWeight = 0.3,
                AccumulatedBatches = 5,
                GradientClipNorm = 2.5,
                MeasuresDrift = true,
            });
            Assert.Null(task.FindFault());
            Assert.True(TaskParameters.TryDecode(task.Encode(), out TaskParameters? read));
            Assert.Equal(task.Training, read!.Training);
            Assert.Equal(task.Encode(), read.Encode());
            Assert.True(read.Training.CorrectsDrift);
        }

        Assert.Equal((byte)6, Task.Encode()[0]);
        Assert.False(Task.Training.CorrectsDrift);
    }

    [Fact]
    public void Another_version_and_unknown_values_are_not_read()
    {
        byte[] older = Task.Encode();
        older[0] = 5;
        Assert.False(TaskParameters.TryDecode(older, out _));
        Assert.False(TaskParameters.TryDecode(With(t => t with { ServerOptimizer = (ServerOptimizerKind)77 }).Encode(), out _));
        Assert.False(TaskParameters.TryDecode(With(t => t with { ServerSchedule = new ServerScheduleSpecification((ServerScheduleKind)9) }).Encode(), out _));
    }

    public static TheoryData<string, TrainingSpecification> Wrong() => new()
    {
        { "finite and not negative", Task.Training with { ProximalWeight = -1 } },
        { "finite and not negative", Task.Training with { GradientClipNorm = -1 } },
        { "finite and not negative", Task.Training with { AccumulatedBatches = 0 } },
        { "overshoots", Task.Training with { ProximalWeight = 2 / Task.Training.LocalLearningRate } },
        { "With FedSGD", Task.Training with { ServerOptimizer = ServerOptimizerKind.FedSgd, ProximalWeight = 1 } },
        { "With FedSGD", Task.Training with { ServerOptimizer = ServerOptimizerKind.FedSgd, AccumulatedBatches = 2 } },
        { "With FedSGD", Task.Training with { ServerOptimizer = ServerOptimizerKind.FedSgd, GradientClipNorm = 1 } },
        { "The server's schedule is none", Task.Training with { ServerSchedule = new ServerScheduleSpecification((ServerScheduleKind)99) } },
        { "The server's schedule: 0 or more", Task.Training with { ServerSchedule = new ServerScheduleSpecification(ServerScheduleKind.Cosine, Floor: 2) } },
        { "The server's schedule: 0 or more", Task.Training with { ServerSchedule = new ServerScheduleSpecification(ServerScheduleKind.Step, StepFactor: 0) } },
        { "The server's schedule: 0 or more", Task.Training with { ServerSchedule = new ServerScheduleSpecification(ServerScheduleKind.Step, StepRounds: 0) } },
        { "fewer rounds than the schedule trains", Task.Training with { ServerSchedule = new ServerScheduleSpecification(ServerScheduleKind.Constant, 12) } },
    };

    [Theory]
    [MemberData(nameof(Wrong))]
    public void What_makes_no_sense_is_refused_with_a_reason(string reason, TrainingSpecification training)
    {
        TaskParameters task = Task with { Training = training };
        Assert.Contains(reason, task.FindFault(), StringComparison.Ordinal);
        Assert.False(TaskParameters.TryDecode(task.Encode(), out _));
    }

    [Fact]
    public void Numbers_that_are_not_finite_are_refused_before_they_are_encoded()
    {
        Assert.Contains("finite and not negative", With(t => t with { ProximalWeight = double.PositiveInfinity }).FindFault(), StringComparison.Ordinal);
        Assert.Contains("finite and not negative", With(t => t with { GradientClipNorm = double.NaN }).FindFault(), StringComparison.Ordinal);
        Assert.Contains("The server's schedule", With(t => t with { ServerSchedule = new ServerScheduleSpecification(ServerScheduleKind.Cosine, Floor: double.NaN) }).FindFault(), StringComparison.Ordinal);
    }

    [Fact]
    public void Adam_steps_are_no_longer_than_their_rate_so_any_proximal_weight_goes() =>
        Assert.Null(With(t => t with { LocalOptimizer = LocalOptimizerKind.Adam, ProximalWeight = 1e4 }).FindFault());

    [Fact]
    public void Record_level_vector_tasks_and_adaptive_clipping_are_told_apart()
    {
        TaskParameters vector = new SimulatedConsortium("vector", new ConsortiumOptions { Clients = 5 }).Task;
        TaskParameters tree = Linear(new SimulatedConsortium("tree", new ConsortiumOptions { Clients = 5, TrainRounds = 4, TreeLeaves = 4, Epsilon = 4 }).Task);
        TaskParameters adaptive = Linear(new SimulatedConsortium("adaptive", new ConsortiumOptions { Clients = 5, Epsilon = 4, AdaptiveClip = new AdaptiveClipSpecification(0.5, 8, 0.5, 0.2) }).Task);
        foreach (TrainingSpecification change in (TrainingSpecification[])
            [vector.Training with { ProximalWeight = 1 }, vector.Training with { AccumulatedBatches = 2 }, vector.Training with { GradientClipNorm = 1 }, vector.Training with { MeasuresDrift = true }])
            Assert.Contains("trained by the application", (vector with { Training = change }).FindFault(), StringComparison.Ordinal);
        Assert.Contains("no client's own update", (tree with { Training = tree.Training with { MeasuresDrift = true } }).FindFault(), StringComparison.Ordinal);
        Assert.Contains("With tree aggregation the server's rate stays", (tree with { Training = tree.Training with { ServerSchedule = new ServerScheduleSpecification(ServerScheduleKind.Cosine) } }).FindFault(), StringComparison.Ordinal);
        Assert.Null((tree with { Training = tree.Training with { ServerSchedule = new ServerScheduleSpecification(ServerScheduleKind.Constant) } }).FindFault());
        Assert.Contains("one clip norm", (adaptive with { Training = adaptive.Training with { MeasuresDrift = true } }).FindFault(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_step_to_infinity_ends_the_task_at_once()
    {
        SimulatedConsortium consortium = new("diverged", new ConsortiumOptions { Clients = 5, TrainRounds = 3, GreatestFailures = 5 });
        SimulatedServer server = consortium.Server;
        server.OpenRound();
        consortium.RunTo(RoundPhase.Closed);
        server.Append(server.State.Refuse(ErrorCodes.TrainingDiverged));
        PendingEvent end = server.State.Next(consortium.Random)!;
        Assert.Equal("training-diverged", Assert.IsType<TaskEvent.TaskFinished>(end.Event).Reason);
        server.Append(end);
        Assert.Equal((true, "training-diverged"), (server.State.IsFinished, server.Fold(server.Entries.Count).FinishReason));
    }

    private static TaskParameters With(Func<TrainingSpecification, TrainingSpecification> change) => Task with { Training = change(Task.Training) };

    /// <summary>The same with a built-in model of that length.</summary>
    private static TaskParameters Linear(TaskParameters task) => task with
    {
        Model = new ModelSpecification(TaskModelKind.Linear, task.Model.Length, [.. Enumerable.Range(1, task.Model.Length - 1).Select(i => new FeatureSpecification($"x{i}", 0, 1))], new FeatureSpecification("y", 0, 1), 1),
    };
}
