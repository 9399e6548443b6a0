using SecureFed.Learning.Optimizers;

namespace SecureFed.Learning.Tests;

public class AdaptiveRuleTests
{
    [Fact]
    public void Yogi_follows_algorithm_2_of_Reddi_et_al_by_hand()
    {
        // v starts at τ² = 0.01, below Δ² = 4: it grows by (1 - β2)·4. Then it is 0.05, below 1, and grows by 0.01. Then above 0.0004, and falls by (1 - β2)·0.0004 only.
        var rule = new YogiRule(0.2, 0.9, 0.99, 0.1);
        ServerStep first = rule.Step([1], rule.InitialState(1), [2]);
        ServerStep second = rule.Step(first.Parameters, first.State, [-1]);
        ServerStep third = rule.Step(second.Parameters, second.State, [0.02]);
        Assert.Equal([0.2, 0.05], first.State, Close);
        Assert.Equal([0.08, 0.06], second.State, Close);
        Assert.Equal([0.074, 0.059996], third.State, Close);
        Assert.Equal(1 + (0.2 * 0.2 / (Math.Sqrt(0.05) + 0.1)), first.Parameters[0], 1e-14);
        Assert.Equal(first.Parameters[0] + (0.2 * 0.08 / (Math.Sqrt(0.06) + 0.1)), second.Parameters[0], 1e-14);
        Assert.Equal(second.Parameters[0] + (0.2 * 0.074 / (Math.Sqrt(0.059996) + 0.1)), third.Parameters[0], 1e-14);
    }

    [Fact]
    public void Yogi_leaves_v_where_it_equals_the_square() => Assert.Equal(0.25, new YogiRule(1, tau: 0.5).Step([0], [], [0.5]).State[1]);

    [Fact]
    public void Yogis_v_falls_slower_than_Adams_and_never_below_zero()
    {
        (double[] yogi, double[] adam) = ([0.0, 4], [0.0, 4]);
        for (int i = 0; i < 2000; i++)
        {
            yogi = new YogiRule(0.1).Step([0], yogi, [0.1 * (i % 3)]).State;
            adam = new AdamRule(0.1).Step([0], adam, [0.1 * (i % 3)]).State;
            Assert.True(yogi[1] >= adam[1] && adam[1] > 0);
        }

        Assert.True(yogi[1] > 100 * adam[1]);
    }

    [Fact]
    public void Adagrad_follows_algorithm_2_of_Reddi_et_al_by_hand()
    {
        var rule = new AdagradRule(0.2, 0, 0.1);
        ServerStep first = rule.Step([1], [], [2]);
        ServerStep second = rule.Step(first.Parameters, first.State, [-1]);
        Assert.Equal([2, 4.01], first.State, Close);
        Assert.Equal([-1, 5.01], second.State, Close);
        Assert.Equal(1 + (0.2 * 2 / (Math.Sqrt(4.01) + 0.1)), first.Parameters[0], 1e-14);
        Assert.Equal(first.Parameters[0] - (0.2 / (Math.Sqrt(5.01) + 0.1)), second.Parameters[0], 1e-14);
    }

    /// <summary>
    /// Flower's test of its FedAdagrad (adap/flower, src/py/flwr/server/strategy/fedadagrad_test.py): model 0.1, local models 0.2 and 1.0 of equal size, η = 0.1, τ = 0.5 give 0.15. Flower
    /// starts v at 0 and not, as the paper asks, at τ² or more.
    /// </summary>
    [Fact]
    public void Adagrad_from_a_v_of_zero_gives_what_Flowers_test_expects()
    {
        double[] sum = [.. Enumerable.Repeat(0.1 + 0.9, 4), 2];
        double[] next = new FedAvg(new AdagradRule(0.1, 0, 0.5)).Step([0.1, 0.1, 0.1, 0.1], new double[8], sum, 2).Parameters;
        Assert.All(next, theta => Assert.Equal(0.15, theta, 1e-15));
    }

    [Fact]
    public void Adagrads_steps_along_a_constant_direction_shrink_with_the_root_of_their_number()
    {
        var rule = new AdagradRule(1, tau: 1e-6);
        ServerStep step = new([0.0], []);
        double before = 0;
        for (int i = 0; i < 400; i++)
        {
            before = step.Parameters[0];
            step = rule.Step(step.Parameters, step.State, [3]);
        }

        Assert.Equal(1 / Math.Sqrt(400), step.Parameters[0] - before, 1e-6);
    }

    [Fact]
    public void Settings_outside_their_range_and_steps_to_infinity_are_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new YogiRule(0));
        Assert.Throws<ArgumentOutOfRangeException>(() => new YogiRule(1, beta2: 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => new AdagradRule(1, beta1: -0.1));
        Assert.Throws<ArgumentOutOfRangeException>(() => new AdagradRule(1, tau: 0));
        Assert.All((IServerRule[])[new YogiRule(1), new AdagradRule(1)], rule =>
        {
            Assert.Equal("model-not-finite", Assert.Throws<LearningException>(() => rule.Step([1], [], [double.NaN])).Code);
            Assert.Equal("model-not-finite", Assert.Throws<LearningException>(() => rule.Step([1], [], [1e200])).Code);
            Assert.Throws<ArgumentException>(() => rule.Step([1, 2], [1], [1, 1]));
        });
        Assert.IsType<YogiRule>(ServerRules.Create(ServerRuleKind.Yogi, 1));
        Assert.IsType<AdagradRule>(ServerRules.Create(ServerRuleKind.Adagrad, 1));
    }

    private static bool Close(double a, double b) => Math.Abs(a - b) < 1e-14;
}
