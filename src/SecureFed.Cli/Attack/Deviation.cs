namespace SecureFed.Cli.Attack;

/// <summary>One named way in which a server departs from the protocol, and what a client must answer.</summary>
/// <param name="Name">Stable name, kebab case.</param>
/// <param name="Claim">Claim of threat-model.md that it tests.</param>
/// <param name="Source">Paper and section, or where the idea comes from.</param>
/// <param name="Phase">Step of the round in which the lie is told.</param>
/// <param name="Expected">Error code of the client's refusal, or <see cref="Harmless"/>.</param>
/// <param name="Arrange">Sets the lies up before the task is created.</param>
internal sealed record Deviation(string Name, string Claim, string Source, string Phase, string Expected, Action<Scene> Arrange)
{
    /// <summary>The client cannot notice; then <see cref="Proof"/> shows that nothing leaks.</summary>
    public const string Harmless = "harmless";

    /// <summary>Null if nothing leaked, else what the server learned. Needed where <see cref="Expected"/> is <see cref="Harmless"/>.</summary>
    public Func<Scene, Task<string?>>? Proof { get; init; }

    /// <summary>Whether the refusal must leave the client with two checkpoints that contradict each other.</summary>
    public bool KeepsEvidence { get; init; }

    /// <summary>Clients in the roster; more than the usual few get a server of their own.</summary>
    public int Enrolled { get; init; } = HostileConsortium.Enrolled;

    /// <summary>Why an application in a process of its own cannot be the victim; null if it can.</summary>
    public string? Obstacle { get; init; }

    public bool CanBeServed => Obstacle is null && !IsHarmless;

    public bool IsHarmless => string.Equals(Expected, Harmless, StringComparison.Ordinal);
}
