using SecureFed.Cryptography.Sharing;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Rounds;

/// <summary>What a task fixes about its cohorts; with the number of clients it determines all thresholds.</summary>
/// <param name="Least">Fewest clients with which a round goes on after Advertise.</param>
/// <param name="Greatest">Most clients in a round; the round moves on as soon as they are there.</param>
/// <param name="Organisations">Most distinct organisations with a client in the roster; c is counted from it.</param>
/// <param name="OrganisationCap">Most clients of one organisation in a cohort.</param>
/// <param name="Gamma">γ: fraction of organisations that may collude with the server.</param>
/// <param name="DeltaDrop">δ_drop: fraction of the cohort that may drop out without losing the round.</param>
/// <param name="ServerClass">Adversary.</param>
/// <param name="Leaves">Leaves that a round is cut into, each with a graph, thresholds and a sum of its own; 1 for a round that is one cohort.</param>
/// <param name="LeastDifference">m of the cross-round guard: survivors of two released rounds of one kind are the same or differ by at least m clients; 0 = no guard.</param>
public sealed record CohortBounds(
    int Least,
    int Greatest,
    int Organisations,
    int OrganisationCap,
    ExactDecimal Gamma,
    ExactDecimal DeltaDrop,
    ServerClass ServerClass,
    int Leaves = 1,
    int LeastDifference = 0)
{
    public const int GreatestLeaves = 4096;

    /// <summary>Every size between the bounds is tried when a task is created.</summary>
    private const int GreatestRange = 10_000;

    /// <summary>Null if the numbers are in range and every cohort size within the bounds has thresholds; otherwise the first that has none and why.</summary>
    /// <remarks>For whoever creates a task: trying every size takes seconds for wide bounds. Who reads one asks <see cref="FindFault"/>, and for the thresholds of the cohort that comes.</remarks>
    public string? FindInfeasible(ProtectionKind protection = ProtectionKind.Masking)
    {
        if (FindFault() is { } fault)
            return fault;
        if (Greatest - Least > GreatestRange)
            return $"The cohort's least and greatest sizes are at most {GreatestRange} apart.";
        if (protection != ProtectionKind.Masking)
            return FindInfeasibleEncrypted();
        int degree = 0;
        for (int n = Least; n <= Greatest; n++)
        {
            for (int size = n / Leaves; size <= (n + Leaves - 1) / Leaves; size++)
            {
                if (!CohortThresholds.IsFeasible(this, n, size, ref degree) && CohortThresholds.TryDerive(this, n, size, out string reason) is null)
                    return reason;
            }
        }

        return null;
    }

    private string? FindInfeasibleEncrypted()
    {
        for (int n = Least; n <= Greatest; n++)
        {
            if (CohortThresholds.TryDeriveEncrypted(this, n, out string reason) is null)
                return reason;
        }

        return null;
    }

    /// <summary>Null if every number is in its range.</summary>
    public string? FindFault()
    {
        if (Least < 2 || Greatest < Least || Greatest > ShamirSecretSharing.MaxPoint
            || OrganisationCap is < 1 or > ShamirSecretSharing.MaxPoint
            || Organisations is < 1 or > ShamirSecretSharing.MaxPoint)
        {
            return "The cohort needs 2 <= least <= greatest <= 2^20, an organisation cap of 1 to 2^20 and 1 to 2^20 organisations.";
        }

        if (!Gamma.IsValid || !DeltaDrop.IsValid || !Enum.IsDefined(ServerClass))
            return "gamma and delta_drop lie in [0, 1), and the server class is malicious or curious.";
        return Leaves is < 1 or > GreatestLeaves || LeastDifference is < 0 or > ShamirSecretSharing.MaxPoint
            ? $"A round has 1 to {GreatestLeaves} leaves, and the cross-round guard's least difference is 0 (none) to 2^20."
            : null;
    }

    internal void Write(CanonicalWriter writer) => writer
        .Count(Least).Count(Greatest).Count(Organisations).Count(OrganisationCap)
        .Count(Gamma.Millionths).Count(DeltaDrop.Millionths).UInt8((byte)ServerClass)
        .Count(Leaves).Count(LeastDifference);

    internal static CohortBounds Read(ref CanonicalReader reader)
    {
        CohortBounds bounds = new(
            reader.Count(ShamirSecretSharing.MaxPoint),
            reader.Count(ShamirSecretSharing.MaxPoint),
            reader.Count(ShamirSecretSharing.MaxPoint),
            reader.Count(ShamirSecretSharing.MaxPoint),
            new ExactDecimal(reader.Count(ExactDecimal.One - 1)),
            new ExactDecimal(reader.Count(ExactDecimal.One - 1)),
            (ServerClass)reader.UInt8(),
            reader.Count(GreatestLeaves),
            reader.Count(ShamirSecretSharing.MaxPoint));
        reader.Require(Enum.IsDefined(bounds.ServerClass));
        return bounds;
    }
}
