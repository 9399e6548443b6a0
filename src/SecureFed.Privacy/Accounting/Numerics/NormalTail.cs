using MathNet.Numerics;

namespace SecureFed.Privacy.Accounting.Numerics;

/// <summary>Tails of the standard normal distribution.</summary>
internal static class NormalTail
{
    public static readonly double LogSqrtTwoPi = 0.5 * Math.Log(2 * Math.PI);

    /// <summary>Where the continued fraction converges faster than the error function loses digits.</summary>
    private const double Far = 10;

    public static double Cdf(double t) => 0.5 * SpecialFunctions.Erfc(-t / Constants.Sqrt2);

    /// <summary>P[X &gt;= t], accurate in the far tail.</summary>
    public static double Survival(double t) => t < Far ? Cdf(-t) : Math.Exp(-t * t / 2 - LogSqrtTwoPi) * MillsRatio(t);

    /// <summary>Mills' ratio (1 − Φ(t))/φ(t) for t &gt;= 0.</summary>
    public static double MillsRatio(double t)
    {
        if (t < Far)
            return Math.Sqrt(Math.PI / 2) * Math.Exp(t * t / 2) * SpecialFunctions.Erfc(t / Constants.Sqrt2);
        double fraction = t;
        for (int k = 60; k >= 1; k--)
            fraction = t + k / fraction;
        return 1 / fraction;
    }
}
