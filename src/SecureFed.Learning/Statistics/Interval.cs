namespace SecureFed.Learning.Statistics;

/// <summary>Numbers between two ends.</summary>
internal readonly record struct Interval(double Low, double High)
{
    public static Interval Around(double value, double error) => new(value - error, value + error);

    /// <summary>Largest distance from a value to a point of the interval.</summary>
    public double ErrorOf(double value) => Math.Max(Math.Abs(value - Low), Math.Abs(High - value));

    public Interval Clamp(double low, double high) => new(Math.Clamp(Low, low, high), Math.Clamp(High, low, high));

    /// <summary>Every a/b; null if b may be 0 or negative.</summary>
    public static Interval? Ratio(Interval a, Interval b) => !(b.Low > 0)
        ? null
        : new Interval(a.Low / (a.Low < 0 ? b.Low : b.High), a.High / (a.High > 0 ? b.Low : b.High));

    /// <summary>Squares of all distances from a point.</summary>
    public Interval SquareFrom(double point)
    {
        double below = (Low - point) * (Low - point);
        double above = (High - point) * (High - point);
        return new Interval(point >= Low && point <= High ? 0 : Math.Min(below, above), Math.Max(below, above));
    }
}
