using SecureFed.Learning.Data;

namespace SecureFed.Learning.Scenarios;

/// <summary>Machine failures at plants with different halls and machines; positives are rare.</summary>
/// <remarks>
/// <para>Each plant has 1,000 to 2,400 rows, its own hall temperature (±2 K), its own wear of tools, and its own mix of product qualities L, M, H (0, 1, 2).</para>
/// <para>Process temperature follows air temperature; torque falls as speed rises (both at a power around 6.3 kW), so features are strongly correlated, as on real
/// machines. The logit of a failure is -5.3 + 0.022·(wear - 105) + 0.17·(torque - 40) + 0.5·(air - 300) - 0.4·(process - 310) - 0.35·quality, and 1.5 more where wear·torque
/// exceeds 9,000: about 3.5 % of the rows.</para>
/// </remarks>
internal sealed class ManufacturingData : ISyntheticData
{
    private const double OverstrainLimit = 9_000;

    public DataSchema Schema { get; } = new(
        [
            new("product_quality", 0, 2),
            new("air_temperature_k", 285, 315),
            new("process_temperature_k", 295, 325),
            new("rotational_speed_rpm", 1_000, 3_000),
            new("torque_nm", 0, 100),
            new("tool_wear_min", 0, 300),
        ],
        new("machine_failure", 0, 1),
        LabelKind.Binary);

    public SyntheticClient Describe(int client, DeterministicSequence random)
    {
        int rows = 1_000 + random.NextInt(1_401);
        double hall = random.NextUniform(298, 302);
        double longestWear = random.NextUniform(190, 240);
        double premium = random.NextUniform(0.1, 0.3);
        return new SyntheticClient(rows, (row, features) => Draw(row, features, hall, longestWear, premium));
    }

    private static double Draw(DeterministicSequence random, Span<double> features, double hall, double longestWear, double premium)
    {
        double choice = random.NextDouble();
        double quality = choice < premium ? 2 : choice < premium + 0.3 ? 1 : 0;
        double air = random.NextGaussian(hall, 1.5);
        double process = air + random.NextGaussian(10, 1);
        double torque = Math.Clamp(random.NextGaussian(40, 9), 5, 80);
        double speed = Math.Clamp((2_350 - (20.5 * torque)) + random.NextGaussian(0, 75), 1_150, 2_900);
        double wear = random.NextUniform(0, longestWear);
        ReadOnlySpan<double> drawn = [quality, Math.Round(air, 1), Math.Round(process, 1), Math.Round(speed), Math.Round(torque, 1), Math.Floor(wear)];
        drawn.CopyTo(features);
        double logit = -5.3 + (0.022 * (wear - 105)) + (0.17 * (torque - 40)) + (0.5 * (air - 300)) - (0.4 * (process - 310)) - (0.35 * quality);
        return wear * torque > OverstrainLimit ? logit + 1.5 : logit;
    }
}
