using System.Globalization;
using System.Text;
using SecureFed.Protocol.Resources;

namespace SecureFed.Cli.Audit.Report;

/// <summary>The sections of a report that say what the model goes by, each with what its numbers mean and what they do not.</summary>
internal static class ReportExplanation
{
    private const int ShownCurves = 12;
    private const double RoughFrom = 0.1;

    public static void Write(StringBuilder html, ReportContent report)
    {
        if (report.LearningCurve is { Count: > 0 } losses)
        {
            Chart(
                html,
                "Learning curve",
                "learning-curve",
                ExplanationCharts.Line("Loss after each training round", "Mean loss on test rows after each training round.", [.. losses.Select(l => (l.Round, l.Loss))]),
                "Mean loss on test rows that the maker of this report holds; not in the log, and not seen by the server. A line that still falls at the end says that more rounds could help; it does not say what they would cost.");
        }

        if (report.Evaluations is { Count: > 0 } evaluations)
        {
            Chart(
                html,
                "Evaluation on the clients' rows",
                "evaluations",
                evaluations.Count < 2 ? "" : ExplanationCharts.Line("Loss in each evaluation", "Mean loss over the rows of the clients in each evaluation round.", [.. evaluations.Select(e => (e.Round, e.Loss))]),
                "Sums over the rows on which the model was trained, noise included where the task has any; early stopping goes by these losses. They say how well the model fits those rows, not how it does on others.",
                () => ReportHtml.Grid(
                    html,
                    ["round", "rows", "loss", "AUC", "accuracy", "RMSE"],
                    evaluations.Select(e => (string[])[Number(e.Round, "0"), Number(e.Rows, "0"), Number(e.Loss, "0.0000"), Text(e.Auc), Text(e.Accuracy), Text(e.Rmse)]),
                    null));
        }

        if (report.Drift is { Count: > 0 } drift)
        {
            string noise = drift.All(d => d.Deviation == 0) ? "" : $" The noise in them has a standard deviation of up to {Number(drift.Max(d => d.Deviation), "0.####")}.";
            Chart(
                html,
                "Drift",
                "drift",
                ExplanationCharts.Line("Drift in each training round", "Mean squared distance of the clients' updates from their mean in each training round.", [.. drift.Select(d => (d.Round, d.Dispersion))]),
                $"Mean squared distance of the clients' updates from their mean; in the last round {Number(drift[^1].Dispersion, "0.####")}, where the mean's own squared length was {Number(drift[^1].SquaredMeanNorm, "0.####")}. A distance far above that length says that the clients pull in different directions; it does not say who.{noise}");
        }

        if (report.Explanation is { } explanation)
            Write(html, explanation);
    }

    private static void Write(StringBuilder html, ExplanationView explanation)
    {
        if (explanation.Calibration.Count > 0)
        {
            Chart(
                html,
                "Calibration",
                "calibration",
                ExplanationCharts.Calibration(explanation.Calibration),
                $"Over {Number(explanation.Rows.Value, "0")} rows (± {Number(explanation.Rows.Error, "0")}) on which the model was trained. Points on the diagonal: of the rows to which the model gives 30 %, about 30 % turn out positive. It does not say that the model tells rows apart well, nor that it is calibrated on other rows or within groups. Tenths with too few rows are left out.");
        }

        if (explanation.Coefficients is { } coefficients)
        {
            string hidden = coefficients.Unresolved == 0
                ? ""
                : $" The noise of the round hides {coefficients.Unresolved} of {coefficients.All.Count} directions, as of columns that go together; there the coefficients are assumed to lie within a standard deviation of {Number(coefficients.AssumedDeviation, "0.##")} of the released ones, and intervals that rest mostly on that are grey.";
            Chart(
                html,
                "Coefficients with 95 % intervals",
                "coefficients",
                ExplanationCharts.Coefficients(coefficients.All),
                $"Change of the logit (of the label, for a linear model) for one standard deviation of a feature, the others kept. One Newton step from the released model; the interval covers sampling and the round's noise, for the penalised coefficients of this form of model. It neglects what is of second order in that step (distance to the optimum {Number(coefficients.Decrement, "0.000")}{(coefficients.Decrement >= RoughFrom ? ": so far that one step is a rough guess, and intervals can miss by more than they say" : "")}) and in the noise of the matrix. A coefficient is no cause, and features that go together share theirs.{hidden}",
                () => ReportHtml.Grid(
                    html,
                    ["coefficient", "released", "one step on", "standard error", "from", "to", ""],
                    coefficients.All.Select(c => (string[])[c.Feature, Number(c.Released), Number(c.Value), Number(c.Error), Number(c.Lower), Number(c.Upper), c.Resolved ? "" : "hidden by noise"]),
                    null));
        }

        Chart(
            html,
            "Importance",
            "importance",
            ExplanationCharts.Importance(explanation.Importance),
            "By how much the mean loss grows when a feature's values are replaced by others that tell nothing about the row: by those of the client's other rows, or, where single rows are protected, by a normal distribution with the released mean and deviation. Where noise has drowned the deviation of a column, that one is too wide and the column looks too important. It says what this model uses, not what matters in the world; of two features that go together each can look unimportant. Bars that reach zero within their interval say nothing. A feature that differs between clients but not within them looks less important than it is where rows are permuted.");
        DependenceView[] curves = [.. explanation.Importance.Zip(explanation.Dependence).OrderByDescending(f => f.First.Increase.Value).Take(ShownCurves).Select(f => f.Second)];
        Chart(
            html,
            "Partial dependence",
            "dependence",
            ExplanationCharts.Dependence(curves),
            $"Mean prediction when one feature is set to a value in all rows; {(curves.Length < explanation.Dependence.Count ? $"the {curves.Length} most important features of {explanation.Dependence.Count}" : "all features")}, most important first. From two standard deviations below the mean to two above, within the public bounds. Combinations of values that never occur are counted like others, so a curve says what the model would answer, not what happens.");
        if (explanation.Fairness is { } fairness)
            Fairness(html, fairness);
    }

    private static void Fairness(StringBuilder html, FairnessView fairness)
    {
        ReportHtml.Section(html, "Groups", "fairness");
        ReportHtml.Grid(
            html,
            ["group", "rows", "positive labels", "predicted positive", "mean prediction", "accuracy", "true positive rate", "false positive rate"],
            fairness.Groups.Select(g => (string[])[g.Group, Number(g.Rows.Value, "0"), g.Resolved ? Share(g.BaseRate) : "too few rows to tell from noise", Share(g.PositiveRate), Share(g.MeanPrediction), Share(g.Accuracy), Share(g.TruePositiveRate), Share(g.FalsePositiveRate)]),
            null);
        ReportHtml.Grid(
            html,
            ["difference between groups", "greatest less smallest"],
            [["demographic parity: predicted positive", Share(fairness.DemographicParityDifference)], ["equal opportunity: true positive rate", Share(fairness.EqualOpportunityDifference)]],
            null);
        html.Append("<p class=\"note\">Class 1 is predicted from probability ½ on. Each figure with one standard error of sampling and noise. A difference of zero is not fairness, and one above zero is not its absence: the measures contradict each other where base rates differ, and labels can carry the injustice that they are to measure. The greatest of several noisy differences is on average too large.</p>\n</section>\n");
    }

    private static void Chart(StringBuilder html, string title, string id, string svg, string note, Action? writeTable = null)
    {
        ReportHtml.Section(html, title, id);
        html.Append(svg).Append("<p class=\"note\">").Append(ReportHtml.Escape(note)).Append("</p>\n");
        writeTable?.Invoke();
        html.Append("</section>\n");
    }

    private static string Share(EstimateView? estimate) => estimate is null ? "not resolved" : $"{Number(estimate.Value, "0.000")} ± {Number(estimate.Error, "0.000")}";

    private static string Text(double? value) => value is { } known ? Number(known) : "";

    private static string Number(double value, string format = "0.0000") => value.ToString(format, CultureInfo.InvariantCulture);
}
