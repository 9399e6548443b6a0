using SecureFed.Client.Ledger;
using SecureFed.Cryptography.Randomness;
using SecureFed.Privacy.Budget;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Policy;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Tasks;
using SecureFed.Protocol.Wire;
using SecureFed.Service.Tests.Consortium;

namespace SecureFed.Service.Tests.Clients;

/// <summary>What a server may try so that a client's own ledger counts less than its data pays.</summary>
public sealed class LedgerEvasionTests
{
    [Fact]
    public async Task Calling_the_data_by_another_name_opens_no_new_total()
    {
        using TemporaryDirectory directory = new();
        FilePrivacyLedger ledger = new(directory.Path);
        int accepted = 0;
        for (int i = 0; i < 20; i++)
        {
            TaskParameters task = TaskOf(8, dataSet: $"name {i}");
            try
            {
                await ledger.ChargeAsync(new PrivacyCharge(task, 1, task.Privacy.Releases[0].Charge), PrivacyLimits.Default, TestContext.Current.CancellationToken);
                accepted++;
            }
            catch (RoundRefusedException)
            {
                break;
            }
        }

        Assert.Equal(2, accepted); // 8 · 1.25 each, 20 in all.
    }

    [Fact]
    public async Task A_round_number_that_comes_again_with_another_opening_is_charged_again()
    {
        using TemporaryDirectory directory = new();
        FilePrivacyLedger ledger = new(directory.Path);
        TaskParameters task = TaskOf(8, "data");
        long charge = task.Privacy.Releases[0].Charge;
        await ledger.ChargeAsync(new PrivacyCharge(task, 1, charge), PrivacyLimits.Default, TestContext.Current.CancellationToken);
        double before = (await ledger.ReadAsync(TestContext.Current.CancellationToken))[0].Epsilon;

        // A client with the default (memory) state store after a restart, a client whose state file is lost, or a second client of the same data.
        bool isRefused = await Record.ExceptionAsync(
            () => ledger.ChargeAsync(new PrivacyCharge(task, 1, 3 * charge), PrivacyLimits.Default, TestContext.Current.CancellationToken)) is not null;

        Assert.True(isRefused || (await ledger.ReadAsync(TestContext.Current.CancellationToken))[0].Epsilon > before, "The second release cost nothing.");
    }

    [Fact]
    public async Task A_tasks_charges_are_counted_at_the_order_at_which_they_were_made()
    {
        using TemporaryDirectory directory = new();
        FilePrivacyLedger ledger = new(directory.Path);
        TaskParameters task = TaskOf(8, "data");
        TaskParameters lower = task with { Privacy = task.Privacy with { Order = 2 } };
        await ledger.ChargeAsync(new PrivacyCharge(task, 1, task.Privacy.Releases[0].Charge), PrivacyLimits.Default, TestContext.Current.CancellationToken);

        await Assert.ThrowsAnyAsync<Exception>(() => ledger.ChargeAsync(
            new PrivacyCharge(lower, 2, ReleaseCost.Units(task.Privacy.Releases[0].NoiseMultiplier, 1, 2)), PrivacyLimits.Default, TestContext.Current.CancellationToken));
    }

    private static TaskParameters TaskOf(double epsilon, string dataSet)
    {
        NoisePlan plan = NoisePlan.For([new("Train", 20, 1, 1)], epsilon, 1e-6);
        return new TaskParameters(
            Identifier.Random(OperatingSystemRandomSource.Instance),
            "task",
            new ModelSpecification(TaskModelKind.Vector, 4, [], null, 0),
            new TrainingSpecification(ServerOptimizerKind.FedSgd, 1, LocalOptimizerKind.Sgd, 0.1, 1e-8, 1, 1, 1, 1, 100),
            new TaskSchedule(false, 20, false, 2),
            [new RoundShape(RoundKind.Train, [new SegmentShape("gradient", 4, 1)])],
            new CohortBounds(5, 5, 5, 1, ExactDecimal.From(0.1m), ExactDecimal.From(0.1m), ServerClass.Malicious),
            new PhaseDeadlines(1000, 1000, 100),
            ProtectionKind.Masking,
            32,
            new PrivacySpecification(PrivacyUnit.Client, epsilon, 1e-6, plan.Cap.Order, 1, 0, dataSet, [new(RoundKind.Train, plan.Releases[0].NoiseMultiplier, plan.Releases[0].Units)]));
    }
}
