namespace SecureFed.Learning.Explanation;

/// <summary>A number with its standard error.</summary>
/// <param name="Value">Best guess.</param>
/// <param name="Error">One standard deviation of noise and sampling together.</param>
public sealed record Estimate(double Value, double Error)
{
    /// <summary>Standard errors on each side of a 95 % interval.</summary>
    public const double Quantile = 1.959963984540054;

    /// <summary>Lower end of the 95 % interval.</summary>
    public double Lower => Value - (Quantile * Error);

    /// <summary>Upper end of the 95 % interval.</summary>
    public double Upper => Value + (Quantile * Error);
}
