using SecureFed.Learning.Optimizers;

namespace SecureFed.Learning.Tests;

/// <summary>DP-FTRL as a server optimiser: what it does with the nodes of a tree.</summary>
public class TreeSgdTests
{
    private const int Leaves = 13;
    private const int Epochs = 2;

    [Fact]
    public void Without_noise_a_step_along_a_node_is_a_step_along_the_sum_of_its_last_round()
    {
        var tree = new TreeSgd(new MomentumRule(0.5), Leaves, 10, 0.01);
        var plain = new RecordSgd(new MomentumRule(0.5), 10, 0.01);
        (double[] left, double[] leftState) = (new double[3], tree.InitialState(3));
        (double[] right, double[] rightState) = (new double[3], plain.InitialState(3));
        for (int round = 0; round < Epochs * Leaves; round++)
        {
            ServerStep one = tree.Step(left, leftState, NodeOf(round), 4);
            ServerStep other = plain.Step(right, rightState, SumOf(round), 4);
            for (int j = 0; j < 3; j++)
            {
                Assert.Equal(other.Parameters[j], one.Parameters[j], 1e-12);
            }

            (left, leftState, right, rightState) = (one.Parameters, one.State, other.Parameters, other.State);
        }
    }

    [Fact]
    public void The_noise_of_a_node_that_was_replaced_is_gone_from_the_model()
    {
        // Noise in node 1 alone: node 2 sums both rounds afresh, so after round 2 nothing of it is left.
        var tree = new TreeSgd(new PlainRule(1), 2, 1, 0);
        ServerStep first = tree.Step(new double[1], [], [1000.0], 1);
        Assert.Equal(-1000, first.Parameters[0]);
        ServerStep second = tree.Step(first.Parameters, first.State, [5.0], 1);
        Assert.Equal(-5, second.Parameters[0]);
        Assert.Equal([0], second.State);
    }

    [Fact]
    public void The_state_holds_the_nodes_of_one_prefix_and_no_more()
    {
        var tree = new TreeSgd(new PlainRule(1), 16, 1, 0);
        (double[] parameters, double[] state) = ([0, 0], []);
        for (int t = 1; t <= 16; t++)
        {
            ServerStep step = tree.Step(parameters, state, [t, -t], 1);
            (parameters, state) = (step.Parameters, step.State);
            Assert.Equal(t == 16 ? 1 : 1 + (2 * System.Numerics.BitOperations.PopCount((uint)t)), state.Length);
        }
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(0.5)]
    [InlineData(4)]
    [InlineData(double.NaN)]
    public void A_state_of_no_round_of_the_tree_is_refused(double round) =>
        Assert.Throws<ArgumentException>(() => new TreeSgd(new PlainRule(1), 4, 1, 0).Step(new double[1], [round], [1.0], 1));

    [Fact]
    public void A_state_without_its_nodes_is_refused() =>
        Assert.Throws<ArgumentException>(() => new TreeSgd(new PlainRule(1), 4, 1, 0).Step(new double[1], [3, 7], [1.0], 1));

    private static double[] SumOf(int round) => [Math.Sin(round + 1), Math.Cos(3 * round), round % 5];

    /// <summary>The sum of the rounds (t - lowbit(t), t] of the epoch.</summary>
    private static double[] NodeOf(int round)
    {
        int t = (round % Leaves) + 1;
        var node = new double[3];
        for (int r = round - (t & -t) + 1; r <= round; r++)
        {
            double[] sum = SumOf(r);
            for (int j = 0; j < 3; j++)
            {
                node[j] += sum[j];
            }
        }

        return node;
    }
}
