using System.Globalization;

namespace SecureFed.Privacy.Accounting.Claims;

/// <summary>What (ε, δ) means, for a reader who decides but does not compute.</summary>
/// <param name="Unit"><c>record</c> or <c>client</c>.</param>
/// <param name="Epsilon">ε of everything that was released.</param>
/// <param name="Delta">δ.</param>
public sealed record PrivacyStatement(string Unit, double Epsilon, double Delta)
{
    /// <summary>By how much anybody's odds of a guess about one unit can change: e^ε.</summary>
    public double OddsFactor => Math.Exp(Epsilon);

    /// <summary>The most certain that a reader can become who was undecided before.</summary>
    public double BeliefFromEven => 1 / (1 + Math.Exp(-Epsilon));

    /// <summary>The paragraphs of the page, a heading and a text each.</summary>
    public IReadOnlyList<(string Heading, string Text)> Page()
    {
        (double groupEpsilon, double groupDelta) = GroupPrivacy.Of(Epsilon, Delta, 2);
        string protectedUnit = string.Equals(Unit, "record", StringComparison.Ordinal) ? "one row of one participant's data" : "the whole contribution of one participant (its numbers; that it takes part is in plain sight)";
        return
        [
            ("What is protected", $"The unit is {protectedUnit}. Everything that was computed from private data counts, including metrics and scaling."),
            ("What is compared", string.Equals(Unit, "record", StringComparison.Ordinal)
                ? "Two worlds that differ in one row only: with it, and without it. Whoever sees the results should hardly be able to tell which world is real."
                : "Two worlds that differ in one participant only: with its numbers, and with zeros in their place. Whoever sees the results should hardly be able to tell which world is real. To replace its numbers by others counts as two units."),
            ("What that means as odds", Format($"If somebody bets even money on whether the unit's data are in the results, they move the odds by a factor of at most {OddsFactor:G4}: from 50 % to at most {100 * BeliefFromEven:F1} %. With a probability of at most {Delta:G3} the promise does not hold at all.")),
            ("Two units of one person", Format($"Somebody with two units (accounts at two banks) has epsilon {groupEpsilon:G4} and delta {groupDelta:G3}.")),
            ("How it is done", "Each unit's influence is bounded by an exact check on integers. Every participant adds its share of discrete Gaussian noise before anything leaves the machine; the shares of the honest participants that remain are enough by themselves."),
            ("How costs add up", "Each release has a cost, all costs add, and a release that would exceed the budget is refused. A figure for a whole schedule holds if the schedule was fixed before it began."),
            ("Who need not be trusted", "The server, and as many colluding participants as the task's policy names. Sampling of rows helps against everybody except the participant that holds them; sampling of participants is never counted."),
            ("What is not promised", "That nothing can be learnt: facts about the population remain visible, also where they suggest something about a person who took no part. Whoever holds the data itself is outside the promise."),
        ];
    }

    private static string Format(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
