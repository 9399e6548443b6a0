using SecureFed.Cli.Output;
using SecureFed.Protocol.Resources;
using Spectre.Console;

namespace SecureFed.Cli.Demo;

/// <summary>An explanation as tables on a terminal.</summary>
internal static class DemoExplanationTables
{
    private const int Shown = 8;

    public static void Write(ExplanationView explanation, Terminal terminal)
    {
        if (explanation.Coefficients is { } coefficients)
        {
            Table table = new Table().AddColumns("coefficient", "released", "one step on", "95 % interval", "").RoundedBorder();
            foreach (CoefficientView c in coefficients.All.OrderByDescending(c => Math.Abs(c.Value)).Take(Shown))
                table.AddRow(Markup.Escape(c.Feature), Signed(c.Released), Signed(c.Value), $"{Signed(c.Lower)} to {Signed(c.Upper)}", c.Resolved ? "" : "hidden by noise");
            terminal.Console.Write(table);
            if (coefficients.Unresolved > 0)
                terminal.WriteLine($"Noise hides {coefficients.Unresolved} of {coefficients.All.Count} directions; in those a standard deviation of {DemoReport.Text(coefficients.AssumedDeviation, "0.##")} is assumed, not measured.");
        }

        terminal.WriteLine("Importance: increase of the loss when a feature tells nothing about the row:");
        foreach (ImportanceView i in explanation.Importance.OrderByDescending(i => i.Increase.Value).Take(Shown))
            terminal.WriteLine($"  {DemoReport.Text(i.Increase.Value, "+0.0000;-0.0000")} ± {DemoReport.Text(i.Increase.Error, "0.0000")}  {i.Feature}");
        if (explanation.Fairness is { } fairness)
            WriteFairness(fairness, terminal);
    }

    private static void WriteFairness(FairnessView fairness, Terminal terminal)
    {
        Table table = new Table().AddColumns("group", "rows", "base rate", "predicted positive", "accuracy", "true positive rate", "false positive rate").RoundedBorder();
        foreach (GroupView g in fairness.Groups)
            table.AddRow(Markup.Escape(g.Group), DemoReport.Text(g.Rows.Value), g.Resolved ? Share(g.BaseRate) : "too few rows", Share(g.PositiveRate), Share(g.Accuracy), Share(g.TruePositiveRate), Share(g.FalsePositiveRate));
        terminal.Console.Write(table);
        terminal.WriteLine($"Demographic parity difference {Share(fairness.DemographicParityDifference)}, equal opportunity difference {Share(fairness.EqualOpportunityDifference)}.");
    }

    private static string Signed(double value) => DemoReport.Text(value, "+0.000;-0.000");

    private static string Share(EstimateView? estimate) => estimate is null ? "-" : $"{DemoReport.Text(estimate.Value, "0.000")} ± {DemoReport.Text(estimate.Error, "0.000")}";
}
