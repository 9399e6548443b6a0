using System.Text.Json;
using SecureFed.Privacy.Accounting;
using SecureFed.Privacy.Accounting.Mechanisms;
using SecureFed.Privacy.Accounting.Renyi;

namespace SecureFed.Privacy.Tests.Accounting;

public sealed class MechanismGoldenTests
{
    public static IEnumerable<TheoryDataRow<string>> DiscreteReleases => GoldenFigures.Ids("c1");

    public static IEnumerable<TheoryDataRow<string>> Conversions => GoldenFigures.Ids("c2");

    public static IEnumerable<TheoryDataRow<string>> Sums => GoldenFigures.Ids("d");

    public static IEnumerable<TheoryDataRow<string>> LowNoiseSums => GoldenFigures.Ids("d2");

    public static IEnumerable<TheoryDataRow<string>> GaussianReleases => GoldenFigures.Ids("f");

    [Theory]
    [MemberData(nameof(DiscreteReleases))]
    public void Delta_of_the_discrete_Gaussian_is_exact(string id)
    {
        JsonElement row = GoldenFigures.Row("c1", id);
        double exact = row.Number("delta_exact");
        double delta = DiscreteGaussian.Delta(row.Number("sigma"), (int)row.Whole("sensitivity"), row.Number("epsilon"));
        Assert.True(delta >= exact * (1 - 1e-12) - 1e-15);
        Assert.Equal(exact, delta, Math.Max(exact * 1e-10, 1e-300));
    }

    [Theory]
    [MemberData(nameof(Conversions))]
    public void Concentrated_privacy_converts_tightly_and_rounds_to_the_safe_side(string id)
    {
        JsonElement row = GoldenFigures.Row("c2", id);
        (double expected, double actual, double sign) = row.GetProperty("kind").GetString() switch
        {
            "cdp_eps" => (row.Number("epsilon_tight"), ConcentratedPrivacy.Epsilon(row.Number("rho"), row.Number("delta")).Epsilon, 1),
            "cdp_rho" => (row.Number("rho"), ConcentratedPrivacy.Rho(row.Number("epsilon"), row.Number("delta")), -1),
            _ => (row.Number("delta_mp"), ConcentratedPrivacy.Delta(row.Number("rho"), row.Number("epsilon")), 1),
        };
        Assert.Equal(expected, actual, expected * 1e-9);
        Assert.True(sign * (actual - expected) >= -1e-12 * expected, $"{actual} is on the wrong side of {expected}");
    }

    [Theory]
    [MemberData(nameof(GaussianReleases))]
    public void Sigma_of_the_analytic_Gaussian_is_rounded_up_by_at_most_a_millionth(string id)
    {
        JsonElement row = GoldenFigures.Row("f", id);
        double exact = row.Number("sigma_exact");
        double sigma = AnalyticGaussian.Sigma(row.Number("epsilon"), row.Number("delta"), row.Number("l2_sensitivity"));
        Assert.InRange(sigma, exact, exact * (1 + 1e-6));
        Assert.Equal(row.Number("delta"), AnalyticGaussian.Delta(exact, row.Number("l2_sensitivity"), row.Number("epsilon")), row.Number("delta") * 1e-9);
    }

    [Theory]
    [MemberData(nameof(Sums))]
    public void Distributed_sums_follow_the_stated_formulas(string id)
    {
        JsonElement row = GoldenFigures.Row("d", id);
        DistributedDiscreteGaussian noise = new(
            (int)row.Whole("n"),
            (int)row.Whole("dim"),
            row.Number("sigma_local_int"),
            row.Number("l2_int_after_rounding"),
            row.Number("l1_int_after_rounding"));
        AssertClose(row.Number("tau"), noise.Tau);
        AssertClose(row.Number("eps_cdp_sq_single_release"), noise.EpsilonCdpSquared);
        double q = row.Number("q");
        PrivacyBound bound = noise.Epsilon(q, row.Whole("steps"), row.Number("delta"));
        if (q == 1)
        {
            AssertClose(row.Number("ddg_epsilon"), bound.Epsilon);
            Assert.Equal(row.Number("ddg_order"), bound.Order);
        }

        Assert.InRange(bound.Epsilon, row.Number("continuous_gaussian_epsilon_same_orders") * (1 - 1e-12), row.Number("ddg_epsilon") * (1 + 1e-9));
        foreach (JsonProperty reference in row.GetProperty("ddg_rdp_total").EnumerateObject())
        {
            int order = int.Parse(reference.Name, System.Globalization.CultureInfo.InvariantCulture);
            double single = q == 1
                ? noise.Divergence(order)
                : Math.Min(noise.Divergence(order), PoissonAmplification.Divergence(q, order, noise.Divergence));
            AssertClose(reference.Value.GetDouble(), single * row.Whole("steps"));
        }
    }

    [Theory]
    [MemberData(nameof(Sums))]
    public void Skellam_noise_follows_the_stated_formula(string id)
    {
        JsonElement row = GoldenFigures.Row("d", id);
        double variance = row.Whole("n") * Math.Pow(row.Number("sigma_local_int"), 2);
        double l2 = row.Number("l2_int_after_rounding");
        double l1 = row.Number("l1_int_after_rounding");
        foreach (JsonProperty reference in row.GetProperty("skellam_rdp_single_unamplified").EnumerateObject())
        {
            double order = double.Parse(reference.Name, System.Globalization.CultureInfo.InvariantCulture);
            AssertClose(reference.Value.GetDouble(), SkellamMechanism.Curve(variance, l2, l1, [order]).Divergences[0]);
        }

        PrivacyBound bound = SkellamMechanism.SampledCurve(variance, l2, l1, row.Number("q"), RenyiOrders.Distributed).Compose(row.Whole("steps")).Epsilon(row.Number("delta"));
        AssertClose(row.Number("skellam_epsilon"), bound.Epsilon);
    }

    [Theory]
    [MemberData(nameof(LowNoiseSums))]
    public void A_visible_tau_costs_what_the_reference_says(string id)
    {
        JsonElement row = GoldenFigures.Row("d2", id);
        DistributedDiscreteGaussian noise = new((int)row.Whole("n"), (int)row.Whole("dim"), row.Number("sigma_local_int"), row.Number("l2_int"), row.Number("l1_int"));
        AssertClose(row.Number("tau"), noise.Tau);
        AssertClose(row.Number("eps_cdp_sq"), noise.EpsilonCdpSquared);
        Assert.All(row.GetProperty("eps_cdp_sq_terms").EnumerateArray().Zip(noise.Terms()), pair => AssertClose(pair.First.GetDouble(), pair.Second));
        Assert.All(row.GetProperty("rdp_at_2_8_32_128").EnumerateArray().Zip([2, 8, 32, 128]), pair => AssertClose(pair.First.GetDouble(), noise.Divergence(pair.Second)));
        PrivacyBound whole = noise.Epsilon(1, 1, 1e-6);
        AssertClose(row.Number("epsilon_delta1e6"), whole.Epsilon);
        Assert.Equal(row.Number("order"), whole.Order);
        PrivacyBound sampled = noise.Epsilon(0.02, 100, 1e-6);
        AssertClose(row.Number("epsilon_q002_T100_delta1e6"), sampled.Epsilon);
        Assert.Equal(row.Number("order_q002"), sampled.Order);
    }

    private static void AssertClose(double expected, double actual) => Assert.Equal(expected, actual, Math.Max(Math.Abs(expected) * 1e-9, double.Epsilon));
}
