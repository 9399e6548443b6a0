using SecureFed.Cryptography.Randomness;
using SecureFed.Privacy.Budget;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Tasks;
using SecureFed.Protocol.Wire;

namespace SecureFed.Service.Tests.Clients;

/// <summary>Hostile task parameters are a value to refuse, not an exception of the arithmetic.</summary>
public sealed class HostileShapeTests
{
    [Theory]
    [InlineData(0, 1.0)]
    [InlineData(4, 5e-324)]
    [InlineData(4, -1.0)]
    public void A_shape_without_length_or_clip_norm_is_refused_and_throws_nothing(int length, double clipNorm)
    {
        TaskParameters task = new(
            Identifier.Random(OperatingSystemRandomSource.Instance),
            "task",
            new ModelSpecification(TaskModelKind.Vector, 4, [], null, 0),
            new TrainingSpecification(ServerOptimizerKind.FedSgd, 1, LocalOptimizerKind.Sgd, 0.1, 1e-8, 1, 1, 1, 1, 100),
            new TaskSchedule(false, 1, false, 2),
            [new RoundShape(RoundKind.Train, [new SegmentShape("gradient", length, clipNorm)])],
            new CohortBounds(5, 5, 5, 1, ExactDecimal.From(0.1m), ExactDecimal.From(0.1m), ServerClass.Malicious),
            new PhaseDeadlines(1000, 1000, 100),
            ProtectionKind.Masking,
            32,
            new PrivacySpecification(PrivacyUnit.Client, 8, 1e-6, 8, 1, 0, "", [new(RoundKind.Train, 10, ReleaseCost.Units(10, 1, 8))]));

        Assert.False(TaskParameters.TryDecode(task.Encode(), out _));
    }
}
