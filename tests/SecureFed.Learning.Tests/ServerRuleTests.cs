using SecureFed.Learning.Optimizers;

namespace SecureFed.Learning.Tests;

public class ServerRuleTests
{
    private static readonly IServerRule[] Rules = [new PlainRule(0.3), new MomentumRule(0.3), new AdamRule(0.3)];

    [Fact]
    public void Plain_FedAvg_rounds_as_it_did_before_there_were_rules()
    {
        (double[] theta, double[] sum) = Random(40, 1);
        sum[^1] = 2.7;
        double[] next = new FedAvg(1.7).Step(theta.AsSpan(1), [], sum, 3).Parameters;
        Assert.Equal(Enumerable.Range(0, 39).Select(j => theta[j + 1] + (1.7 * sum[j] / 2.7)), next);
    }

    [Theory]
    [InlineData(2.5, 2.5)]
    [InlineData(0.01, 1.5)]
    [InlineData(-40, 1.5)]
    public void A_sum_of_weights_that_noise_has_made_small_does_not_make_the_step_long(double noisyWeight, double divisor)
    {
        double[] next = new FedAvg(new PlainRule(1), leastMeanWeight: 0.5).Step([1, 2], [], [3, -6, noisyWeight], 3).Parameters;
        Assert.Equal([1 + (3 / divisor), 2 - (6 / divisor)], next);
    }

    [Fact]
    public void Plain_FedSgd_rounds_as_it_did_before_there_were_rules()
    {
        (double[] theta, double[] sum) = Random(40, 2);
        double[] next = new FedSgd(0.37).Step(theta, [], sum, 7).Parameters;
        Assert.Equal(theta.Select((x, j) => x - (0.37 * sum[j] / 7)), next);
    }

    [Fact]
    public void The_plain_rule_steps_along_the_direction() => Assert.Equal([2, 1], new PlainRule(0.5).Step([1, 2], [], [2, -2]).Parameters);

    [Fact]
    public void Momentum_follows_Hsu_et_al_by_hand()
    {
        var rule = new MomentumRule(0.1, 0.9);
        ServerStep first = rule.Step([1], rule.InitialState(1), [2]);
        ServerStep second = rule.Step(first.Parameters, first.State, [-1]);
        Assert.Equal(1.2, first.Parameters[0], 1e-15);
        Assert.Equal(0.8, second.State[0], 1e-15);
        Assert.Equal(1.28, second.Parameters[0], 1e-15);
    }

    [Fact]
    public void A_constant_direction_is_followed_at_the_rate_over_one_minus_momentum()
    {
        var rule = new MomentumRule(0.5, 0.8);
        var step = new ServerStep([0.0], []);
        double before = 0;
        for (int i = 0; i < 200; i++)
        {
            before = step.Parameters[0];
            step = rule.Step(step.Parameters, step.State, [3]);
        }

        Assert.Equal(0.5 * 3 / (1 - 0.8), step.Parameters[0] - before, 1e-10);
    }

    [Fact]
    public void Adam_follows_algorithm_2_of_Reddi_et_al_by_hand()
    {
        // v starts at tau^2 and nothing is corrected for the start.
        var rule = new AdamRule(0.2, 0.9, 0.99, 0.1);
        ServerStep first = rule.Step([1], rule.InitialState(1), [2]);
        double v1 = (0.99 * 0.01) + (0.01 * 4);
        double theta1 = 1 + (0.2 * 0.2 / (Math.Sqrt(v1) + 0.1));
        ServerStep second = rule.Step(first.Parameters, first.State, [-1]);
        double m2 = (0.9 * 0.2) - 0.1;
        double v2 = (0.99 * v1) + (0.01 * 1);
        Assert.Equal(theta1, first.Parameters[0], 1e-14);
        Assert.Equal([m2, v2], second.State, Close);
        Assert.Equal(theta1 + (0.2 * m2 / (Math.Sqrt(v2) + 0.1)), second.Parameters[0], 1e-14);
    }

