using System.Globalization;
using System.Text.Json;
using SecureFed.Privacy.Accounting;
using SecureFed.Privacy.Accounting.Renyi;

namespace SecureFed.Privacy.Tests.Accounting;

public sealed class RenyiGoldenTests
{
    public static IEnumerable<TheoryDataRow<string>> Schedules => GoldenFigures.Ids("ab");

    public static IEnumerable<TheoryDataRow<string>> Published => GoldenFigures.Ids("g");

    [Theory]
    [MemberData(nameof(Schedules))]
    public void Epsilon_lies_between_the_exact_figure_and_the_loose_reference(string id)
    {
        JsonElement row = GoldenFigures.Row("ab", id);
        PrivacyBound bound = Curve(row, RenyiOrders.Default).Epsilon(row.Number("delta"));
        double relative = row.Number("q") <= 1e-4 ? 1e-6 : 1e-7;
        Assert.InRange(bound.Epsilon, row.Number("exact") * (1 - relative) - 1e-9, row.Number("google") * (1 + (relative == 1e-6 ? 1e-6 : 1e-9)));
        Assert.Equal(row.Number("exactOrder"), bound.Order);
        Assert.InRange(bound.Epsilon / row.Number("exact"), 0, 1 + 1e-6);
        Assert.True(bound.Epsilon >= row.Number("soundLowerBound"));
    }

    [Theory]
    [MemberData(nameof(Schedules))]
    public void Integer_orders_agree_with_the_reference(string id)
    {
        JsonElement row = GoldenFigures.Row("ab", id);
        double expected = row.Number("integerOrders");
        Assert.Equal(expected, Curve(row, RenyiOrders.Integers).Epsilon(row.Number("delta")).Epsilon, expected * (row.Number("q") <= 1e-4 ? 1e-6 : 1e-9));
    }

    [Theory]
    [MemberData(nameof(Schedules))]
    public void Divergences_at_single_orders_are_no_larger_than_the_reference_and_equal_at_integers(string id)
    {
        JsonElement row = GoldenFigures.Row("ab", id);
        foreach (JsonProperty reference in row.GetProperty("googleAtOrders").EnumerateObject().Where(p => p.Value.ValueKind == JsonValueKind.Number))
        {
            double order = double.Parse(reference.Name, CultureInfo.InvariantCulture);
            double divergence = Curve(row, [order]).Divergences[0];
            double tolerance = Math.Max(1e-9, row.Number("q") <= 1e-3 ? 1e-15 / Math.Pow(row.Number("q"), 2) : 0);
            Assert.True(divergence <= reference.Value.GetDouble() * (1 + tolerance), $"{order}: {divergence} above {reference.Value}");
            if (double.IsInteger(order))
                Assert.Equal(reference.Value.GetDouble(), divergence, reference.Value.GetDouble() * tolerance);
        }
    }

    [Theory]
    [MemberData(nameof(Published))]
    public void Published_figures_are_reproduced_with_the_tight_conversion(string id)
    {
        JsonElement row = GoldenFigures.Row("g", id);
        PrivacyBound bound = Curve(row, RenyiOrders.Default).Epsilon(row.Number("delta"));
        Assert.InRange(bound.Epsilon, row.Number("default") * 0.999, row.Number("default") * (1 + 1e-9));
        Assert.Equal(row.Number("order"), bound.Order);
    }

    private static RenyiCurve Curve(JsonElement row, IReadOnlyList<double> orders) =>
        SampledGaussian.Curve(row.Number("sigma"), row.Number("q"), orders).Compose(row.Whole("steps"));
}
