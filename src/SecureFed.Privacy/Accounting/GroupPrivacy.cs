using SecureFed.Privacy.Accounting.Numerics;

namespace SecureFed.Privacy.Accounting;

/// <summary>What a claim about one unit says about m of them.</summary>
public static class GroupPrivacy
{
    /// <summary>(mε, m·e^((m−1)ε)·δ), both rounded up; δ at most 1.</summary>
    /// <remarks>
    /// Changing one member after another costs δ·(1 + e^ε + … + e^((m−1)ε)), at most m·e^((m−1)ε)·δ (Vadhan 2017, Lemma 2.2, has the same argument).
    /// A person with accounts at two banks has two records: m = 2.
    /// </remarks>
    /// <param name="epsilon">ε &gt;= 0.</param>
    /// <param name="delta">δ in (0, 1).</param>
    /// <param name="members">m, 1 to 1000.</param>
    public static (double Epsilon, double Delta) Of(double epsilon, double delta, int members)
    {
        AccountingRange.Closed("epsilon", epsilon, 0, double.MaxValue);
        AccountingRange.Delta(delta);
        AccountingRange.Closed("number of members", members, 1, 1000);
        double logDelta = Math.Log(members) + (members - 1) * epsilon + Math.Log(delta);
        return (members == 1 ? epsilon : LogSpace.RoundUp(members * epsilon), members == 1 ? delta : LogSpace.RoundUp(Math.Exp(Math.Min(0, logDelta))));
    }
}
