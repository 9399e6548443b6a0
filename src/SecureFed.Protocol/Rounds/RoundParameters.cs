using SecureFed.Privacy.Updates;
using SecureFed.Protocol.Encryption;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Rounds;

/// <summary>Everything that is fixed when a round opens: the content of its ROUND_OPENED entry.</summary>
/// <param name="RoundId">Fresh in every round.</param>
/// <param name="Number">1, 2, … within the task, failed rounds included; a client never joins a number twice.</param>
/// <param name="Kind">What is summed.</param>
/// <param name="TaskDigest">SHA-256 of the task parameters.</param>
/// <param name="RosterDigest">SHA-256 of the signed roster in force; the round keeps it to its end.</param>
/// <param name="ModelDigest">SHA-256 of the global model that updates refer to.</param>
/// <param name="Layout">Segments, clip norms, scales and ring bits.</param>
/// <param name="Cohort">Bounds that determine every threshold.</param>
/// <param name="Protection">How updates are hidden.</param>
/// <param name="Noise">Noise and reservation; null if sums are exact.</param>
/// <param name="PseudonymSaltDigest">SHA-256 of the salt with which this round's entries name clients.</param>
/// <param name="Encryption">Of an encrypted round; null if it is masked.</param>
public sealed record RoundParameters(
    Identifier RoundId,
    int Number,
    RoundKind Kind,
    Digest TaskDigest,
    Digest RosterDigest,
    Digest ModelDigest,
    UpdateLayout Layout,
    CohortBounds Cohort,
    ProtectionKind Protection,
    RoundNoise? Noise,
    Digest PseudonymSaltDigest,
    RoundEncryption? Encryption = null)
{
    private const byte NoNoise = 0;
    private const byte DiscreteGaussian = 1;

    internal void Write(CanonicalWriter writer)
    {
        writer.Identifier(RoundId).Count(Number).UInt8((byte)Kind).Digest(TaskDigest).Digest(RosterDigest).Digest(ModelDigest);
        writer.UInt8((byte)Layout.RingBits).List(Layout.Segments, (w, s) => w
            .Text(s.Name).Count(s.Length).Double(s.ClipNorm).Count(s.ScaleExponent - UpdateSegment.LeastScaleExponent));
        Cohort.Write(writer);
        writer.UInt8((byte)Protection);
        if (Noise is null)
            writer.UInt8(NoNoise);
        else
            writer.UInt8(DiscreteGaussian).Double(Noise.NoiseMultiplier).UInt64((ulong)Noise.Charge);
        writer.Digest(PseudonymSaltDigest);
        Encryption?.Write(writer);
    }

    internal static RoundParameters? Read(ref CanonicalReader reader)
    {
        Identifier roundId = reader.Identifier();
        int number = reader.Count(int.MaxValue);
        RoundKind kind = (RoundKind)reader.UInt8();
        Digest task = reader.Digest();
        Digest roster = reader.Digest();
        Digest model = reader.Digest();
        int ringBits = reader.UInt8();
        UpdateSegment[] segments = reader.List(16, 4 + 1 + 4 + 8 + 4, ReadSegment);
        CohortBounds cohort = CohortBounds.Read(ref reader);
        ProtectionKind protection = (ProtectionKind)reader.UInt8();
        RoundNoise? noise = ReadNoise(ref reader);
        Digest salt = reader.Digest();
        RoundEncryption? encryption = protection == ProtectionKind.Masking ? null : RoundEncryption.Read(ref reader);
        reader.Require(number >= 1 && Enum.IsDefined(kind) && Enum.IsDefined(protection));
        UpdateLayout? layout = TryCreateLayout(segments, ringBits);
        reader.Require(layout is not null);
        return reader.HasFailed
            ? null
            : new RoundParameters(roundId, number, kind, task, roster, model, layout!, cohort, protection, noise, salt, encryption);
    }

    private static RoundNoise? ReadNoise(ref CanonicalReader reader)
    {
        byte mechanism = reader.UInt8();
        reader.Require(mechanism is NoNoise or DiscreteGaussian);
        if (reader.HasFailed || mechanism == NoNoise)
            return null;
        double multiplier = reader.Double();
        ulong charge = reader.UInt64();
        reader.Require(multiplier > 0 && double.IsFinite(multiplier) && charge <= long.MaxValue);
        return reader.HasFailed ? null : new RoundNoise(multiplier, (long)charge);
    }

    private static UpdateSegment ReadSegment(ref CanonicalReader reader) => new(
        reader.Text(32),
        reader.Count(UpdateLayout.GreatestDimension),
        reader.Double(),
        reader.Count(UpdateSegment.GreatestScaleExponent - UpdateSegment.LeastScaleExponent) + UpdateSegment.LeastScaleExponent);

    private static UpdateLayout? TryCreateLayout(UpdateSegment[] segments, int ringBits)
    {
        try
        {
            return new UpdateLayout(segments, ringBits);
        }
        catch (ArgumentException)
        {
            return null;
        }
    }
}
