using SecureFed.Cli.Attack.Lies;

namespace SecureFed.Cli.Attack;

/// <summary>Every deviation, in the order of a round. threat-model.md, section 16, is the same list for people.</summary>
internal static class DeviationCatalogue
{
    public static IReadOnlyList<Deviation> All { get; } =
    [
        .. TaskLies.All,
        .. OpeningLies.All,
        .. CohortLies.All,
        .. DealerLies.All,
        .. SurvivorLies.All,
        .. UnmaskLies.All,
        .. LogLies.All,
        .. RestartLies.All,
        .. ViewLies.All,
        .. HarmlessLies.All,
        .. GraphLies.All,
        .. NoiseLies.All,
    ];

    public static Deviation? Find(string name) => All.FirstOrDefault(d => string.Equals(d.Name, name, StringComparison.Ordinal));
}
