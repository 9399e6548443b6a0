using SecureFed.Learning.Data;
using SecureFed.Learning.Models;
using SecureFed.Learning.Preprocessing;
using SecureFed.Learning.Vectors;

namespace SecureFed.Learning.Explanation;

/// <summary>Reads the sum of an explanation round. A function of released and public numbers: it costs no privacy, and an auditor computes it again.</summary>
/// <remarks>
/// Errors are of first order in the noise. The sampling part of a mean whose variance is not summed is that of a number in [0, 1] with this mean, √(m(1 - m)/n), the largest there is
/// (Bhatia and Davis 2000).
/// </remarks>
public sealed class ExplanationSum
{
    private const double Resolution = 3;
    private readonly ExplanationPlan plan;
    private readonly double[] sum;
    private readonly double noise;
    private readonly double rows;
    private readonly double rowNoise;

    /// <param name="plan">The task's.</param>
    /// <param name="sum">Sum over the surviving clients in the plan's layout.</param>
    /// <param name="noiseDeviations">Of the only segment, standard deviation of each coordinate's noise; 0 without noise.</param>
    /// <param name="maxRows">What clients divided by where rows are not protected; not used otherwise.</param>
    /// <exception cref="LearningException"><c>no-weight</c>: the number of rows is not told from 0.</exception>
    public ExplanationSum(ExplanationPlan plan, ReadOnlySpan<double> sum, ReadOnlySpan<double> noiseDeviations, int maxRows)
    {
        NoiseDeviations.Require(plan.Layout, noiseDeviations);
        this.plan = plan;
        double unit = plan.IsRecordLevel ? 1 : maxRows;
        this.sum = plan.Layout.Slice(sum, ExplanationPlan.Segment).ToArray();
        foreach (ExplanationPart part in plan.Parts)
        {
            foreach (ref double number in this.sum.AsSpan(part.Offset, part.Length))
            {
                number *= unit / part.Scale;
            }
        }

        noise = noiseDeviations[0] * unit;
        ReadOnlySpan<double> bins = Part(ExplanationPlan.Calibration);
        for (int bin = 0; bin < ExplanationPlan.Bins; bin++)
        {
            rows += bins[ExplanationPlan.BinFields * bin];
        }

        rowNoise = NoiseOf(ExplanationPlan.Calibration) * Math.Sqrt(ExplanationPlan.Bins);
        rows = Count(rows);
        if (!(rows >= Math.Max(0.5, Resolution * rowNoise)))
        {
            throw new LearningException("no-weight", "The number of rows is not told from 0 by the sum.", "Repeat the explanation with more rows or more budget.");
        }
    }

    /// <summary>What the sum tells of the model.</summary>
    /// <param name="standardizer">What the model was trained with; of trees <see cref="ExplainedModel.Marginal"/>.</param>
    /// <param name="parameters">Weights and intercept of a linear or logistic model; empty for others.</param>
    /// <param name="penalty">λ of the task.</param>
    public ModelExplanation Read(Standardizer standardizer, ReadOnlySpan<double> parameters, double penalty) => new(
        rows,
        rowNoise,
        ReadCalibration(),
        ReadImportance(),
        ReadDependence(standardizer),
        plan.Row is { } row && parameters.Length == plan.Schema.Features.Count + 1 ? ReadCoefficients(row, parameters, penalty) : null,
        plan.Groups.Count > 0 ? ReadGroups() : null);

    private List<CalibrationBin> ReadCalibration()
    {
        ReadOnlySpan<double> sums = Part(ExplanationPlan.Calibration);
        double sigma = NoiseOf(ExplanationPlan.Calibration);
        List<CalibrationBin> bins = [];
        for (int bin = 0; bin < ExplanationPlan.Bins; bin++)
        {
            ReadOnlySpan<double> own = sums.Slice(ExplanationPlan.BinFields * bin, ExplanationPlan.BinFields);
            double count = Count(own[0]);
            if (!(count >= Math.Max(0.5, Resolution * sigma)))
            {
                continue;
            }

            double width = 1.0 / ExplanationPlan.Bins;
            double prediction = Math.Clamp(own[2] / count, -0.5, 0.5);
            double predictionError = Hypotenuse(NoiseDeviations.OfRatio(own[2], sigma, count, sigma), 0.5 / Math.Sqrt(count));
            double outcome = Math.Clamp(own[1] / count, 0, 1);
            double smoothed = ((outcome * count) + 1) / (count + 2);
            double outcomeError = Hypotenuse(NoiseDeviations.OfRatio(own[1], sigma, count, sigma), Math.Sqrt(smoothed * (1 - smoothed) / count));
            bins.Add(new CalibrationBin(
                FromUnit(bin * width),
                FromUnit((bin + 1) * width),
                count,
                new Estimate(FromUnit((bin + 0.5 + prediction) * width), Range * width * predictionError),
                new Estimate(FromUnit(outcome), Range * outcomeError)));
        }

        return bins;
    }

