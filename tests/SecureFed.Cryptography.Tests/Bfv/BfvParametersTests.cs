using SecureFed.Cryptography.Bfv;

namespace SecureFed.Cryptography.Tests.Bfv;

public class BfvParametersTests
{
    /// <summary>Margins and failure probabilities (log₂, per polynomial) that were computed apart from this code, by simulation scripts.</summary>
    [Theory]
    [InlineData("A1", 32, 8, 10_000, 16.6, -192)]
    [InlineData("S1", 32, 0, 10_000, 123.5, -11004)]
    [InlineData("S2", 32, 0, 1_000, 24.4, -423)]
    [InlineData("S2", 30, 0, 10_000, 30.7, -672)]
    public void Margins_are_those_computed_elsewhere(string set, int plainBits, int droppedBits, int clients, double margin, double failureBits)
    {
        BfvParameters parameters = BfvParameters.Create(BfvSet.Named(set), plainBits, droppedBits, clients);
        Assert.Equal(margin, parameters.Margin, 0.06);
        Assert.Equal(failureBits, parameters.FailureBits, 1.5);
    }

    /// <summary>P[Z > x] to high precision (tables of the normal distribution): 2.866515719e-7 at 5, 7.619853024e-24 at 10.</summary>
    [Theory]
    [InlineData(5, 2.866515719e-7)]
    [InlineData(10, 7.619853024e-24)]
    public void Tails_are_bounded_from_above_and_closely(double x, double probability)
    {
        Assert.True(BfvParameters.TailBits(x) >= Math.Log2(probability));
        Assert.Equal(Math.Log2(probability), BfvParameters.TailBits(x), 0.06);
    }

    [Fact]
    public void The_usual_dropped_bits_leave_b_plus_ten_and_suffice_for_10_000_clients()
    {
        for (int bits = 1; bits <= 32; bits++)
        {
            BfvParameters parameters = BfvParameters.Create(BfvSet.A1, bits, 10_000);
            Assert.Equal(bits + 10, parameters.PackedBits);
            Assert.True(parameters.FailureBits < -128);
            Assert.InRange((UInt128)parameters.GreatestPacked * 10_000, UInt128.Zero, ulong.MaxValue);
        }
    }

    [Theory]
    [InlineData("A1", 32, 8)]
    [InlineData("A1", 32, 9)]
    [InlineData("A1", 32, 14)]
    [InlineData("A1", 32, 17)] // None.
    [InlineData("S1", 32, 0)]
    [InlineData("S2", 32, 0)]
    public void The_greatest_number_of_clients_is_admitted_and_one_more_is_not(string name, int plainBits, int droppedBits)
    {
        BfvSet set = BfvSet.Named(name);
        int greatest = BfvParameters.GreatestClientsOf(set, plainBits, droppedBits);
        if (greatest > 0) Assert.Equal(BfvParameters.FailureBitsOf(set, plainBits, droppedBits, greatest), BfvParameters.Create(set, plainBits, droppedBits, greatest).FailureBits);
        Assert.Throws<ArgumentOutOfRangeException>(() => BfvParameters.Create(set, plainBits, droppedBits, greatest + 1));
    }

    /// <summary>Computed apart from this code, see <see cref="Margins_are_those_computed_elsewhere"/>.</summary>
    [Fact]
    public void The_failure_probability_of_refused_parameters_is_told()
    {
        Assert.Equal(-32, BfvParameters.FailureBitsOf(BfvSet.S2, 32, 0, 10_000), 1.0);
        Assert.Equal(0, BfvParameters.FailureBitsOf(BfvSet.A1, 32, 17, 10_000));
    }

    [Theory]
    [InlineData("A1", 32, 9, 10_000)] // 8.3 standard deviations.
    [InlineData("S2", 32, 0, 10_000)] // 2^-32.
    [InlineData("A1", 33, 8, 10)]
    [InlineData("A1", 0, 8, 10)]
    [InlineData("A1", 32, -1, 10)]
    [InlineData("A1", 32, 18, 1)]
    [InlineData("A1", 32, 8, 10_001)]
    [InlineData("A1", 32, 8, 0)]
    [InlineData("S1", 32, 1, 10)] // SEAL's format sends whole coefficients.
    public void What_may_fail_or_lies_outside_is_refused(string set, int plainBits, int droppedBits, int clients) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => BfvParameters.Create(BfvSet.Named(set), plainBits, droppedBits, clients));

    [Fact]
    public void Only_named_sets_exist_and_single_key_sets_have_no_one_time_keys()
    {
        Assert.Throws<ArgumentException>(() => BfvSet.Named("T1"));
        using var random = Seeded.Source("single");
        Assert.Throws<ArgumentException>(() => OneTimeSecretKey.Draw(BfvSet.S1, random));
        Assert.Throws<ArgumentException>(() => new CiphertextSum(BfvParameters.Create(BfvSet.S1, 32, 10), 5));
    }

    [Fact]
    public void Wraps_that_stay_exact_shrink_with_the_bits()
    {
        // At 2^32, 16,383 per wrap of a room of 131,072 less some 14 standard deviations of 257.
        Assert.Equal(7, BfvParameters.Create(BfvSet.A1, 32, 12).GreatestWraps);
        Assert.Equal(0, BfvParameters.Create(BfvSet.A1, 32, 10_000).GreatestWraps / 10);
        Assert.Equal(1_000, BfvParameters.Create(BfvSet.A1, 24, 1_000).GreatestWraps);
        Assert.Equal(10_000, BfvParameters.Create(BfvSet.A1, 8, 10_000).GreatestWraps);
    }
}
