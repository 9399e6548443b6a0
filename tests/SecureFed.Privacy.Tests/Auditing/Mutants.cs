using System.Buffers.Binary;
using SecureFed.Cryptography.Randomness;
using SecureFed.Cryptography.Sampling;
using SecureFed.Privacy.Auditing;
using SecureFed.Privacy.Updates;

namespace SecureFed.Privacy.Tests.Auditing;

/// <summary>Rounds that differ from a good one in one thing each, and the good one. All randomness comes from one named source.</summary>
internal sealed class Mutants(AuditPlan plan, IRandomSource random)
{
    public IAuditedMechanism None(AuditedSchedule schedule) => new AuditedCohort(plan.Unit, schedule, new Stages(plan, random, random));

    public IAuditedMechanism NoiseMissing(AuditedSchedule schedule) => None(schedule with { ShareVariance = Rational.Zero });

    /// <summary>Every client takes the n-th part of a variance of which the h-th part was meant, and that h-th part was taken before: σ_c²/(h·n) in place of σ_c²/h.</summary>
    public IAuditedMechanism NoiseDividedTwice(AuditedSchedule schedule) => None(schedule with { ShareVariance = schedule.ShareVariance / plan.Clients });

    /// <summary>Shares made for n clients of whom only h remain.</summary>
    public IAuditedMechanism NoiseSharedByDropouts(AuditedSchedule schedule) =>
        None(schedule with { ShareVariance = schedule.ShareVariance * plan.Honest / plan.Clients });

    /// <summary>The round closes although only a quarter of the h shares are there.</summary>
    public IAuditedMechanism TooFewSurvivors(AuditedSchedule schedule) => None(schedule with { Honest = plan.Honest / 4 });

    /// <summary>Every record joins every round.</summary>
    public IAuditedMechanism SamplingMissing(AuditedSchedule schedule) =>
        new AuditedCohort(plan.Unit, schedule, new Stages(plan with { SamplingRate = 1 }, random, random));

    public IAuditedMechanism ClippingMissing(AuditedSchedule schedule) => new AuditedCohort(plan.Unit, schedule, new Unclipped(random));

    /// <summary>A fresh seed for every release, or for every second one.</summary>
    public IAuditedMechanism Seeded(AuditedSchedule schedule, int releasesPerSeed) => new SeedPerReleases(plan, schedule, random, releasesPerSeed);

    /// <summary>The stages of Privacy/Updates in their order, which their types force on everybody.</summary>
    public sealed class Stages(AuditPlan plan, IRandomSource random, IRandomSource noise) : IAuditedClient
    {
        private readonly Quantizer quantizer = new(random);

        public NoisedUpdate Contribute(UpdateLayout layout, IReadOnlyList<double[]> units, Rational shareVariance)
        {
            QuantizedUpdate update = plan.Unit == AuditedUnit.Record
                ? Sum(layout, units)
                : quantizer.Quantize(Clipper.Clip(ModelUpdate.Create(layout, units.Count == 0 ? new double[layout.Dimension] : units[0])));
            return Mechanism(shareVariance, noise).Add(update);
        }

        private QuantizedUpdate Sum(UpdateLayout layout, IReadOnlyList<double[]> records)
        {
            RecordAccumulator accumulator = new(layout, random);
            foreach (double[] record in records)
            {
                if (BinaryPrimitives.ReadUInt32LittleEndian(random.Bytes(4)) < plan.SamplingRate * 4294967296.0)
                    accumulator.Add(record);
            }

            return accumulator.Finish();
        }
    }

    private static INoiseMechanism Mechanism(Rational shareVariance, IRandomSource noise) =>
        shareVariance == Rational.Zero ? NoNoise.Instance : new DiscreteGaussianNoise(shareVariance, noise);

    private sealed class Unclipped(IRandomSource random) : IAuditedClient
    {
        public NoisedUpdate Contribute(UpdateLayout layout, IReadOnlyList<double[]> units, Rational shareVariance)
        {
            double[] values = units.Count == 0 ? new double[layout.Dimension] : units[0];
            return Mechanism(shareVariance, random).Add(new QuantizedUpdate(layout, [.. values.Select(x => (int)Math.Round(x * layout.Segments[0].Scale))]));
        }
    }

    private sealed class SeedPerReleases(AuditPlan plan, AuditedSchedule schedule, IRandomSource random, int releasesPerSeed) : IAuditedMechanism
    {
        private byte[] seed = [];
        private int releases;

        public int[] Release(IReadOnlyList<double[]> units)
        {
            if (releases++ % releasesPerSeed == 0)
                seed = random.Bytes(32);
            using KeyedRandomSource noise = new(seed);
            return new AuditedCohort(plan.Unit, schedule, new Stages(plan, random, noise)).Release(units);
        }
    }
}
