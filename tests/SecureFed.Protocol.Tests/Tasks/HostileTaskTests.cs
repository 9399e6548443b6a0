using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Policy;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Tasks;
using SecureFed.Protocol.Tests.Simulation;
using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Tests.Tasks;

/// <summary>Parameters that a server makes up to get past a policy, or to make whoever reads them fail.</summary>
public sealed class HostileTaskTests
{
    private static readonly SimulatedConsortium Consortium = new("hostile", new ConsortiumOptions { TrainRounds = 1 });
    private static readonly StatisticsSpecification Questions = new([new(TaskStatisticKind.HeavyHitters, [1], 0, [], ["red", "green"], 0.1)], 16, 1);
    private static readonly FeatureSpecification[] Columns = [new("age", 0, 120), new("colour", 0, 0)];
    private static readonly TaskParameters Trained = Consortium.Task with
    {
        Model = new ModelSpecification(TaskModelKind.Linear, 3, Columns, new FeatureSpecification("y", 0, 1), 1),
    };
    private static readonly TaskParameters Asking = Consortium.Task with
    {
        Model = new ModelSpecification(TaskModelKind.Statistics, 8, Columns, null, 0, Statistics: Questions),
        Training = StatisticsSpecification.Training(50),
    };

    /// <summary>A policy that allows vectors only would say yes, and the rows would be asked for heavy hitters.</summary>
    [Fact]
    public void A_vector_task_asks_no_statistics()
    {
        Assert.Null(Asking.FindFault());
        TaskParameters disguised = Asking with { Model = Consortium.Task.Model with { Statistics = Questions } };
        Assert.Equal(TaskModelKind.Vector, disguised.Model.Kind);
        Assert.Contains("no other does", disguised.FindFault(), StringComparison.Ordinal);
        AssertUnreadable(disguised);
    }

    [Fact]
    public void Columns_of_one_name_are_refused()
    {
        FeatureSpecification label = new("y", 0, 1);
        TaskParameters good = Consortium.Task with { Model = new ModelSpecification(TaskModelKind.Linear, 4, [.. Columns, new("b", 0, 1)], label, 1) };
        Assert.Null(good.FindFault());
        TaskParameters[] doubled =
        [
            good with { Model = good.Model with { Features = [.. Columns, Columns[0] with { UpperBound = 1 }] } },
            good with { Model = good.Model with { Label = label with { Name = "age" } } },
            Asking with { Model = Asking.Model with { Features = [Columns[0], Columns[1] with { Name = "age" }] } },
        ];
        Assert.All(doubled, task => Assert.Contains("distinct names", task.FindFault(), StringComparison.Ordinal));
        Assert.All(doubled, AssertUnreadable);
    }

    [Fact]
    public void A_round_without_a_segment_is_a_fault_and_not_an_exception()
    {
        TaskParameters empty = Consortium.Task with { Shapes = [.. Consortium.Task.Shapes.Select(s => s.Kind == RoundKind.Train ? s with { Segments = [] } : s)] };
        Assert.Contains("at least one segment", empty.FindFault(), StringComparison.Ordinal);
        AssertUnreadable(empty);
        AssertUnreadable(empty with { Training = empty.Training with { AdaptiveClip = new AdaptiveClipSpecification(0.5, 8, 0.5, 0.2) } });
    }

    [Fact]
    public void A_policy_answers_also_about_columns_that_do_not_exist()
    {
        ClientPolicy policy = Consortium.Clients[0].Context.Policy with
        {
            Models = [TaskModelKind.Vector, TaskModelKind.Statistics],
            Statistics = new StatisticsPolicy([TaskStatisticKind.HeavyHitters], Columns),
        };
        Assert.Null(policy.Check(Asking));
        foreach (int column in (int[])[2, int.MaxValue, -1])
        {
            StatisticsSpecification foreign = Questions with { Statistics = [Questions.Statistics[0] with { Columns = [column] }] };
            Assert.Equal(ErrorCodes.PolicyViolated, policy.Check(Asking with { Model = Asking.Model with { Statistics = foreign } })?.Code);
            Assert.Equal(ErrorCodes.PolicyViolated, policy.Check(Asking with { Model = Consortium.Task.Model with { Statistics = foreign } })?.Code);
        }
    }

    [Fact]
    public void Statistics_are_not_explained()
    {
        TaskParameters explained = Asking with
        {
            Schedule = Asking.Schedule with { Explain = true },
            Shapes = [.. Asking.Shapes, Asking.Shapes[^1] with { Kind = RoundKind.Explain }],
            Explanation = ExplanationSpecification.Plain,
        };
        Assert.Contains("round(s) of questions and no others", explained.FindFault(), StringComparison.Ordinal);
        AssertUnreadable(explained);
    }

    [Fact]
    public void Nobody_is_kept_training_for_days()
    {
        TaskParameters Task(int epochs, int batches = 1) => Trained with { Training = Trained.Training with { LocalEpochs = epochs, AccumulatedBatches = batches } };
        Assert.Null(Task(10_000, 1_000_000).FindFault());
        Assert.True(TaskParameters.TryDecode(Task(10_000, 1_000_000).Encode(), out _));
        Assert.Contains("at most 10,000", Task(10_001).FindFault(), StringComparison.Ordinal);
        AssertUnreadable(Task(10_001));
        AssertUnreadable(Task(int.MaxValue));
        AssertUnreadable(Task(1, 1_000_001));
    }

    /// <summary>A client, a key holder and an auditor are told that these are no parameters; nothing is thrown at them.</summary>
    private static void AssertUnreadable(TaskParameters task)
    {
        byte[] bytes = task.Encode();
        Assert.False(TaskParameters.TryDecode(bytes, out _));
        byte[] entry = new LogEntry(task.TaskId, new TaskEvent.TaskCreated(Digest.Of(bytes), default, default)).Encode();
        Assert.Equal(ErrorCodes.IllegalEntry, new EntryAudit(digest => digest == Digest.Of(bytes) ? bytes : null).Add(0, entry)?.Code);
    }
}
