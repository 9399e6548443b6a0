using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Tasks;

/// <summary>Noise and cost of every round of one kind.</summary>
/// <param name="Kind">Kind of round.</param>
/// <param name="NoiseMultiplier">z = σ_c/D₂: standard deviation of the honest survivors' noise over the sensitivity.</param>
/// <param name="Charge">What one such round costs: units of 10⁻¹² of Rényi divergence at the task's order, rounded up.</param>
public sealed record ReleaseSpecification(RoundKind Kind, double NoiseMultiplier, long Charge)
{
    internal void Write(CanonicalWriter writer) => writer.UInt8((byte)Kind).Double(NoiseMultiplier).UInt64((ulong)Charge);

    internal static ReleaseSpecification Read(ref CanonicalReader reader)
    {
        RoundKind kind = (RoundKind)reader.UInt8();
        double multiplier = reader.Double();
        ulong charge = reader.UInt64();
        reader.Require(Enum.IsDefined(kind) && charge <= long.MaxValue);
        return new ReleaseSpecification(kind, multiplier, reader.HasFailed ? 0 : (long)charge);
    }
}
