using SecureFed.Learning.Data;

namespace SecureFed.Learning.Trees;

/// <summary>Public cells of one column: finer near the value of least magnitude, so that heavy tails cost few cells.</summary>
/// <remarks>
/// Bounds that hold 0: edges at L·u³ below and U·u³ above it, u equally spaced, both sides with cells in proportion to the cube root of their reach. Otherwise the same from the
/// bound nearest to 0. No cell is wider than 3/C of its side, and of a side of two millions a cell at 2,000 is 120 wide with 512 cells. Products only, so that every platform
/// computes the same edges.
/// </remarks>
public sealed class TreeGrid
{
    private readonly double[] edges;

    /// <param name="column">Name and public bounds.</param>
    /// <param name="cells">C, at least 2.</param>
    public TreeGrid(FeatureSchema column, int cells)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(cells, 2);
        (double lower, double upper) = (column.LowerBound, column.UpperBound);
        double anchor = Math.Clamp(0, lower, upper);
        double below = Root(anchor - lower);
        double above = Root(upper - anchor);
        int left = below + above > 0 ? (int)Math.Round(cells * below / (below + above)) : 0;
        left = Math.Clamp(left, below > 0 ? 1 : 0, above > 0 ? cells - 1 : cells);
        edges = new double[cells - 1];
        for (int edge = 0; edge < edges.Length; edge++)
        {
            int steps = edge + 1 - left;
            double reach = steps < 0 ? lower - anchor : upper - anchor;
            double u = (double)Math.Abs(steps) / (steps < 0 ? left : cells - left);
            edges[edge] = steps == 0 ? anchor : anchor + (reach * u * u * u);
        }
    }

    /// <summary>C.</summary>
    public int Cells => edges.Length + 1;

    /// <summary>Inner edges, ascending; a value on an edge belongs to the cell below it.</summary>
    public ReadOnlySpan<double> Edges => edges;

    /// <summary>The cell of a value; values beyond the bounds fall into the first or the last.</summary>
    public int CellOf(double value) => CellOf(edges, value);

    /// <summary>∛x, exact where it is a number of single precision: platforms differ in the last bit of their own, and a ratio of two roots is rounded.</summary>
    private static double Root(double x)
    {
        double near = (float)Math.Cbrt(x);
        return near > 0 ? near - (((near * near * near) - x) / (3 * near * near)) : 0;
    }

    /// <summary>Number of edges below the value.</summary>
    internal static int CellOf(ReadOnlySpan<double> edges, double value)
    {
        int low = 0;
        int high = edges.Length;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (value <= edges[middle])
            {
                high = middle;
            }
            else
            {
                low = middle + 1;
            }
        }

        return low;
    }
}
