using SecureFed.Learning.Data;
using SecureFed.Learning.Models;
using SecureFed.Learning.Vectors;

namespace SecureFed.Learning.Explanation;

/// <summary>What the explanation round of a task sums: one segment of several parts. Follows from the task's public parameters alone.</summary>
/// <remarks>
/// <para>Every part is a sum over rows of a vector of one row. Where rows are protected, that vector is what is noised; otherwise a client sends the sum of its rows' vectors
/// divided by the public greatest number of rows, each part shortened to its bound. Bounds C, per row:</para>
/// <list type="table">
/// <item><term><see cref="Calibration"/></term><description>in the row's bin (1, y, 10·(p - centre)), zeros elsewhere: C² = 1² + 1² + ½² = 1.5².</description></item>
/// <item><term><see cref="Importance"/></term><description>d_j = loss with feature j replaced - loss, shortened to norm D: <see cref="ImportanceLimit"/>.</description></item>
/// <item><term><see cref="ImportanceSquares"/></term><description>d_j²: norm at most ‖d‖² ≤ D².</description></item>
/// <item><term><see cref="Dependence"/></term><description>F·G numbers p - ½ in [-½, ½]: √(F·G)/2.</description></item>
/// <item><term><see cref="Information"/></term><description>see <see cref="InformationRow"/>. Up to <see cref="GreatestInformationFeatures"/> features.</description></item>
/// <item><term><see cref="Residuals"/></term><description>linear models: squared residual over the limit squared, in [0, 1].</description></item>
/// <item><term><see cref="Fairness"/></term><description>in the row's group: one of four cells by label and class 1, and p - ½: √1.25.</description></item>
/// </list>
/// <para>A part is sent times a/C, Σ a² = 1 over the parts, so that the norm of the whole is at most 1 and a part's noise is that of the round times C/a. As segments of their own the
/// parts would share the budget by their lengths (every coordinate has the same noise), whatever they need: the matrix needs most, or small eigenvalues drown.</para>
/// <para>What a row contributes depends on that row alone, on the released model and on public numbers: taking it away changes nothing but its own vector. A permutation among the
/// rows of a client (Breiman 2001, section 10) would not do: a row's value would stand in another row's loss too, so that one record moved two losses and, by the shuffle, the partners of all others.
/// So with rows protected the loss is averaged over a public marginal instead (<see cref="DependenceGrid"/>), which is the expectation that permutation estimates
/// (Fisher, Rudin and Dominici 2019, section 3) but for the shape of the marginal. Where clients or nobody are protected, the client's rows are permuted.</para>
/// </remarks>
public sealed class ExplanationPlan
{
    /// <summary>The only segment.</summary>
    public const string Segment = "explanation";

    /// <summary>Part: per bin of the prediction rows, labels and predictions.</summary>
    public const string Calibration = "calibration";

    /// <summary>Part: per feature the increase of the loss.</summary>
    public const string Importance = "importance";

    /// <summary>Part: per feature the squared increase of the loss.</summary>
    public const string ImportanceSquares = "importance-squares";

    /// <summary>Part: per feature and grid point the prediction.</summary>
    public const string Dependence = "dependence";

    /// <summary>Part: information matrix and gradient.</summary>
    public const string Information = "information";

    /// <summary>Part: squared residuals of a linear model.</summary>
    public const string Residuals = "residuals";

    /// <summary>Part: counts per group.</summary>
    public const string Fairness = "fairness";

    /// <summary>Bins of the prediction on [0, 1].</summary>
    public const int Bins = 10;

    /// <summary>A model with more features gets no confidence intervals: the matrix grows with the square of their number.</summary>
    public const int GreatestInformationFeatures = 64;

    internal const int BinFields = 3;
    internal const int GroupFields = 5;
    internal const double BinBound = 1.5;

