using System.Globalization;
using System.Text;
using System.Xml.Linq;
using SecureFed.Cli.Audit.Report;
using SecureFed.Protocol.Resources;

namespace SecureFed.Service.Tests.Explanation;

/// <summary>Charts of an explanation: well-formed whatever a feature is called and whatever the figures are.</summary>
public sealed class ExplanationChartTests
{
    private const string Hostile = "</title></svg><script>alert(\"x\")</script> & 'a' <b onload=1>";

    [Fact]
    public void Names_of_features_are_text_and_nothing_else()
    {
        foreach (string svg in Charts(Hostile))
        {
            XElement chart = XElement.Parse(svg);
            Assert.Empty(chart.Descendants("script"));
            Assert.Empty(chart.Descendants("b"));
            Assert.Contains(chart.Descendants().Where(e => !e.HasElements), e => e.Value.Contains(Hostile, StringComparison.Ordinal));
        }
    }

    [Fact]
    public void Coordinates_are_numbers_within_the_picture_and_in_invariant_form()
    {
        foreach (string svg in Charts("age"))
        {
            XElement chart = XElement.Parse(svg);
            double[] box = [.. chart.Attribute("viewBox")!.Value.Split(' ').Select(n => double.Parse(n, CultureInfo.InvariantCulture))];
            foreach (XAttribute attribute in chart.Descendants().Attributes().Where(a => a.Name.LocalName is "x" or "x1" or "x2" or "cx"))
                Assert.InRange(double.Parse(attribute.Value, CultureInfo.InvariantCulture), 0, box[2]);
            foreach (XAttribute attribute in chart.Descendants().Attributes().Where(a => a.Name.LocalName is "y" or "y1" or "y2" or "cy"))
                Assert.InRange(double.Parse(attribute.Value, CultureInfo.InvariantCulture), 0, box[3]);
        }
    }

    [Fact]
    public void Figures_that_are_all_the_same_or_zero_still_give_a_picture()
    {
        EstimateView zero = new(0, 0);
        foreach (string svg in (string[])
        [
            ExplanationCharts.Line("one", "one", [(1, 0.5)]),
            ExplanationCharts.Line("flat", "flat", [(1, 0.5), (2, 0.5)]),
            ExplanationCharts.Coefficients([new("x", 0, 0, 0, 0, 0, true)]),
            ExplanationCharts.Importance([new("x", zero)]),
            ExplanationCharts.Dependence([new("x", [new(1, zero), new(1, zero)])]),
            ExplanationCharts.Calibration([new(0.5, 0.6, 10, new(0.55, 0), new(0.55, 0))]),
        ])
        {
            Assert.DoesNotContain("NaN", svg, StringComparison.Ordinal);
            Assert.DoesNotContain("∞", svg, StringComparison.Ordinal);
            XElement.Parse(svg);
        }
    }

    [Fact]
    public void Hidden_coefficients_and_unresolved_groups_say_so_in_words()
    {
        StringBuilder html = new();
        ReportExplanation.Write(html, WithExplanation(new ExplanationView(
            3,
            new(100, 5),
            [],
            [new("x", new(0.1, 0.01))],
            [new("x", [new(0, new(0.2, 0.01)), new(1, new(0.4, 0.01))])],
            new CoefficientsView([new("x", 1, 1.1, 0.5, 0.1, 2.1, false), new("(intercept)", 0, 0, 0.1, -0.2, 0.2, true)], 1, 0.5, 0.01),
            new FairnessView([new(Hostile, new(4, 8), false, null, null, null, null, null, null)], null, null))));
        XElement document = XElement.Parse($"<body>{html}</body>");
        Assert.Contains("hidden by noise", document.Value, StringComparison.Ordinal);
        Assert.Contains("too few rows to tell from noise", document.Value, StringComparison.Ordinal);
        Assert.Contains("1 of 2 directions", document.Value, StringComparison.Ordinal);
        Assert.Contains(Hostile, document.Value, StringComparison.Ordinal);
        Assert.Empty(document.Descendants("script"));
    }

    [Fact]
    public void Learning_curve_evaluations_and_drift_are_shown_where_they_are_known()
    {
        StringBuilder html = new();
        ReportExplanation.Write(html, WithExplanation(null) with
        {
            LearningCurve = [new(1, 0.7), new(2, 0.6)],
            Evaluations = [new(2, 100, 0.65, 0.8, 0.75, null), new(4, 100, 0.6, 0.8, 0.75, null)],
            Drift = [new(1, 0.1, 0.01, 0), new(2, 0.3, 0.02, 0.004)],
        });
        Assert.Equal(["learning-curve", "evaluations", "drift"], XElement.Parse($"<body>{html}</body>").Descendants("section").Select(s => s.Attribute("id")!.Value));
    }

    private static string[] Charts(string name) =>
    [
        ExplanationCharts.Coefficients([new(name, 1, 1.5, 0.2, 1.1, 1.9, true), new("other", 0, -0.5, 0.5, -1.5, 0.5, false)]),
        ExplanationCharts.Importance([new(name, new(0.25, 0.02)), new("other", new(-0.01, 0.02))]),
        ExplanationCharts.Dependence([new(name, [new(-1, new(0.1, 0.02)), new(0, new(0.5, 0.02)), new(4, new(0.7, 0.3))]), new("other", [new(0, new(0.3, 0.1))])]),
    ];

    private static ReportContent WithExplanation(ExplanationView? explanation) => new()
    {
        Verified = true,
        Pinned = true,
        Headline = "",
        Title = "",
        Task = null,
        Origin = null,
        Entries = null,
        Root = null,
        Summary = [],
        Steps = [],
        Budget = null,
        Rounds = [],
        Encryption = null,
        Parameters = [],
        PrivacyStatement = [],
        Lineage = [],
        Custody = [],
        Approvals = [],
        ApprovalNote = "",
        Enrolment = [],
        Deviations = [],
        Leakage = [],
        Explanation = explanation,
        Evaluations = [],
        Drift = [],
    };
}
