using SecureFed.Privacy.Updates;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Tasks;

/// <summary>One segment of a round's vector before its scale is chosen.</summary>
/// <param name="Name">Name.</param>
/// <param name="Length">Coordinates.</param>
/// <param name="ClipNorm">Largest L2 norm at one client.</param>
public sealed record SegmentShape(string Name, int Length, double ClipNorm);

/// <summary>What clients send in one kind of round. Fixed with the task, so that a server cannot ask for other or wider vectors later.</summary>
/// <param name="Kind">Kind of round.</param>
/// <param name="Segments">1 to 16 segments.</param>
public sealed record RoundShape(RoundKind Kind, IReadOnlyList<SegmentShape> Segments)
{
    /// <summary>The layout with the finest scale of each segment that cannot wrap for the greatest cohort (noise <c>none</c>).</summary>
    /// <exception cref="ArgumentException">A segment is malformed or fits the ring at no scale.</exception>
    public UpdateLayout ToLayout(int ringBits, int greatestCohort) => new(
        [.. Segments.Select(s => new UpdateSegment(s.Name, s.Length, s.ClipNorm, UpdateLayout.FinestScaleExponent(s.ClipNorm, ringBits, greatestCohort)))],
        ringBits);

    /// <summary>The layout for rounds with noise, its first segment padded if it is flattened.</summary>
    /// <exception cref="ArgumentException">A segment is malformed or no scale suits the noise.</exception>
    public UpdateLayout ToLayout(int ringBits, int greatestCohort, double noiseMultiplier, Flattening? flattening) =>
        NoiseScale.Choose([.. Segments.Select(s => new UpdateSegment(s.Name, s.Length, s.ClipNorm, 0))], ringBits, noiseMultiplier, greatestCohort, flattening);

    internal void Write(CanonicalWriter writer) => writer
        .UInt8((byte)Kind)
        .List(Segments, (w, s) => w.Text(s.Name).Count(s.Length).Double(s.ClipNorm));

    internal static RoundShape Read(ref CanonicalReader reader)
    {
        RoundKind kind = (RoundKind)reader.UInt8();
        reader.Require(Enum.IsDefined(kind));
        return new RoundShape(kind, reader.List(16, 4 + 1 + 4 + 8, ReadSegment));
    }

    private static SegmentShape ReadSegment(ref CanonicalReader reader) =>
        new(reader.Text(32), reader.Count(UpdateLayout.GreatestDimension), reader.Double());
}
