using SecureFed.Learning.Data;

namespace SecureFed.Learning.Scenarios;

/// <summary>Whether somebody is in the room, from the sensors of many small homes.</summary>
/// <remarks>
/// <para>Each home has 70 to 130 rows, its own base temperature (±1.5 °C), lamps (150 to 500 lux) and airing habit; data of one home are too few for a good model.</para>
/// <para>A hidden score = daily rhythm + the home's habit (±0.6) - 0.6 + 1.1·noise says how sure presence is; the logit of occupancy is 6·score - 0.5, and the presence
/// 1/(1 + e^(-4·score)) raises light, CO2, power and, slightly, temperature and humidity. The hour itself tells little to a linear model.</para>
/// </remarks>
internal sealed class SmartHomeData : ISyntheticData
{
    public DataSchema Schema { get; } = new(
        [
            new("temperature_c", 5, 40),
            new("humidity_percent", 0, 100),
            new("light_lux", 0, 2_000),
            new("co2_ppm", 300, 3_000),
            new("power_w", 0, 3_000),
            new("hour_of_day", 0, 24),
        ],
        new("occupied", 0, 1),
        LabelKind.Binary);

    public SyntheticClient Describe(int client, DeterministicSequence random)
    {
        int rows = 70 + random.NextInt(61);
        double temperature = random.NextUniform(19, 22);
        double lamps = random.NextUniform(150, 500);
        double airing = random.NextUniform(0.5, 1);
        double habit = random.NextUniform(-0.6, 0.6);
        return new SyntheticClient(rows, (row, features) => Draw(row, features, temperature, lamps, airing, habit));
    }

    private static double Draw(DeterministicSequence random, Span<double> features, double temperature, double lamps, double airing, double habit)
    {
        double hour = random.NextUniform(0, 24);

        // Home in the morning and evening, away around noon, asleep at night: two waves a day with the evening the higher one.
        double rhythm = Math.Sin((hour - 5) / 24 * 4 * Math.PI) + (0.5 * Math.Sin((hour - 13) / 24 * 2 * Math.PI));
        double score = rhythm + habit - 0.6 + (1.1 * random.NextGaussian());
        double presence = Models.Objective.Sigmoid(4 * score);
        double daylight = Math.Max(0, Math.Sin((hour - 6) / 12 * Math.PI)) * random.NextUniform(20, 250);
        features[0] = temperature + (1.2 * presence) + random.NextGaussian(0, 0.8);
        features[1] = 38 + (4 * presence) + random.NextGaussian(0, 6);
        features[2] = daylight + (lamps * presence * random.NextUniform(0.6, 1)) + random.NextUniform(0, 10);
        features[3] = 430 + (450 * presence * airing) + Math.Abs(random.NextGaussian(0, 90));
        features[4] = 60 + (220 * presence * random.NextUniform(0.3, 1)) + Math.Abs(random.NextGaussian(0, 40));
        features[5] = hour;
        return (6 * score) - 0.5;
    }
}
