namespace SecureFed.Learning.Vectors;

/// <summary>One vector per row of one client: what record-level protection clips, quantises and sums row by row.</summary>
/// <remarks>
/// Vectors are not clipped here. Where a segment's norm bound holds by construction its documentation says so; protection does not rest on it,
/// for whoever adds the vectors clips each segment and checks the result.
/// </remarks>
public interface IRecordVectors
{
    /// <summary>Number of rows; may be 0.</summary>
    int Count { get; }

    /// <summary>Segments of every vector.</summary>
    VectorLayout Layout { get; }

    /// <summary>Writes the vector of one row. Allocates nothing: it runs once per row and round.</summary>
    /// <param name="record">Counted from 0.</param>
    /// <param name="vector">As long as the layout. Overwritten.</param>
    /// <exception cref="ArgumentException">No such row, or another length.</exception>
    void Write(int record, Span<double> vector);
}