    /// <param name="schema">The task's features, label and bounds.</param>
    /// <param name="link">Logistic if scores are logits.</param>
    /// <param name="isLinear">Whether the score is linear in the features, so that coefficients have intervals.</param>
    /// <param name="isRecordLevel">Whether single rows are protected.</param>
    /// <param name="groups">Groups to compare, at most 16; empty for none.</param>
    /// <exception cref="ArgumentException">Groups of a model that predicts no class, a group of no feature, or more than 16.</exception>
    public ExplanationPlan(DataSchema schema, ModelKind link, bool isLinear, bool isRecordLevel, IReadOnlyList<FairnessGroup> groups)
    {
        if (groups.Count > 16 || groups.Any(g => g.Feature < 0 || g.Feature >= schema.Features.Count) || (groups.Count > 0 && link != ModelKind.Logistic))
        {
            throw new ArgumentException("At most 16 groups are compared, each of a feature, for a model that predicts a class.", nameof(groups));
        }

        Schema = schema;
        Link = link;
        IsRecordLevel = isRecordLevel;
        Groups = [.. groups];
        HasInformation = isLinear && schema.Features.Count <= GreatestInformationFeatures;
        int features = schema.Features.Count;
        double limit = ImportanceLimit;
        Row = HasInformation ? new InformationRow(features, link, isRecordLevel) : null;
        (string Name, int Length, double Bound, double Need)[] needs =
        [
            (Calibration, BinFields * Bins, BinBound, 7),
            (Importance, features, limit, 8),
            (ImportanceSquares, features, limit * limit, 2),
            (Dependence, features * DependenceGrid.Points, Math.Sqrt(features * DependenceGrid.Points) / 2, 6),
            (Information, Row?.Length ?? 0, Row?.NormBound ?? 1, 70),
            (Residuals, HasInformation && link == ModelKind.Linear ? 1 : 0, 1, 2),
            (Fairness, groups.Count > 0 ? GroupFields * (groups.Count + 1) : 0, Math.Sqrt(1.25), 7),
        ];
        double whole = needs.Where(n => n.Length > 0).Sum(n => n.Need);
        List<ExplanationPart> parts = [];
        foreach ((string name, int length, double bound, double need) in needs.Where(n => n.Length > 0))
        {
            parts.Add(new ExplanationPart(name, parts.Sum(p => p.Length), length, bound, need / whole));
        }

        Parts = parts;
        Layout = new VectorLayout(new VectorSegment(Segment, parts.Sum(p => p.Length), 1));
    }

    /// <summary>The task's features and label.</summary>
    public DataSchema Schema { get; }

    /// <summary>What scores are.</summary>
    public ModelKind Link { get; }

    /// <summary>Whether single rows are protected.</summary>
    public bool IsRecordLevel { get; }

    /// <summary>Groups that are compared; rows of none of them are counted as one more.</summary>
    public IReadOnlyList<FairnessGroup> Groups { get; }

    /// <summary>Whether coefficients get confidence intervals.</summary>
    public bool HasInformation { get; }

    /// <summary>Segments of every vector.</summary>
    public VectorLayout Layout { get; }

    /// <summary>D: norm to which the increases of one row's (without row protection one client's mean) losses are shortened.</summary>
    /// <remarks>Rows whose loss jumps further count for less, which makes features that a few rows depend on look less important. A larger limit would cost as much more noise.</remarks>
    public double ImportanceLimit => (IsRecordLevel, Link) switch { (false, _) => 8, (true, ModelKind.Linear) => 2, _ => 1 };

    internal InformationRow? Row { get; }

    internal IReadOnlyList<ExplanationPart> Parts { get; }

    /// <summary>Takes a part out of a vector.</summary>
    internal Span<double> Slice(Span<double> vector, string name)
    {
        foreach (ExplanationPart part in Parts)
        {
            if (string.Equals(part.Name, name, StringComparison.Ordinal))
            {
                return vector.Slice(part.Offset, part.Length);
            }
        }

        throw new ArgumentException($"This explanation has no part '{name}'.", nameof(name));
    }

    /// <summary>The group of a row as it is, not standardised; the number of groups if it is in none.</summary>
    internal int GroupOf(ReadOnlySpan<double> features)
    {
        for (int g = 0; g < Groups.Count; g++)
        {
            if (features[Groups[g].Feature].Equals(Groups[g].Value))
            {
                return g;
            }
        }

        return Groups.Count;
    }
}
