using SecureFed.Learning.Optimizers;

namespace SecureFed.Learning.Tests;

public class TailAverageTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(7)]
    [InlineData(60)]
    public void The_last_average_is_the_mean_of_the_models_of_the_second_half(int rounds)
    {
        double[] average = [];
        for (int round = 1; round <= rounds; round++)
        {
            average = TailAverage.Next(average, [round * round, -round], round, rounds);
            Assert.Equal(round <= rounds / 2, average.Length == 0);
        }

        int[] tail = [.. Enumerable.Range((rounds / 2) + 1, rounds - (rounds / 2))];
        Assert.Equal(tail.Average(round => (double)round * round), average[0], 1e-9);
        Assert.Equal(-tail.Average(), average[1], 1e-9);
    }

    [Fact]
    public void What_stood_in_the_average_before_the_second_half_is_forgotten() => Assert.Equal([5], TailAverage.Next([99], [5], 3, 4));

    [Fact]
    public void An_average_that_is_lost_or_a_round_beyond_the_schedule_is_refused()
    {
        Assert.Throws<ArgumentException>(() => TailAverage.Next([], [5], 4, 4));
        Assert.Throws<ArgumentOutOfRangeException>(() => TailAverage.Next([1], [5], 5, 4));
        Assert.Throws<ArgumentOutOfRangeException>(() => TailAverage.Next([], [5], 0, 4));
    }
}
