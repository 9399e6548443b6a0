namespace SecureFed.Privacy.Accounting.Numerics;

/// <summary>Bisection with one-sided answers: the end that is returned satisfies the predicate.</summary>
internal static class Bisection
{
    /// <summary>The least x in [low, high] from which on the predicate holds, from above: the returned x satisfies it if high does.</summary>
    /// <param name="low">If positive, the interval is halved in the logarithm while it spans more than a factor of two.</param>
    /// <param name="high">A point where the predicate holds.</param>
    /// <param name="relative">Relative width at which to stop.</param>
    /// <param name="holds">False below the wanted point, true above.</param>
    public static double Least(double low, double high, double relative, Func<double, bool> holds)
    {
        while (high - low > relative * high)
        {
            double middle = Middle(low, high);
            if (middle <= low || middle >= high)
                break;
            if (holds(middle))
                high = middle;
            else
                low = middle;
        }

        return high;
    }

    /// <summary>The greatest x in [low, high] up to which the predicate holds, from below.</summary>
    public static double Greatest(double low, double high, double relative, Func<double, bool> holds)
    {
        while (high - low > relative * high)
        {
            double middle = Middle(low, high);
            if (middle <= low || middle >= high)
                break;
            if (holds(middle))
                low = middle;
            else
                high = middle;
        }

        return low;
    }

    private static double Middle(double low, double high) => low > 0 && high > 2 * low ? Math.Sqrt(low) * Math.Sqrt(high) : low + (high - low) / 2;
}
