using SecureFed.Cryptography.Randomness;
using SecureFed.Cryptography.Rings;
using SecureFed.Cryptography.Sampling;
using SecureFed.Privacy.Auditing;
using SecureFed.Privacy.Updates;

namespace SecureFed.Privacy.Tests.Auditing;

/// <summary>Pipelines that differ from production in one thing each, and production itself. All randomness comes from one named source.</summary>
internal sealed class Mutants(AuditPlan plan, IRandomSource random)
{
    public IAuditedMechanism Production(AuditedSchedule schedule) => With(schedule, new DiscreteGaussianNoise(schedule.ShareVariance, random));

    public IAuditedMechanism NoiseMissing(AuditedSchedule schedule) => With(schedule, NoNoise.Instance);

    /// <summary>Every client takes the n-th part of a standard deviation of which the h-th part of a variance was meant: σ²/(h·n) in place of σ²/h.</summary>
    public IAuditedMechanism NoiseDividedTwice(AuditedSchedule schedule) =>
        With(schedule, new DiscreteGaussianNoise(schedule.ShareVariance / plan.Clients, random));

    /// <summary>Shares made for n clients of whom only h remain.</summary>
    public IAuditedMechanism NoiseSharedByDropouts(AuditedSchedule schedule) =>
        With(schedule, new DiscreteGaussianNoise(schedule.ShareVariance * plan.Honest / plan.Clients, random));

    /// <summary>The round closes although only a quarter of the h shares are there.</summary>
    public IAuditedMechanism TooFewSurvivors(AuditedSchedule schedule) => new PipelineMechanism(
        plan.Unit, schedule.Layout, plan.SamplingRate, random, new DiscreteGaussianNoise(schedule.ShareVariance, random), plan.Honest / 4);

    /// <summary>Every record joins every round.</summary>
    public IAuditedMechanism SamplingMissing(AuditedSchedule schedule) =>
        new PipelineMechanism(plan.Unit, schedule.Layout, 1, random, new DiscreteGaussianNoise(schedule.ShareVariance, random), plan.Honest);

    public IAuditedMechanism ClippingMissing(AuditedSchedule schedule) => new Unclipped(schedule, random);

    /// <summary>A fresh seed for every release, or for every second one.</summary>
    public IAuditedMechanism Seeded(AuditedSchedule schedule, int releasesPerSeed) => new SeedPerReleases(plan, schedule, random, releasesPerSeed);

    private PipelineMechanism With(AuditedSchedule schedule, INoiseMechanism noise) =>
        new(plan.Unit, schedule.Layout, plan.SamplingRate, random, noise, plan.Honest);

    private sealed class Unclipped(AuditedSchedule schedule, IRandomSource random) : IAuditedMechanism
    {
        private readonly DiscreteGaussianNoise noise = new(schedule.ShareVariance, random);

        public int[] Release(IReadOnlyList<double[]> units)
        {
            UpdateLayout layout = schedule.Layout;
            uint[] sum = new uint[layout.Dimension];
            uint[] upload = new uint[layout.Dimension];
            for (int client = 0; client < Math.Max(schedule.Honest, units.Count); client++)
            {
                int[] integers = client < units.Count ? [.. units[client].Select(x => (int)Math.Round(x * schedule.Shift))] : new int[layout.Dimension];
                QuantizedUpdate update = new(layout, integers);
                (client < schedule.Honest ? noise : (INoiseMechanism)NoNoise.Instance).Add(update).CopyTo(upload);
                Ring.Add(sum, upload);
            }

            return SumDecoder.ToIntegers(layout, sum);
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
            return new PipelineMechanism(
                plan.Unit, schedule.Layout, plan.SamplingRate, random, new DiscreteGaussianNoise(schedule.ShareVariance, noise), plan.Honest).Release(units);
        }
    }
}
