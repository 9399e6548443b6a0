using SecureFed.Protocol.Tasks;
using SecureFed.Protocol.Tests.Simulation;

namespace SecureFed.Protocol.Tests.Tasks;

/// <summary>What a task may say of its boosted trees.</summary>
public sealed class TreeSpecificationTests
{
    private static readonly TreeSpecification Good = new(20, 3, 32, 0.3, 1, TreeSplitRule.Random, 5, TreeLoss.LogLoss);

    internal static ModelSpecification ModelOf(TreeSpecification trees) => new(
        TaskModelKind.Trees, trees.Length, [new FeatureSpecification("age", 0, 120), new FeatureSpecification("income", -1, 1e6)], new FeatureSpecification("y", 0, 1), 0, Trees: trees);

    [Fact]
    public void Length_and_rounds_follow_from_number_and_depth()
    {
        // Two numbers, then for each tree seven splits of two numbers and eight leaves.
        Assert.Equal(2 + (20 * 22), Good.Length);
        Assert.Equal(4, Good.Rounds);
        Assert.Equal(60, (Good with { Rule = TreeSplitRule.Histogram, TreesPerRound = 1 }).Rounds);
    }

    [Fact]
    public void Trees_out_of_range_are_refused()
    {
        Assert.Null(FaultOf(ModelOf(Good)));
        foreach (TreeSpecification bad in (TreeSpecification[])
            [
                Good with { Count = 0 }, Good with { Count = 4097, TreesPerRound = 1 }, Good with { Depth = 0 }, Good with { Depth = 7 }, Good with { Bins = 1 }, Good with { Bins = 257 },
                Good with { Shrinkage = 0 }, Good with { Shrinkage = 1.5 }, Good with { Lambda = -1 }, Good with { Lambda = double.PositiveInfinity },
                Good with { Rule = default }, Good with { Loss = default }, Good with { TreesPerRound = 0 }, Good with { TreesPerRound = 3 }, Good with { Rule = TreeSplitRule.Histogram },
            ])
        {
            Assert.NotNull(FaultOf(ModelOf(bad)));
        }
    }

    [Fact]
    public void Trees_and_only_trees_state_them_and_their_length_is_theirs()
    {
        ModelSpecification model = ModelOf(Good);
        Assert.NotNull(FaultOf(model with { Trees = null }));
        Assert.NotNull(FaultOf(model with { Kind = TaskModelKind.Logistic }));
        Assert.NotNull(FaultOf(model with { Length = model.Length - 1 }));
        Assert.NotNull(FaultOf(model with { Features = [] }));
        Assert.NotNull(FaultOf(model with { Label = null }));
    }

    [Fact]
    public void A_schedule_beyond_the_last_tree_is_refused()
    {
        TaskParameters task = TaskOf(ModelOf(Good));
        Assert.Null((task with { Schedule = task.Schedule with { TrainRounds = 4 } }).FindFault());
        Assert.Contains("4 training rounds", (task with { Schedule = task.Schedule with { TrainRounds = 5 } }).FindFault(), StringComparison.Ordinal);
        Assert.NotNull((task with { Training = task.Training with { AveragesIterates = true } }).FindFault());
    }

    private static string? FaultOf(ModelSpecification model) => TaskOf(model).FindFault();

    private static TaskParameters TaskOf(ModelSpecification model)
    {
        TaskParameters task = new SimulatedConsortium("trees", new ConsortiumOptions { Clients = 5 }).Task;
        return task with { Model = model, Schedule = task.Schedule with { TrainRounds = 2 } };
    }
}