    private FeatureImportance[] ReadImportance()
    {
        var importance = new FeatureImportance[plan.Schema.Features.Count];
        for (int j = 0; j < importance.Length; j++)
        {
            double increase = Part(ExplanationPlan.Importance)[j];
            double mean = increase / rows;
            double disturbed = NoiseDeviations.OfRatio(increase, NoiseOf(ExplanationPlan.Importance), rows, rowNoise);
            double spread = Math.Max(0, (Part(ExplanationPlan.ImportanceSquares)[j] / rows) - (mean * mean));
            importance[j] = new FeatureImportance(plan.Schema.Features[j].Name, new Estimate(mean, Hypotenuse(disturbed, Math.Sqrt(spread / rows))));
        }

        return importance;
    }

    private DependenceCurve[] ReadDependence(Standardizer standardizer)
    {
        var curves = new DependenceCurve[plan.Schema.Features.Count];
        for (int j = 0; j < curves.Length; j++)
        {
            FeatureSchema feature = plan.Schema.Features[j];
            double[] values = DependenceGrid.Of(feature, standardizer.Means[j], standardizer.Scales[j]);
            ReadOnlySpan<double> sums = Part(ExplanationPlan.Dependence).Slice(j * DependenceGrid.Points, DependenceGrid.Points);
            var points = new DependencePoint[values.Length];
            for (int k = 0; k < values.Length; k++)
            {
                double mean = Math.Clamp(0.5 + (sums[k] / rows), 0, 1);
                double disturbed = NoiseDeviations.OfRatio(sums[k], NoiseOf(ExplanationPlan.Dependence), rows, rowNoise);
                points[k] = new DependencePoint(values[k], new Estimate(FromUnit(mean), Range * Hypotenuse(disturbed, Math.Sqrt(mean * (1 - mean) / rows))));
            }

            curves[j] = new DependenceCurve(feature.Name, points);
        }

        return curves;
    }

    private CoefficientEstimates ReadCoefficients(InformationRow row, ReadOnlySpan<double> parameters, double penalty)
    {
        double variance = 1;
        if (plan.Link == ModelKind.Linear)
        {
            double squares = Part(ExplanationPlan.Residuals)[0] * InformationRow.ResidualLimit * InformationRow.ResidualLimit;
            variance = Math.Max(0, squares) / Math.Max(1, rows - parameters.Length);
        }

        string[] names = [.. plan.Schema.Features.Select(f => f.Name), "(intercept)"];
        return OneStepEstimate.Of(names, parameters, Part(ExplanationPlan.Information), row, NoiseOf(ExplanationPlan.Information), penalty, variance, rows, plan.Link);
    }

    private GroupComparison ReadGroups()
    {
        double sigma = NoiseOf(ExplanationPlan.Fairness);
        List<GroupMetrics> groups = [];
        for (int g = 0; g <= plan.Groups.Count; g++)
        {
            double[] cells = Part(ExplanationPlan.Fairness).Slice(ExplanationPlan.GroupFields * g, ExplanationPlan.GroupFields).ToArray();
            for (int cell = 0; cell < ExplanationPlan.GroupFields - 1; cell++)
            {
                cells[cell] = Count(cells[cell]);
            }

            bool isOther = g == plan.Groups.Count;
            if (!isOther || cells[..^1].Sum() >= Math.Max(0.5, Resolution * 2 * sigma))
            {
                groups.Add(GroupCounts.Read(isOther ? "(other values)" : plan.Groups[g].Name, cells, sigma));
            }
        }

        return new GroupComparison(groups, GroupCounts.Gap(groups, g => g.PositiveRate), GroupCounts.Gap(groups, g => g.TruePositiveRate));
    }

    private ReadOnlySpan<double> Part(string name) => plan.Slice(sum, name);

    private double NoiseOf(string name) => noise / plan.Parts.First(p => string.Equals(p.Name, name, StringComparison.Ordinal)).Scale;

    /// <summary>Without noise a count is whole but for the rounding of the sum.</summary>
    private double Count(double value) => noise > 0 ? value : Math.Round(value);

    private double Range => plan.Link == ModelKind.Logistic ? 1 : plan.Schema.Label.UpperBound - plan.Schema.Label.LowerBound;

    private double FromUnit(double share) => plan.Link == ModelKind.Logistic ? share : plan.Schema.Label.LowerBound + (share * Range);

    private static double Hypotenuse(double a, double b) => Math.Sqrt((a * a) + (b * b));
}
