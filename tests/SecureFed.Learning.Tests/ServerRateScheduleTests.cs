using SecureFed.Learning.Optimizers;

namespace SecureFed.Learning.Tests;

public class ServerRateScheduleTests
{
    [Theory]
    [InlineData(ServerRateKind.Constant, 0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0)]
    [InlineData(ServerRateKind.Constant, 2, 1.0 / 3, 2.0 / 3, 1.0, 1.0, 1.0, 1.0)]
    [InlineData(ServerRateKind.Cosine, 0, 1.0, 0.9330127018922193, 0.75, 0.5, 0.25, 0.0669872981077807)]
    [InlineData(ServerRateKind.Cosine, 2, 1.0 / 3, 2.0 / 3, 1.0, 0.8535533905932737, 0.5, 0.14644660940672624)]
    [InlineData(ServerRateKind.InverseSquareRoot, 0, 1.0, 0.7071067811865476, 0.5773502691896258, 0.5, 0.4472135954999579, 0.4082482904638631)]
    [InlineData(ServerRateKind.InverseSquareRoot, 2, 1.0 / 3, 2.0 / 3, 1.0, 0.8660254037844386, 0.7745966692414834, 0.7071067811865476)]
    [InlineData(ServerRateKind.Step, 0, 1.0, 1.0, 0.5, 0.5, 0.25, 0.25)]
    [InlineData(ServerRateKind.Step, 1, 0.5, 1.0, 1.0, 0.5, 0.5, 0.25)]
    public void Factors_of_six_rounds(ServerRateKind kind, int warmUp, params double[] expected)
    {
        var schedule = new ServerRateSchedule { Kind = kind, WarmUpRounds = warmUp, StepRounds = 2 };
        for (int round = 1; round <= 6; round++)
        {
            Assert.Equal(expected[round - 1], schedule.FactorIn(round, 6), 1e-15);
        }
    }

    [Fact]
    public void The_cosine_is_the_platforms_to_the_last_digits_and_keeps_its_floor()
    {
        for (int round = 1; round <= 1000; round++)
        {
            double cosine = (1 + Math.Cos(Math.PI * (round - 1) / 1000)) / 2;
            Assert.Equal(cosine, new ServerRateSchedule { Kind = ServerRateKind.Cosine }.FactorIn(round, 1000), 5e-16);
            Assert.Equal(0.1 + (0.9 * cosine), new ServerRateSchedule { Kind = ServerRateKind.Cosine, Floor = 0.1 }.FactorIn(round, 1000), 1e-15);
        }
    }

    [Fact]
    public void No_factor_is_zero_and_none_above_one_however_many_rounds()
    {
        foreach (ServerRateKind kind in Enum.GetValues<ServerRateKind>())
        {
            var schedule = new ServerRateSchedule { Kind = kind, StepRounds = 1, WarmUpRounds = 3 };
            Assert.All((int[])[1, 2, 3, 4, 5, 1_000, 99_999, 100_000, 100_001], round => Assert.InRange(schedule.FactorIn(round, 100_000), 1e-300, 1));
        }
    }

    [Fact]
    public void Settings_and_rounds_outside_their_range_are_refused() => Assert.All(
        (Action[])
        [
            () => new ServerRateSchedule { WarmUpRounds = -1 }.FactorIn(1, 1),
            () => new ServerRateSchedule { Floor = 1.1 }.FactorIn(1, 1),
            () => new ServerRateSchedule { StepRounds = 0 }.FactorIn(1, 1),
            () => new ServerRateSchedule { StepFactor = 0 }.FactorIn(1, 1),
            () => new ServerRateSchedule { Kind = (ServerRateKind)9 }.FactorIn(1, 1),
            () => new ServerRateSchedule().FactorIn(0, 1),
            () => new ServerRateSchedule().FactorIn(1, 0),
        ],
        wrong => Assert.Throws<ArgumentOutOfRangeException>(wrong));
}
