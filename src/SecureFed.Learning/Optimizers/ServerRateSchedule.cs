namespace SecureFed.Learning.Optimizers;

/// <summary>The server's rate from round to round, as a factor on the task's.</summary>
/// <remarks>
/// <para>With round t = 1, 2, … of T and W rounds of warm-up: t/(W + 1) up to round W (linear). From then on 1 for <see cref="ServerRateKind.Constant"/>;
/// f + (1 - f)·(1 + cos(π·s/S))/2 for <see cref="ServerRateKind.Cosine"/> with s = t - W - 1, S = T - W and the floor f (Loshchilov and Hutter 2017, eq. 5, without restarts);
/// √((W + 1)/t) for <see cref="ServerRateKind.InverseSquareRoot"/>; γ^⌊s/k⌋ for <see cref="ServerRateKind.Step"/>. All begin at 1, and none is ever 0.</para>
/// <para>Only additions, products, quotients and square roots, which IEEE 754 rounds alike everywhere: whoever replays a log on another machine gets the same bits.</para>
/// </remarks>
public sealed record ServerRateSchedule
{
    /// <summary>Default constant.</summary>
    public ServerRateKind Kind { get; init; }

    /// <summary>W, at least 0. Default 0.</summary>
    public int WarmUpRounds { get; init; }

    /// <summary>f of the cosine in [0, 1]. Default 0.</summary>
    public double Floor { get; init; }

    /// <summary>k of the steps, at least 1: rounds between two.</summary>
    public int StepRounds { get; init; } = 10;

    /// <summary>γ of the steps in (0, 1]. Default a half.</summary>
    public double StepFactor { get; init; } = 0.5;

    /// <summary>The factor on the server's rate.</summary>
    /// <param name="round">t, counted from 1.</param>
    /// <param name="rounds">T, at least 1. A round beyond has the factor of the last one with the cosine.</param>
    /// <returns>In (0, 1].</returns>
    /// <exception cref="ArgumentOutOfRangeException">A round before the first, or a setting outside its range.</exception>
    public double FactorIn(int round, int rounds)
    {
        Validate();
        ArgumentOutOfRangeException.ThrowIfLessThan(round, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(rounds, 1);
        double full = WarmUpRounds + 1.0;
        if (round < full)
        {
            return round / full;
        }

        int since = round - WarmUpRounds - 1;
        return Kind switch
        {
            ServerRateKind.Cosine => Floor + ((1 - Floor) * HalfCosine(Progress(since, rounds))),
            ServerRateKind.InverseSquareRoot => Math.Sqrt(full / round),
            ServerRateKind.Step => Power(StepFactor, since / StepRounds),
            _ => 1,
        };
    }

    /// <exception cref="ArgumentOutOfRangeException">A setting outside its range.</exception>
    public void Validate()
    {
        ArgumentOutOfRangeException.ThrowIfEqual(Enum.IsDefined(Kind), false, nameof(Kind));
        ArgumentOutOfRangeException.ThrowIfNegative(WarmUpRounds);
        ArgumentOutOfRangeException.ThrowIfEqual(Floor is >= 0 and <= 1, false, nameof(Floor));
        ArgumentOutOfRangeException.ThrowIfLessThan(StepRounds, 1);
        ArgumentOutOfRangeException.ThrowIfEqual(StepFactor is > 0 and <= 1, false, nameof(StepFactor));
    }

    private double Progress(int since, int rounds)
    {
        int scheduled = Math.Max(1, rounds - WarmUpRounds);
        return (double)Math.Min(since, scheduled - 1) / scheduled;
    }

    /// <summary>(1 + cos πx)/2 = cos²(πx/2) for x in [0, 1), by the cosine's Taylor series to y²⁶/26!: the rest is below 10⁻²¹.</summary>
    private static double HalfCosine(double x)
    {
        double square = x * (Math.PI / 2) * (x * (Math.PI / 2));
        double series = 1;
        for (int n = 26; n > 0; n -= 2)
        {
            series = 1 - (square / (n * (n - 1.0)) * series);
        }

        return series * series;
    }

    // A floor of the smallest normal number: thousands of halvings would make the rate 0, which no rule takes.
    private static double Power(double factor, int exponent)
    {
        double power = 1;
        for (int i = 0; i < exponent && power > 1e-300; i++)
        {
            power *= factor;
        }

        return Math.Max(power, 1e-300);
    }
}
