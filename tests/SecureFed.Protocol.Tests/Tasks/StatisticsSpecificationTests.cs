using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Policy;
using SecureFed.Protocol.Tasks;
using SecureFed.Protocol.Tests.Simulation;

namespace SecureFed.Protocol.Tests.Tasks;

/// <summary>Tasks that ask statistics: their form, and which a client's policy lets be asked.</summary>
public sealed class StatisticsSpecificationTests
{
    private static readonly SimulatedConsortium Consortium = new("statistics", new ConsortiumOptions { TrainRounds = 3 });
    private static readonly StatisticSpecification Median = new(TaskStatisticKind.Quantile, [0], 0.5, [], [], 0);
    private static readonly StatisticSpecification Hitters = new(TaskStatisticKind.HeavyHitters, [1], 0, [], ["red", "grün"], 0.1);
    private static readonly StatisticSpecification Histogram = new(TaskStatisticKind.Histogram, [0], 0, [0, 0.5, 1], [], 0);
    private static readonly StatisticsSpecification Questions = new([Median, Hitters, Histogram], 16, 3);
    private static readonly ModelSpecification Model = new(TaskModelKind.Statistics, 20, [new("age", 0, 120), new("colour", 0, 0)], null, 0, Statistics: Questions);
    private static readonly TaskParameters Task = Consortium.Task with { Model = Model, Training = StatisticsSpecification.Training(50) };

    [Fact]
    public void Questions_are_read_as_they_were_written()
    {
        Assert.Null(Task.FindFault());
        byte[] bytes = Task.Encode();
        Assert.True(TaskParameters.TryDecode(bytes, out TaskParameters? read));
        Assert.Equal(bytes, read!.Encode());
        StatisticsSpecification questions = read.Model.Statistics!;
        Assert.Equal((16, 3, 3), (questions.Cells, questions.SearchRounds, questions.Rounds));
        Assert.Equal(["red", "grün"], questions.Statistics[1].Domain);
        Assert.Equal([0, 0.5, 1], questions.Statistics[2].Edges);
        Assert.Equal((0.5, 0.1), (questions.Statistics[0].Probability, questions.Statistics[1].Threshold));
        Assert.Equal(1, (Questions with { Statistics = [Hitters] }).Rounds);
    }

    [Fact]
    public void A_task_that_contradicts_itself_is_refused()
    {
        TaskParameters[] lies =
        [
            Task with { Model = Model with { Statistics = null } },
            Task with { Model = Model with { Kind = TaskModelKind.Linear } },
            Task with { Model = Model with { Label = new FeatureSpecification("y", 0, 1) } },
            Task with { Model = Model with { L2Penalty = 1 } },
            Task with { Model = Model with { Features = [new("age", 120, 0), new("colour", 0, 0)] } },
            Ask(Questions with { Statistics = [] }),
            Ask(Questions with { Cells = 1 }),
            Ask(Questions with { SearchRounds = 4 }),
            Ask(Questions with { Statistics = [Hitters] }),
            Ask(Questions with { Statistics = [Median with { Columns = [2] }] }),
            Ask(Questions with { Statistics = [Median with { Kind = (TaskStatisticKind)12 }] }),
            Ask(Questions with { Statistics = [Median with { Probability = 1 }] }),
            Ask(Questions with { Statistics = [Median, Hitters with { Domain = [""] }] }),
            Task with { Training = Task.Training with { LocalEpochs = 2 } },
            Task with { Training = Task.Training with { AveragesIterates = true } },
            Task with { Schedule = Task.Schedule with { TrainRounds = 2 } },
            Task with { Schedule = Task.Schedule with { Evaluate = true }, Shapes = [.. Task.Shapes, Task.Shapes[0] with { Kind = Protocol.Rounds.RoundKind.Evaluate }] },
            Consortium.Task with { Model = Consortium.Task.Model with { Statistics = Questions } },
        ];
        Assert.All(lies, lie => Assert.NotNull(lie.FindFault()));
        Assert.All(lies, lie => Assert.False(TaskParameters.TryDecode(lie.Encode(), out _)));
    }

    [Fact]
    public void A_policy_names_the_kinds_of_model_and_may_name_statistics_and_columns_with_their_bounds()
    {
        ClientPolicy policy = Consortium.Clients[0].Context.Policy;
        Assert.Equal(ErrorCodes.PolicyViolated, policy.Check(Task)!.Code);
        ClientPolicy open = policy with { Models = [TaskModelKind.Statistics] };
        Assert.Null(open.Check(Task));
        FeatureSpecification age = new("age", 0, 120);
        TaskStatisticKind[] kinds = [TaskStatisticKind.Quantile, TaskStatisticKind.HeavyHitters, TaskStatisticKind.Histogram];
        Assert.Null((open with { Statistics = new StatisticsPolicy(kinds, [age, new("colour", 0, 5)]) }).Check(Task));
        StatisticsPolicy[] narrower =
        [
            new(kinds[..2], [age, new("colour", 0, 0)]),
            new(kinds, [age]),
            new(kinds, [age with { UpperBound = 100 }, new("colour", 0, 0)]),
            new([], []),
        ];
        Assert.All(narrower, limits => Assert.Contains("is not allowed", (open with { Statistics = limits }).Check(Task)!.Detail.Replace("are not allowed", "is not allowed", StringComparison.Ordinal), StringComparison.Ordinal));
    }

    private static TaskParameters Ask(StatisticsSpecification questions) => Task with { Model = Model with { Statistics = questions } };
}
