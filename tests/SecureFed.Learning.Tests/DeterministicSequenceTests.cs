namespace SecureFed.Learning.Tests;

public class DeterministicSequenceTests
{
    [Fact]
    public void Equal_seeds_and_streams_repeat_and_others_differ()
    {
        Assert.Equal(Take(1, 2), Take(1, 2));
        Assert.NotEqual(Take(1, 2), Take(1, 3));
        Assert.NotEqual(Take(1, 2), Take(2, 2));
    }

    [Fact]
    public void Gaussian_numbers_have_mean_0_variance_1_and_light_tails()
    {
        // 100,000 draws: six standard errors of each moment.
        var random = new DeterministicSequence(5);
        double[] draws = [.. Enumerable.Range(0, 100_000).Select(_ => random.NextGaussian())];
        Assert.Equal(0, draws.Average(), 0.019);
        Assert.Equal(1, draws.Average(x => x * x), 0.027);
        Assert.Equal(3, draws.Average(x => x * x * x * x), 0.19);
    }

    [Fact]
    public void Integers_are_uniform_below_the_bound()
    {
        var random = new DeterministicSequence(6);
        int[] counts = new int[7];
        for (int i = 0; i < 70_000; i++)
        {
            counts[random.NextInt(7)]++;
        }

        Assert.All(counts, count => Assert.InRange(count, 9_400, 10_600));
    }

    [Fact]
    public void A_shuffle_keeps_all_items_and_every_order_occurs()
    {
        var random = new DeterministicSequence(7);
        var orders = new HashSet<string>();
        for (int i = 0; i < 200; i++)
        {
            int[] items = [1, 2, 3];
            random.Shuffle<int>(items);
            orders.Add(string.Join(",", items));
        }

        Assert.Equal(6, orders.Count);
    }

    private static ulong[] Take(ulong seed, ulong stream)
    {
        var random = new DeterministicSequence(seed, stream);
        return [.. Enumerable.Range(0, 8).Select(_ => random.NextUInt64())];
    }
}
