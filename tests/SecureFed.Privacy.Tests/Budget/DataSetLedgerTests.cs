using FsCheck;
using FsCheck.Fluent;
using SecureFed.Privacy.Accounting;
using SecureFed.Privacy.Budget;

namespace SecureFed.Privacy.Tests.Budget;

public sealed class DataSetLedgerTests
{
    [Fact]
    public void Ten_tenths_fit_into_one_and_not_a_grain_more()
    {
        DataSetLedger ledger = new(1, 1e-5);
        for (int i = 0; i < 10; i++)
            Assert.True(ledger.TryReserve($"task {i}", 0.1, 1e-6, out _));
        Assert.Equal((1, 1e-5), (ledger.EpsilonSpent, ledger.DeltaSpent));
        Assert.False(ledger.TryReserve("grain", 1e-15, 1e-28, out DataSetRefusal? refusal));
        Assert.Equal(0, refusal!.LeftEpsilon);
    }

    [Fact]
    public void Deltas_add_up_and_are_refused_on_their_own()
    {
        DataSetLedger ledger = new(100, 1e-5);
        Assert.True(ledger.TryReserve("a", 1, 9e-6, out DataSetRefusal? none));
        Assert.Null(none);
        Assert.False(ledger.TryReserve("b", 1, 2e-6, out DataSetRefusal? refusal));
        Assert.Equal(new DataSetRefusal(1, 2e-6, 1, 9e-6, 99, 1e-6), refusal);
        Assert.Contains("requested (epsilon 1, delta 2E-06), spent (1, 9E-06), left (99, 1E-06)", refusal!.Message, StringComparison.Ordinal);
        Assert.True(ledger.TryReserve("c", 1, 1e-6, out _));
    }

    [Fact]
    public void Reserving_again_changes_nothing_and_another_budget_for_the_same_task_is_a_fault()
    {
        DataSetLedger ledger = new(1, 1e-5);
        Assert.True(ledger.TryReserve("a", 0.8, 1e-6, out _));
        Assert.True(ledger.TryReserve("a", 0.8, 1e-6, out _));
        ledger.Commit("a");
        ledger.Commit("a");
        Assert.True(ledger.TryReserve("a", 0.8, 1e-6, out _));
        Assert.Equal((0.8, 1e-6), (ledger.EpsilonSpent, ledger.DeltaSpent));
        Assert.Throws<InvalidOperationException>(() => ledger.TryReserve("a", 0.1, 1e-6, out _));
        Assert.Throws<InvalidOperationException>(() => ledger.TryReserve("a", 0.8, 1e-7, out _));
    }

    [Fact]
    public void A_raise_fits_into_what_is_left_and_nothing_ever_goes_down()
    {
        DataSetLedger ledger = new(1, 1e-5);
        Assert.True(ledger.TryReserve("a", 0.3, 1e-6, out _));
        Assert.True(ledger.TryReserve("b", 0.5, 1e-6, out _));
        ledger.Commit("a");
        Assert.False(ledger.TryRaise("a", 0.6, out DataSetRefusal? refusal));
        Assert.Equal((0.3, 0.8, 0.2), (refusal!.RequestedEpsilon, refusal.SpentEpsilon, refusal.LeftEpsilon));
        Assert.Equal(0.8, ledger.EpsilonSpent);
        Assert.True(ledger.TryRaise("a", 0.5, out _));
        Assert.True(ledger.TryRaise("a", 0.5, out _));
        Assert.True(ledger.TryRaise("a", 0.1, out _));
        Assert.Equal((1.0, 2e-6), (ledger.EpsilonSpent, ledger.DeltaSpent));
        Assert.Throws<InvalidOperationException>(() => ledger.Release("a"));
        ledger.RestoreRaise("b", 3);
        Assert.Equal(3.5, ledger.EpsilonSpent);
        Assert.False(ledger.TryReserve("c", 0.1, 1e-6, out _));
        ledger.Release("b");
        ledger.RestoreRaise("b", 3);
        Assert.Equal(0.5, ledger.EpsilonSpent);
        Assert.Throws<InvalidOperationException>(() => ledger.TryRaise("c", 1, out _));
        Assert.Throws<AccountingException>(() => ledger.TryRaise("a", double.NaN, out _));
    }

    [Fact]
    public void Only_a_task_that_committed_nothing_gives_its_budget_back()
    {
        DataSetLedger ledger = new(1, 1e-5);
        ledger.TryReserve("a", 0.5, 1e-6, out _);
        ledger.TryReserve("b", 0.5, 1e-6, out _);
        ledger.Commit("a");
        ledger.Release("b");
        Assert.Equal((0.5, 1e-6), (ledger.EpsilonSpent, ledger.DeltaSpent));
        Assert.Throws<InvalidOperationException>(() => ledger.Release("a"));
        Assert.Throws<InvalidOperationException>(() => ledger.Release("b"));
        Assert.Throws<InvalidOperationException>(() => ledger.Commit("b"));
        Assert.Throws<InvalidOperationException>(() => ledger.Commit("c"));
    }

    [Fact]
    public void What_a_decimal_cannot_hold_is_charged_upwards_and_capped_downwards() => Prop.ForAll(
        Arb.From(from digits in Gen.Choose(1, int.MaxValue) from low in Gen.Choose(1, int.MaxValue) from exponent in Gen.Choose(-28, -10) select (digits + low / 3e9) * Math.Pow(10, exponent)),
        value => ExactDecimal.Double(ExactDecimal.Above(value)) >= value && ExactDecimal.Double(ExactDecimal.Below(value)) <= value && ExactDecimal.Above(value) - ExactDecimal.Below(value) <= 1e-28m)
        .QuickCheckThrowOnFailure();

    [Theory]
    [InlineData(0, 1e-5)]
    [InlineData(double.NaN, 1e-5)]
    [InlineData(1, 0)]
    [InlineData(1, 1e-29)]
    [InlineData(1, 1)]
    public void Budgets_out_of_range_are_refused(double epsilon, double delta)
    {
        Assert.Throws<AccountingException>(() => new DataSetLedger(epsilon, delta));
        Assert.Throws<AccountingException>(() => new DataSetLedger(1, 1e-5).TryReserve("a", epsilon, delta, out _));
    }
}
