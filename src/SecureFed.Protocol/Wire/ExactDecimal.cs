using System.Globalization;

namespace SecureFed.Protocol.Wire;

/// <summary>A fraction in [0, 1) as an exact decimal of at most six places, held as millionths.</summary>
/// <remarks>γ and δ_drop decide thresholds, so two parties must never compute them from differently rounded binary fractions.</remarks>
/// <param name="Millionths">0 to 999,999.</param>
public readonly record struct ExactDecimal(int Millionths)
{
    public const int One = 1_000_000;

    public static ExactDecimal Zero => new(0);

    internal bool IsValid => Millionths is >= 0 and < One;

    /// <summary>⌈value · n⌉.</summary>
    public int CeilingOf(int n) => (int)(((long)Millionths * n + One - 1) / One);

    /// <summary>⌊(1 − value) · n⌋.</summary>
    public int FloorOfRest(int n) => (int)((long)(One - Millionths) * n / One);

    /// <exception cref="ArgumentOutOfRangeException">Below 0, 1 or more, or with more than six decimals.</exception>
    public static ExactDecimal From(decimal value)
    {
        decimal millionths = value * One;
        if (value is < 0 or >= 1 || decimal.Truncate(millionths) != millionths)
            throw new ArgumentOutOfRangeException(nameof(value), value, "A fraction lies in [0, 1) and has at most six decimals.");
        return new ExactDecimal((int)millionths);
    }

    public decimal ToDecimal() => Millionths / (decimal)One;

    public override string ToString() => ToDecimal().ToString("0.######", CultureInfo.InvariantCulture);
}
