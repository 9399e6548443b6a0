using System.Text.Json;
using SecureFed.Privacy.Accounting.Loss;

namespace SecureFed.Privacy.Tests.Accounting;

public sealed class LossGoldenTests
{
    public static IEnumerable<TheoryDataRow<string>> Schedules => GoldenFigures.Ids("ab");

    public static IEnumerable<TheoryDataRow<string>> DiscreteSchedules => GoldenFigures.Ids("c1b");

    [Theory]
    [MemberData(nameof(Schedules))]
    public void Epsilon_is_sound_and_within_a_thousandth_of_the_finest_reference(string id)
    {
        JsonElement row = GoldenFigures.Row("ab", id);
        double epsilon = PrivacyLossAccountant.Epsilon(row.Number("sigma"), row.Number("q"), row.Whole("steps"), row.Number("delta")).Epsilon;
        double fine = row.Number("pldFine");
        Assert.True(epsilon >= row.Number("soundLowerBound"), $"{epsilon} is unsound");
        Assert.InRange(epsilon, 0, row.Number("pld") * (1 + 1e-3) + 1e-4);
        if (!double.IsNaN(fine))
            Assert.InRange(epsilon, 0, fine * (1 + 1e-3));
        if (row.Number("q") == 1)
            Assert.InRange(epsilon, row.Number("exactGaussian"), row.Number("exactGaussian") * (1 + 2e-5));
    }

    /// <summary>The reference rounds losses up to its grid, which costs up to T · 10⁻⁴ in ε; ours splits them.</summary>
    [Theory]
    [MemberData(nameof(DiscreteSchedules))]
    public void The_discrete_Gaussian_stays_within_the_reference_and_its_grid(string id)
    {
        JsonElement row = GoldenFigures.Row("c1b", id);
        double reference = row.Number("epsilon_pld");
        double epsilon = PrivacyLossAccountant.EpsilonOfDiscrete(row.Number("sigma"), 1, row.Number("q"), row.Whole("steps"), row.Number("delta")).Epsilon;
        Assert.InRange(epsilon, reference - row.Whole("steps") * 1e-4, reference * (1 + 1e-3) + 1e-4);
        Assert.True(epsilon <= row.Number("epsilon_rdp"));
    }
}