    [Fact]
    public void Adam_steps_alike_in_parameters_of_very_different_scale()
    {
        var rule = new AdamRule(0.1, tau: 1e-9);
        double[] next = rule.Step([0, 0, 0], [], [1e-3, 1, -1e3]).Parameters;
        Assert.Equal([0.1, 0.1, -0.1], next, (a, b) => Math.Abs(a - b) < 1e-5);
    }

    [Fact]
    public void An_empty_state_is_the_initial_one()
    {
        Assert.All(Rules, rule =>
        {
            ServerStep fromEmpty = rule.Step([1, 2], [], [0.5, -3]);
            ServerStep fromInitial = rule.Step([1, 2], rule.InitialState(2), [0.5, -3]);
            Assert.Equal(fromInitial.Parameters, fromEmpty.Parameters);
            Assert.Equal(fromInitial.State, fromEmpty.State);
            Assert.Equal(rule.InitialState(2).Length, fromEmpty.State.Length);
        });
    }

    [Fact]
    public void A_step_leaves_the_state_it_was_given_as_it_was()
    {
        Assert.All(Rules, rule =>
        {
            double[] state = rule.InitialState(2);
            double[] copy = [.. state];
            _ = rule.Step([1, 2], state, [0.5, -3]);
            Assert.Equal(copy, state);
        });
    }

    [Fact]
    public void Optimisers_hand_the_rule_the_mean_of_their_clients()
    {
        var rule = new MomentumRule(0.5);
        ServerStep expected = rule.Step([1, 2], [3, 4], [5, -6]);
        ServerStep average = new FedAvg(rule).Step([1, 2], [3, 4], [10, -12, 2], 4);
        ServerStep gradient = new FedSgd(rule).Step([1, 2], [3, 4], [-20, 24], 4);
        Assert.Equal((expected.Parameters, expected.State), (average.Parameters, average.State), Same);
        Assert.Equal((expected.Parameters, expected.State), (gradient.Parameters, gradient.State), Same);
    }

    [Fact]
    public void Lengths_that_do_not_fit_and_steps_to_infinity_are_refused()
    {
        Assert.All(Rules, rule =>
        {
            Assert.Throws<ArgumentException>(() => rule.Step([1, 2], [], [1]));
            Assert.Equal("model-not-finite", Assert.Throws<LearningException>(() => rule.Step([1], [], [double.NaN])).Code);
        });
        Assert.All(Rules.Skip(1), rule => Assert.Throws<ArgumentException>(() => rule.Step([1, 2], [1], [1, 1])));

        // Adam would divide an infinite first moment by an infinite second one's root; either way the state cannot be used again.
        Assert.Equal("model-not-finite", Assert.Throws<LearningException>(() => new AdamRule(0.1).Step([1], [], [1e200])).Code);
    }

    [Fact]
    public void Rates_and_decays_outside_their_range_are_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new PlainRule(0));
        Assert.Throws<ArgumentOutOfRangeException>(() => new MomentumRule(1, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => new AdamRule(double.NaN));
        Assert.Throws<ArgumentOutOfRangeException>(() => new AdamRule(1, beta2: -0.1));
        Assert.Throws<ArgumentOutOfRangeException>(() => new AdamRule(1, tau: 0));
    }

    private static bool Close(double a, double b) => Math.Abs(a - b) < 1e-14;

    private static bool Same((double[] Parameters, double[] State) a, (double[] Parameters, double[] State) b) =>
        a.Parameters.SequenceEqual(b.Parameters) && a.State.SequenceEqual(b.State);

    private static (double[] Parameters, double[] Sum) Random(int length, ulong seed)
    {
        var random = new DeterministicSequence(seed);
        return ([.. Enumerable.Range(0, length).Select(_ => random.NextGaussian())], [.. Enumerable.Range(0, length).Select(_ => random.NextGaussian())]);
    }
}
