using System.Globalization;
using System.Text;
using SecureFed.Protocol.Resources;

namespace SecureFed.Cli.Audit.Report;

/// <summary>The charts of an explanation as inline SVG, in the style of <see cref="ReportCharts"/>. Names of features come from the log: every one is escaped.</summary>
internal static class ExplanationCharts
{
    private const double Width = 900;
    private const double Quantile = 1.959963984540054;
    private const int NameLength = 34;

    /// <summary>A value after each round as a line.</summary>
    public static string Line(string title, string description, IReadOnlyList<(int Round, double Value)> points)
    {
        Frame frame = new(50, 14, Width - 10, 214);
        double most = points.Max(p => p.Value);
        double least = Math.Min(points.Min(p => p.Value), most - 1e-12);
        StringBuilder svg = Open(title, description, 240);
        foreach (double value in (double[])[least, (least + most) / 2, most])
            svg.Append(F($"<line class=\"axis\" x1=\"{frame.Left}\" x2=\"{frame.Right}\" y1=\"{frame.Y(value, least, most)}\" y2=\"{frame.Y(value, least, most)}\"/>")).Append(Label(4, frame.Y(value, least, most) + 4, Short(value)));
        svg.Append("\n<path class=\"step\" d=\"").Append(PathOf(points.Select((p, i) => (frame.X(i, 0, Math.Max(1, points.Count - 1)), frame.Y(p.Value, least, most))))).Append("\"/>\n");
        for (int i = 0; i < points.Count; i++)
            svg.Append(F($"<circle class=\"dot\" cx=\"{frame.X(i, 0, Math.Max(1, points.Count - 1))}\" cy=\"{frame.Y(points[i].Value, least, most)}\" r=\"3\"><title>round {points[i].Round}: {Short(points[i].Value)}</title></circle>\n"));
        svg.Append(Label(frame.Left, 234, F($"round {points[0].Round}"))).Append(Label(frame.Right, 234, F($"round {points[^1].Round}"), "end"));
        return Close(svg);
    }

    /// <summary>Outcome against prediction with 95 % bars; the diagonal is a calibrated model.</summary>
    public static string Calibration(IReadOnlyList<CalibrationView> bins)
    {
        const double height = 380;
        double least = bins.Min(b => Math.Min(b.Lower, b.Outcome.Value));
        double most = bins.Max(b => Math.Max(b.Upper, b.Outcome.Value));
        Frame frame = new(60, 14, 420, height - 40);
        StringBuilder svg = Open("Calibration curve", "Mean outcome against mean prediction in each tenth of the range, with 95 percent intervals. The dashed diagonal is a calibrated model.", height);
        foreach (double value in (double[])[least, (least + most) / 2, most])
        {
            svg.Append(F($"<line class=\"axis\" x1=\"{frame.Left}\" x2=\"{frame.Right}\" y1=\"{frame.Y(value, least, most)}\" y2=\"{frame.Y(value, least, most)}\"/>"));
            svg.Append(Label(4, frame.Y(value, least, most) + 4, Short(value))).Append(Label(frame.X(value, least, most), height - 22, Short(value), "middle"));
        }

        svg.Append(F($"\n<line class=\"ideal\" x1=\"{frame.Left}\" y1=\"{frame.Bottom}\" x2=\"{frame.Right}\" y2=\"{frame.Top}\"/>\n")).Append(Label(frame.Left, height - 4, "mean prediction, to the right; mean outcome, upwards"));
        foreach (CalibrationView bin in bins)
        {
            double x = frame.X(bin.Prediction.Value, least, most);
            double low = Math.Clamp(bin.Outcome.Value - (Quantile * bin.Outcome.Error), least, most);
            double high = Math.Clamp(bin.Outcome.Value + (Quantile * bin.Outcome.Error), least, most);
            svg.Append(F($"<line class=\"whisker\" x1=\"{x}\" x2=\"{x}\" y1=\"{frame.Y(low, least, most)}\" y2=\"{frame.Y(high, least, most)}\"/>"));
            svg.Append(F($"<circle class=\"dot\" cx=\"{x}\" cy=\"{frame.Y(bin.Outcome.Value, least, most)}\" r=\"4\"><title>predicted {Short(bin.Prediction.Value)}, happened {Short(bin.Outcome.Value)} ± {Short(bin.Outcome.Error)}, {Short(Math.Round(bin.Rows))} rows</title></circle>\n"));
        }

        return Close(svg);
    }

