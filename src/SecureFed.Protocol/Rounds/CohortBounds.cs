using SecureFed.Cryptography.Sharing;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Rounds;

/// <summary>What a task fixes about its cohorts; with the number of clients it determines all thresholds.</summary>
/// <param name="Least">Fewest clients with which a round goes on after Advertise.</param>
/// <param name="Greatest">Most clients in a round; the round moves on as soon as they are there.</param>
/// <param name="Organisations">Distinct organisations with a client in the roster.</param>
/// <param name="OrganisationCap">Most clients of one organisation in a cohort.</param>
/// <param name="Gamma">γ: fraction of organisations that may collude with the server.</param>
/// <param name="DeltaDrop">δ_drop: fraction of the cohort that may drop out without losing the round.</param>
/// <param name="ServerClass">Adversary.</param>
public sealed record CohortBounds(
    int Least,
    int Greatest,
    int Organisations,
    int OrganisationCap,
    ExactDecimal Gamma,
    ExactDecimal DeltaDrop,
    ServerClass ServerClass)
{
    /// <summary>Null if every cohort size within the bounds has thresholds; otherwise the first that has none and why.</summary>
    public string? FindInfeasible()
    {
        if (Least < 2 || Greatest < Least || Greatest > ShamirSecretSharing.MaxPoint
            || OrganisationCap is < 1 or > ShamirSecretSharing.MaxPoint
            || Organisations is < 1 or > ShamirSecretSharing.MaxPoint)
        {
            return "The cohort needs 2 <= least <= greatest <= 2^20, an organisation cap of 1 to 2^20 and 1 to 2^20 organisations.";
        }

        if (!Gamma.IsValid || !DeltaDrop.IsValid || !Enum.IsDefined(ServerClass))
            return "gamma and delta_drop lie in [0, 1), and the server class is malicious or curious.";
        for (int n = Least; n <= Greatest; n++)
        {
            if (CohortThresholds.TryDerive(this, n, out string reason) is null)
                return reason;
        }

        return null;
    }

    internal void Write(CanonicalWriter writer) => writer
        .Count(Least).Count(Greatest).Count(Organisations).Count(OrganisationCap)
        .Count(Gamma.Millionths).Count(DeltaDrop.Millionths).UInt8((byte)ServerClass);

    internal static CohortBounds Read(ref CanonicalReader reader)
    {
        CohortBounds bounds = new(
            reader.Count(ShamirSecretSharing.MaxPoint),
            reader.Count(ShamirSecretSharing.MaxPoint),
            reader.Count(ShamirSecretSharing.MaxPoint),
            reader.Count(ShamirSecretSharing.MaxPoint),
            new ExactDecimal(reader.Count(ExactDecimal.One - 1)),
            new ExactDecimal(reader.Count(ExactDecimal.One - 1)),
            (ServerClass)reader.UInt8());
        reader.Require(Enum.IsDefined(bounds.ServerClass));
        return bounds;
    }
}
