using SecureFed.Privacy.Budget;
using SecureFed.Protocol.Resources;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Tasks;
using SecureFed.Protocol.Tests.Simulation;

namespace SecureFed.Protocol.Tests.Tasks;

/// <summary>What is claimed of readers of the models must hold for the readers that every task has: its clients.</summary>
public sealed class ModelReaderTests
{
    [Fact]
    public void A_client_that_reads_the_models_knows_its_own_share_of_the_noise()
    {
        SimulatedConsortium consortium = new("a reader of its own", new ConsortiumOptions { Clients = 5, DeltaDrop = 0.2m, TrainRounds = 3, GreatestFailures = 10, Epsilon = 4 });
        consortium.Server.OpenRound();
        consortium.RunTo(RoundPhase.Closed);
        CohortThresholds thresholds = CohortThresholds.TryDerive(consortium.Bounds, 5, out _)!;
        PrivacySpecification privacy = consortium.Task.Privacy;
        double unknown = (double)(thresholds.LeastSurvivors - 1) / thresholds.HonestSurvivors;
        double least = privacy.Cap.EpsilonOf(ReleaseCost.Units(privacy.Releases[0].NoiseMultiplier * Math.Sqrt(unknown), 1, privacy.Order));

        BudgetView budget = PrivacyOdometer.Read(consortium.Server.State)!;

        Assert.InRange(budget.Views.ModelReaders, least, budget.Views.Server);
    }
}
