using SecureFed.Cryptography.Rings;
using SecureFed.Cryptography.Sampling;
using SecureFed.Privacy.Updates;

namespace SecureFed.Privacy.Auditing;

/// <summary>One round of clients, summed in the ring and decoded as the server does it.</summary>
/// <remarks>
/// <para>Only the shares of h clients are in the sum: what colluders add is known to them, and dropouts add nothing. Everybody's data but
/// the canaries' is zero, which is no restriction, as whoever distinguishes may know and subtract it.</para>
/// <para>At client level every unit is a client of its own; at record level all units are rows of one client.</para>
/// </remarks>
internal sealed class AuditedCohort(AuditedUnit unit, AuditedSchedule schedule, IAuditedClient client) : IAuditedMechanism
{
    public int[] Release(IReadOnlyList<double[]> units)
    {
        UpdateLayout layout = schedule.Layout;
        uint[] sum = new uint[layout.Dimension];
        uint[] upload = new uint[layout.Dimension];
        int clients = unit == AuditedUnit.Client ? Math.Max(schedule.Honest, units.Count) : schedule.Honest;
        for (int i = 0; i < clients; i++)
        {
            client.Contribute(layout, UnitsOf(i, units), i < schedule.Honest ? schedule.ShareVariance : Rational.Zero).CopyTo(upload);
            Ring.Add(sum, upload);
        }

        Ring.Reduce(sum, layout.RingBits);
        return SumDecoder.ToIntegers(layout, sum);
    }

    private IReadOnlyList<double[]> UnitsOf(int i, IReadOnlyList<double[]> units) => unit == AuditedUnit.Client
        ? i < units.Count ? [units[i]] : []
        : i == 0 ? units : [];
}