    /// <summary>Coefficients with their 95 % intervals, largest first; grey where noise hides them.</summary>
    public static string Coefficients(IReadOnlyList<CoefficientView> coefficients)
    {
        CoefficientView[] sorted = [.. coefficients.OrderByDescending(c => Math.Abs(c.Value))];
        double most = Math.Max(1e-9, sorted.Max(c => Math.Max(Math.Abs(c.Lower), Math.Abs(c.Upper))));
        return Rows(
            "Coefficients with 95 percent intervals",
            "One line for each standardised feature, largest coefficient first. Grey: the round's noise hides the coefficient.",
            sorted,
            -most,
            most,
            c => c.Feature,
            (svg, c, x, y) =>
            {
                svg.Append(F($"<line class=\"{(c.Resolved ? "whisker" : "hidden")}\" x1=\"{x(c.Lower)}\" x2=\"{x(c.Upper)}\" y1=\"{y}\" y2=\"{y}\"/>"));
                svg.Append(F($"<circle class=\"dot\" cx=\"{x(c.Value)}\" cy=\"{y}\" r=\"4\"><title>{Escape(c.Feature)}: {Short(c.Value)}, 95 % interval {Short(c.Lower)} to {Short(c.Upper)}{(c.Resolved ? "" : ", hidden by noise")}</title></circle>"));
            });
    }

    /// <summary>Increases of the loss as bars with 95 % whiskers, largest first.</summary>
    public static string Importance(IReadOnlyList<ImportanceView> importance)
    {
        ImportanceView[] sorted = [.. importance.OrderByDescending(i => i.Increase.Value)];
        double most = Math.Max(1e-12, sorted.Max(i => i.Increase.Value + (Quantile * i.Increase.Error)));
        double least = Math.Min(0, sorted.Min(i => i.Increase.Value - (Quantile * i.Increase.Error)));
        return Rows(
            "Importance of features",
            "Increase of the mean loss when a feature's values tell nothing about the row, with 95 percent intervals, largest first.",
            sorted,
            least,
            most,
            i => i.Feature,
            (svg, i, x, y) =>
            {
                (double from, double to) = (Math.Min(x(0), x(i.Increase.Value)), Math.Max(x(0), x(i.Increase.Value)));
                svg.Append(F($"<rect class=\"sum\" x=\"{from}\" y=\"{y - 6}\" width=\"{to - from}\" height=\"12\"><title>{Escape(i.Feature)}: {Short(i.Increase.Value)} ± {Short(i.Increase.Error)}</title></rect>"));
                svg.Append(F($"<line class=\"whisker\" x1=\"{x(i.Increase.Value - (Quantile * i.Increase.Error))}\" x2=\"{x(i.Increase.Value + (Quantile * i.Increase.Error))}\" y1=\"{y}\" y2=\"{y}\"/>"));
            });
    }

