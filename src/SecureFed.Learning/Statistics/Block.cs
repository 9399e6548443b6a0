namespace SecureFed.Learning.Statistics;

/// <summary>A run of coordinates that answers one question, or several that share sums.</summary>
/// <remarks>A record writes numbers whose L2 norm is at most √<see cref="SquaredNorm"/> whatever its values are; each implementation says why.</remarks>
/// <param name="fields">Places of the fields that it reads.</param>
internal abstract class Block(params int[] fields)
{
    /// <summary>Place of the first coordinate, set when the query lays its blocks out.</summary>
    public int Offset { get; set; }

    public int[] Fields { get; } = fields;

    public abstract int Length { get; }

    /// <summary>Bound on the squared norm of one record's coordinates.</summary>
    public abstract double SquaredNorm { get; }

    /// <summary>Whether a coordinate is 0 or 1 in every record, so that its sum is a count.</summary>
    public virtual bool IsCount(int coordinate) => true;

    /// <param name="values">The record's fields: NaN if missing, infinite if it is no finite number.</param>
    /// <param name="state">The task's state (<see cref="StatisticsQuery.InitialState"/>).</param>
    /// <param name="target">As long as the block, zero; gets the record's coordinates.</param>
    public abstract void Write(ReadOnlySpan<double> values, ReadOnlySpan<double> state, Span<double> target);
}
