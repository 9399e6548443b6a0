using System.Globalization;
using System.Text;

namespace SecureFed.Cli.Audit.Report;

/// <summary>The charts of a report as inline SVG. Coordinates are computed, texts are numbers: nothing from the log needs escaping here.</summary>
internal static class ReportCharts
{
    private const double Width = 900;
    private const double Height = 240;
    private const double Left = 50;
    private const double Top = 14;
    private const double Bottom = Height - 26;

    /// <summary>ε after each round as steps, against the cap.</summary>
    public static string Budget(ReportBudget budget)
    {
        double most = Math.Max(budget.Cap, budget.Points.Select(p => p.Epsilon).DefaultIfEmpty(0).Max());
        StringBuilder svg = Open("Epsilon after each round against the cap", Math.Max(1, budget.Points.Count), most);
        StringBuilder steps = new(Format($"M {Left} {Y(0, most)}"));
        for (int i = 0; i < budget.Points.Count; i++)
            steps.Append(Format($" V {Y(budget.Points[i].Epsilon, most)} H {X(i + 1, budget.Points.Count)}"));
        svg.Append(Format($"<path class=\"step\" d=\"{steps}\"/>\n<path class=\"cap\" d=\"M {Left} {Y(budget.Cap, most)} H {Width}\"/>\n"));
        svg.Append(Format($"<text class=\"bound\" x=\"{Left + 6}\" y=\"{Y(budget.Cap, most) + 14}\">")).Append(string.Create(CultureInfo.InvariantCulture, $"cap {budget.Cap:G4}</text>\n"));
        return svg.Append("</svg>\n").ToString();
    }

    /// <summary>Bars of survivors and dropouts with a line at the minimum.</summary>
    public static string Participants(IReadOnlyList<ReportRound> rounds)
    {
        double most = Math.Max(1, rounds.Select(r => r.Cohort).DefaultIfEmpty(1).Max());
        StringBuilder svg = Open("Updates in the sum of each round against the least number of survivors", Math.Max(1, rounds.Count), most);
        double width = (Width - Left) / Math.Max(1, rounds.Count);
        for (int i = 0; i < rounds.Count; i++)
        {
            double x = X(i, rounds.Count) + 0.15 * width;
            svg.Append(Format($"<rect class=\"lost\" x=\"{x}\" y=\"{Y(rounds[i].Cohort, most)}\" width=\"{0.7 * width}\" height=\"{Bottom - Y(rounds[i].Cohort, most)}\"/>"));
            svg.Append(Format($"<rect class=\"sum\" x=\"{x}\" y=\"{Y(rounds[i].Survivors, most)}\" width=\"{0.7 * width}\" height=\"{Bottom - Y(rounds[i].Survivors, most)}\"><title>round {rounds[i].Round}: {rounds[i].Survivors} of {rounds[i].Cohort}, at least {rounds[i].Least}</title></rect>"));
            if (rounds[i].Least > 0)
                svg.Append(Format($"<line class=\"least\" x1=\"{x}\" x2=\"{x + 0.7 * width}\" y1=\"{Y(rounds[i].Least, most)}\" y2=\"{Y(rounds[i].Least, most)}\"/>"));
            svg.Append('\n');
        }

        // The bound can differ between rounds; it is written where it begins and wherever it changes.
        int written = 0;
        for (int i = 0; i < rounds.Count; i++)
        {
            if (rounds[i].Least == written || rounds[i].Least == 0)
                continue;
            written = rounds[i].Least;
            svg.Append(Format($"<text class=\"bound\" x=\"{X(i, rounds.Count) + 0.15 * width + 4}\" y=\"{Y(written, most) + 14}\">at least {written}</text>\n"));
        }

        return svg.Append("</svg>\n").ToString();
    }

    private static StringBuilder Open(string title, int rounds, double most)
    {
        StringBuilder svg = new(Format($"<svg viewBox=\"0 0 {Width} {Height}\" role=\"img\" aria-label=\"{title}\">\n"));
        foreach (double value in (double[])[0, most / 2, most])
        {
            svg.Append(Format($"<line class=\"axis\" x1=\"{Left}\" x2=\"{Width}\" y1=\"{Y(value, most)}\" y2=\"{Y(value, most)}\"/>"));
            svg.Append(string.Create(CultureInfo.InvariantCulture, $"<text x=\"4\" y=\"{Y(value, most) + 4:0.##}\">{value:G3}</text>\n"));
        }

        svg.Append(Format($"<text x=\"{Left}\" y=\"{Height - 6}\">round 1</text><text x=\"{Width}\" y=\"{Height - 6}\" text-anchor=\"end\">round {rounds}</text>\n"));
        return svg;
    }

    private static double X(int place, int of) => Left + (Width - Left) * place / Math.Max(1, of);

    private static double Y(double value, double most) => Bottom - (Bottom - Top) * value / most;

    private static string Format(FormattableString text) => string.Format(CultureInfo.InvariantCulture, text.Format, [.. text.GetArguments().Select(a => a is double number ? Math.Round(number, 2) : a)]);
}