    /// <summary>One small curve a feature, three in a line, all on one scale.</summary>
    public static string Dependence(IReadOnlyList<DependenceView> curves)
    {
        const double cell = 150;
        double least = curves.Min(c => c.Points.Min(p => p.Prediction.Value));
        double most = Math.Max(least + 1e-9, curves.Max(c => c.Points.Max(p => p.Prediction.Value)));
        StringBuilder svg = Open("Partial dependence", "Mean prediction when one feature is set to a value in all rows, one small curve for each feature, with a band of 95 percent.", cell * ((curves.Count + 2) / 3));
        for (int i = 0; i < curves.Count; i++)
        {
            double left = i % 3 * (Width / 3);
            double top = i / 3 * cell;
            Frame frame = new(left + 44, top + 24, left + (Width / 3) - 16, top + cell - 26);
            IReadOnlyList<DependencePointView> points = curves[i].Points;
            (double from, double to) = (points[0].Value, Math.Max(points[^1].Value, points[0].Value + 1e-12));
            (double X, double Y) At(DependencePointView p, double shift) => (frame.X(p.Value, from, to), frame.Y(Math.Clamp(p.Prediction.Value + (shift * p.Prediction.Error), least, most), least, most));
            svg.Append(F($"<line class=\"axis\" x1=\"{frame.Left}\" x2=\"{frame.Right}\" y1=\"{frame.Bottom}\" y2=\"{frame.Bottom}\"/><line class=\"axis\" x1=\"{frame.Left}\" x2=\"{frame.Left}\" y1=\"{frame.Top}\" y2=\"{frame.Bottom}\"/>"));
            svg.Append("<path class=\"band\" d=\"").Append(PathOf(points.Select(p => At(p, Quantile)).Concat(points.Reverse().Select(p => At(p, -Quantile))))).Append(" Z\"/>");
            svg.Append("<path class=\"step\" d=\"").Append(PathOf(points.Select(p => At(p, 0)))).Append(F($"\"><title>{Escape(curves[i].Feature)}</title></path>"));
            svg.Append(Label(frame.Left, top + 14, Cut(curves[i].Feature))).Append(Label(left + 4, frame.Top + 8, Short(most))).Append(Label(left + 4, frame.Bottom, Short(least)));
            svg.Append(Label(frame.Left, top + cell - 10, Short(from))).Append(Label(frame.Right, top + cell - 10, Short(to), "end")).Append('\n');
        }

        return Close(svg);
    }

    private static string Rows<T>(string title, string description, T[] items, double least, double most, Func<T, string> nameOf, Action<StringBuilder, T, Func<double, double>, double> draw)
    {
        const double step = 22;
        double height = (step * items.Length) + 34;
        Frame frame = new(250, 6, Width - 20, height - 28);
        StringBuilder svg = Open(title, description, height);
        foreach (double value in least < -0.1 * most ? (double[])[least, 0, most] : [0, most])
            svg.Append(F($"<line class=\"axis\" x1=\"{frame.X(value, least, most)}\" x2=\"{frame.X(value, least, most)}\" y1=\"{frame.Top}\" y2=\"{frame.Bottom}\"/>")).Append(Label(frame.X(value, least, most), height - 8, Short(value), value >= most ? "end" : "middle"));
        svg.Append('\n');
        for (int i = 0; i < items.Length; i++)
        {
            double y = frame.Top + (step * (i + 0.5));
            svg.Append(Label(frame.Left - 8, y + 4, Cut(nameOf(items[i])), "end"));
            draw(svg, items[i], value => frame.X(value, least, most), y);
            svg.Append('\n');
        }

        return Close(svg);
    }

    private static StringBuilder Open(string title, string description, double height) =>
        new(F($"<svg viewBox=\"0 0 {Width} {height}\" role=\"img\">\n<title>{Escape(title)}</title>\n<desc>{Escape(description)}</desc>\n"));

    private static string Close(StringBuilder svg) => svg.Append("</svg>\n").ToString();

    /// <param name="x">Place.</param>
    /// <param name="y">Place.</param>
    /// <param name="text">Not yet escaped.</param>
    /// <param name="anchor">start, middle or end.</param>
    private static string Label(double x, double y, string text, string anchor = "start") => F($"<text x=\"{x}\" y=\"{y}\" text-anchor=\"{anchor}\">{Escape(text)}</text>");

    private static string PathOf(IEnumerable<(double X, double Y)> points) => string.Join(' ', points.Select((p, i) => F($"{(i == 0 ? "M" : "L")} {p.X} {p.Y}")));

    private static string Cut(string name) => name.Length <= NameLength ? name : string.Concat(name.AsSpan(0, NameLength - 1), "…");

    private static string Escape(string text) => ReportHtml.Escape(text);

    private static string Short(double value) => value.ToString(Math.Abs(value) >= 1000 ? "0" : "G3", CultureInfo.InvariantCulture);

    private static string F(FormattableString text) => string.Format(CultureInfo.InvariantCulture, text.Format, [.. text.GetArguments().Select(a => a is double number ? Math.Round(number, 2) : a)]);

    /// <summary>Where a chart's lines run.</summary>
    private readonly record struct Frame(double Left, double Top, double Right, double Bottom)
    {
        public double X(double value, double least, double most) => Left + ((Right - Left) * (value - least) / (most - least));

        public double Y(double value, double least, double most) => Bottom - ((Bottom - Top) * (value - least) / (most - least));
    }
}
