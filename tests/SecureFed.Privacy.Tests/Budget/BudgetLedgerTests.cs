using FsCheck;
using FsCheck.Fluent;
using SecureFed.Privacy.Budget;

namespace SecureFed.Privacy.Tests.Budget;

public sealed class BudgetLedgerTests
{
    private static readonly BudgetCap Cap = new(2, 1e-5, 12);

    /// <summary>A step and the round that it names; the amount is in thousandths of the cap, the extremes among them.</summary>
    private static readonly Gen<(int Step, int Round, long Units)[]> Sequences = Gen.ArrayOf(
        from step in Gen.Choose(0, 2)
        from round in Gen.Choose(1, 12)
        from units in Gen.Frequency((8, Gen.Choose(0, 400).Select(part => part * (Cap.Units / 1000))), (1, Gen.Elements(0, 1, Cap.Units, Cap.Units + 1, long.MaxValue)))
        select (step, round, units));

    /// <summary>Against a model that keeps the rounds in a dictionary and adds them up anew after every step.</summary>
    [Fact]
    public void No_sequence_exceeds_the_cap_and_every_step_does_what_the_model_says() => Prop.ForAll(Arb.From(Sequences), sequence =>
    {
        BudgetLedger ledger = new(Cap);
        Dictionary<int, (long Units, BudgetState State)> model = [];
        foreach ((int step, int round, long units) in sequence)
        {
            Int128 used = Sum(model, BudgetState.Committed) + Sum(model, BudgetState.Reserved);
            bool legal = step switch
            {
                0 => !model.ContainsKey(round) && used + units <= Cap.Units,
                _ => model.TryGetValue(round, out var charge) && charge.State == BudgetState.Reserved,
            };
            if (legal)
                model[round] = step switch { 0 => (units, BudgetState.Reserved), 1 => (model[round].Units, BudgetState.Committed), _ => (model[round].Units, BudgetState.Void) };
            if (legal != Take(ledger, step, round, units))
                return false;
            if (ledger.Spent != Sum(model, BudgetState.Committed) || ledger.Reserved != Sum(model, BudgetState.Reserved))
                return false;
            if (ledger.Left < 0 || ledger.Spent + ledger.Reserved + ledger.Left != Cap.Units || ledger.EpsilonSpent > Cap.Epsilon)
                return false;
            if (!ledger.Entries.All(entry => model[entry.Round] == (entry.Units, entry.State)) || ledger.Entries.Count != model.Count)
                return false;
        }

        return true;
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(500));

    [Fact]
    public void Void_gives_back_exactly_what_was_reserved() => Prop.ForAll(Arb.From(Gen.Choose(0, 1000)), part =>
    {
        BudgetLedger ledger = new(Cap);
        ledger.Reserve(1, Cap.Units / 3);
        ledger.Commit(1);
        long before = ledger.Left;
        long units = (long)(before * (part / 1000.0));
        ledger.Reserve(2, units);
        bool taken = ledger.Left == before - units;
        ledger.Void(2);
        return taken && ledger.Left == before && ledger.Spent == Cap.Units / 3;
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void A_committed_charge_is_never_given_back()
    {
        BudgetLedger ledger = new(Cap);
        ledger.Reserve(1, Cap.Units);
        ledger.Commit(1);
        Assert.Contains("round 1 is committed, which is final", Assert.Throws<InvalidOperationException>(() => ledger.Void(1)).Message, StringComparison.Ordinal);
        Assert.Throws<InvalidOperationException>(() => ledger.Commit(1));
        Assert.Throws<InvalidOperationException>(() => ledger.Reserve(1, 0));
        Assert.Equal(0, ledger.Left);
        Assert.Equal(Cap.Units, ledger.Spent);
    }

    [Fact]
    public void A_void_round_keeps_its_place_and_is_not_opened_again()
    {
        BudgetLedger ledger = new(Cap);
        ledger.Reserve(1, 5);
        ledger.Void(1);
        Assert.Throws<InvalidOperationException>(() => ledger.Reserve(1, 5));
        Assert.Throws<InvalidOperationException>(() => ledger.Commit(1));
        Assert.Throws<InvalidOperationException>(() => ledger.Void(1));
        Assert.Equal([new BudgetEntry(1, 5, BudgetState.Void)], ledger.Entries);
    }

    [Fact]
    public void A_round_that_costs_nothing_is_admitted_when_nothing_is_left()
    {
        BudgetLedger ledger = new(Cap);
        ledger.Reserve(1, Cap.Units);
        Assert.Null(ledger.FindRefusal(0));
        Assert.NotNull(ledger.FindRefusal(1));
        ledger.Reserve(2, 0);
        Assert.Equal(2, ledger.Entries.Count);
    }

    [Fact]
    public void A_refusal_says_requested_spent_and_left()
    {
        BudgetLedger ledger = new(Cap);
        ledger.Reserve(7, Cap.Units - 1_000_000_000);
        BudgetRefusal refusal = ledger.FindRefusal(250_000_000_000)!;
        Assert.Equal((250_000_000_000, Cap.Units - 1_000_000_000, 1_000_000_000), (refusal.Requested, refusal.Spent, refusal.Left));
        Assert.Equal(0.25, refusal.RequestedEpsilon, 1e-9);
        Assert.Equal(1.999, refusal.SpentEpsilon, 1e-9);
        Assert.Equal(0.001, refusal.LeftEpsilon, 1e-9);
        Assert.Contains("requested epsilon 0.25 more (250000000000 units), spent epsilon 1.999 (", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("left epsilon 0.001 (1000000000 units)", refusal.Message, StringComparison.Ordinal);
        Assert.Contains(refusal.Message, Assert.Throws<InvalidOperationException>(() => ledger.Reserve(8, 250_000_000_000)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Neither_overflow_nor_a_negative_charge_admits_anything()
    {
        BudgetLedger ledger = new(Cap);
        ledger.Reserve(1, Cap.Units / 2);
        Assert.NotNull(ledger.FindRefusal(long.MaxValue));
        Assert.True(ledger.FindRefusal(long.MaxValue)!.RequestedEpsilon > 1e5);
        Assert.Throws<InvalidOperationException>(() => ledger.Reserve(2, long.MaxValue));
        Assert.Throws<ArgumentOutOfRangeException>(() => ledger.FindRefusal(-1));
        Assert.Throws<ArgumentOutOfRangeException>(() => ledger.Reserve(2, -1));
        Assert.Single(ledger.Entries);
        Assert.Throws<InvalidOperationException>(() => ledger.Commit(2));
    }

    [Fact]
    public void A_raised_cap_allows_more_and_takes_nothing_back()
    {
        BudgetLedger ledger = new(new BudgetCap(1, 1e-6, 32));
        long half = ledger.Cap.Units / 2;
        ledger.Reserve(1, half);
        ledger.Commit(1);
        ledger.Reserve(2, ledger.Left);
        (long spent, long reserved, double epsilon) = (ledger.Spent, ledger.Reserved, ledger.EpsilonSpent);
        Assert.NotNull(ledger.FindRefusal(1));

        ledger.Raise(new BudgetCap(2, 1e-6, 32));

        Assert.Equal((spent, reserved, epsilon), (ledger.Spent, ledger.Reserved, ledger.EpsilonSpent));
        Assert.Equal(new BudgetCap(2, 1e-6, 32).Units - spent - reserved, ledger.Left);
        Assert.Null(ledger.FindRefusal(ledger.Left));
        Assert.NotNull(ledger.FindRefusal(ledger.Left + 1));
        ledger.Void(2);
        Assert.Equal(half, ledger.Spent);
        foreach (BudgetCap other in (BudgetCap[])[new(2, 1e-6, 32), new(1.5, 1e-6, 32), new(3, 1e-7, 32), new(3, 1e-6, 33)])
            Assert.Throws<InvalidOperationException>(() => ledger.Raise(other));
        Assert.Equal(2, ledger.Cap.Epsilon);
    }

    private static bool Take(BudgetLedger ledger, int step, int round, long units)
    {
        bool admissible = step != 0 || ledger.FindRefusal(units) is null;
        try
        {
            if (step == 0)
                ledger.Reserve(round, units);
            else if (step == 1)
                ledger.Commit(round);
            else
                ledger.Void(round);
            return admissible;
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }

    private static Int128 Sum(Dictionary<int, (long Units, BudgetState State)> model, BudgetState state) =>
        model.Values.Where(charge => charge.State == state).Aggregate((Int128)0, (sum, charge) => sum + charge.Units);
}
