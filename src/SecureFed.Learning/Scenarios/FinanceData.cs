using SecureFed.Learning.Data;

namespace SecureFed.Learning.Scenarios;

/// <summary>Default risk of borrowers at banks whose customers differ.</summary>
/// <remarks>
/// <para>Each bank has 600 to 3,000 customers, a wealth between 0.6 and 1.6 (multiplies incomes and loans), a mean age, and a strictness that moves its
/// default rate by about ±40 %. Not identically distributed: a model of one bank does not fit the next as well.</para>
/// <para>A hidden prudence per customer (standard normal) drives utilisation, late payments and inquiries. The logit of default is -2.1 + strictness
/// + 0.55·late payments (at most 6) + 1.6·(utilisation - 0.45) + 2·(loan/income - 0.45) - 0.05·years employed + 0.12·inquiries - 0.45·prudence + 0.5·noise: not
/// linear in the features, since prudence and the loan ratio are hidden.</para>
/// </remarks>
internal sealed class FinanceData : ISyntheticData
{
    public DataSchema Schema { get; } = new(
        [
            new("annual_income", 0, 400_000),
            new("loan_amount", 0, 300_000),
            new("age", 18, 90),
            new("years_employed", 0, 50),
            new("account_age_years", 0, 60),
            new("credit_utilisation", 0, 1),
            new("late_payments_12m", 0, 12),
            new("inquiries_6m", 0, 15),
            new("has_mortgage", 0, 1),
        ],
        new("defaulted", 0, 1),
        LabelKind.Binary);

    public SyntheticClient Describe(int client, DeterministicSequence random)
    {
        int rows = 600 + random.NextInt(2_401);
        double wealth = random.NextUniform(0.6, 1.6);
        double meanAge = random.NextUniform(34, 52);
        double strictness = random.NextUniform(-0.4, 0.4);
        return new SyntheticClient(rows, (row, features) => Draw(row, features, wealth, meanAge, strictness));
    }

    private static double Draw(DeterministicSequence random, Span<double> features, double wealth, double meanAge, double strictness)
    {
        double prudence = random.NextGaussian();
        double age = Math.Clamp(random.NextGaussian(meanAge, 12), 18, 90);
        double income = wealth * 38_000 * Math.Exp(0.45 * random.NextGaussian());
        double loan = income * 0.45 * Math.Exp((0.5 * random.NextGaussian()) - (0.15 * prudence));
        double employed = (age - 18) * random.NextDouble() * 0.8;
        double account = (age - 18) * random.NextDouble();
        double utilisation = Math.Clamp(0.45 - (0.15 * prudence) + (0.2 * random.NextGaussian()), 0, 1);
        double late = Count(random, 0.8 * Math.Exp(-0.7 * prudence), 12);
        double inquiries = Count(random, 1.5 * Math.Exp(-0.3 * prudence), 15);
        double mortgage = random.NextBoolean(Math.Clamp((income / 90_000) + ((age - 30) / 100), 0, 0.9)) ? 1 : 0;
        ReadOnlySpan<double> drawn = [Math.Round(income), Math.Round(loan), Math.Floor(age), Math.Floor(employed), Math.Floor(account), utilisation, late, inquiries, mortgage];
        drawn.CopyTo(features);
        return -2.1 + strictness + (0.55 * Math.Min(late, 6)) + (1.6 * (utilisation - 0.45)) + (2 * (Math.Min(loan / income, 2) - 0.45))
            - (0.05 * employed) + (0.12 * inquiries) - (0.45 * prudence) + (0.5 * random.NextGaussian());
    }

    // Poisson by Knuth's product of uniforms; means here are below 20.
    private static double Count(DeterministicSequence random, double mean, int limit)
    {
        double floor = Math.Exp(-Math.Min(mean, 20));
        int count = 0;
        for (double product = random.NextDouble(); product > floor && count < limit; product *= random.NextDouble())
        {
            count++;
        }

        return count;
    }
}
