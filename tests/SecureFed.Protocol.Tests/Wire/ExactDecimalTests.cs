using FsCheck;
using FsCheck.Fluent;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Tests.Wire;

public sealed class ExactDecimalTests
{
    [Fact]
    public void Products_with_a_count_are_exact_where_binary_fractions_are_not()
    {
        // In binary floating point 0.29 * 100 is 28.999… and (1 − 0.9) * 10 is 0.999….
        Assert.Equal(29, ExactDecimal.From(0.29m).CeilingOf(100));
        Assert.Equal(71, ExactDecimal.From(0.29m).FloorOfRest(100));
        Assert.Equal(1, ExactDecimal.From(0.9m).FloorOfRest(10));
        Assert.Equal(9, ExactDecimal.From(0.9m).CeilingOf(10));
        Assert.Equal(1, ExactDecimal.From(0.000001m).CeilingOf(1));
        Assert.Equal(0, ExactDecimal.Zero.CeilingOf(int.MaxValue));
        Assert.Equal(int.MaxValue, ExactDecimal.Zero.FloorOfRest(int.MaxValue));
        Assert.Equal(int.MaxValue, ExactDecimal.From(0.999999m).CeilingOf(int.MaxValue) + ExactDecimal.From(0.999999m).FloorOfRest(int.MaxValue));
    }

    [Fact]
    public void Ceiling_and_floor_agree_with_decimal_arithmetic() =>
        Prop.ForAll(Arb.From(Gen.Choose(0, 999_999)), Arb.From(Gen.Choose(0, 1 << 20)), (millionths, n) =>
        {
            ExactDecimal value = new(millionths);
            return value.CeilingOf(n) == (int)decimal.Ceiling(value.ToDecimal() * n)
                && value.FloorOfRest(n) == (int)decimal.Floor((1 - value.ToDecimal()) * n)
                && value.CeilingOf(n) + value.FloorOfRest(n) == n
                && ExactDecimal.From(value.ToDecimal()) == value;
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(2000));

    [Fact]
    public void More_than_six_decimals_and_values_outside_the_unit_interval_are_refused()
    {
        foreach (decimal bad in (decimal[])[-0.1m, 1, 1.5m, 0.0000001m, 0.1234567m])
            Assert.Throws<ArgumentOutOfRangeException>(() => ExactDecimal.From(bad));
        Assert.Equal("0.22", ExactDecimal.From(0.22m).ToString());
    }
}
