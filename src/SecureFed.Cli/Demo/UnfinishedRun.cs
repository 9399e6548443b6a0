namespace SecureFed.Cli.Demo;

/// <summary>What <c>run.json</c> of an unfinished demo says: everything but keys that another process needs to go on.</summary>
internal sealed record UnfinishedRun
{
    public const int CurrentVersion = 1;

    public required int Version { get; init; }

    /// <summary>Chosen before the task is created, so that a run that was interrupted in between creates this one.</summary>
    public required string TaskId { get; init; }

    /// <summary>Paths are absolute.</summary>
    public required DemoOptions Options { get; init; }

    /// <summary>The files that <see cref="Options"/> names.</summary>
    public required IReadOnlyList<ReadFile> Files { get; init; }

    /// <summary>How often the run was resumed.</summary>
    public int Resumptions { get; init; }

    /// <summary>The keys may go: set before the first of them is deleted.</summary>
    public bool HasEnded { get; init; }
}

/// <summary>A file that a demo has read.</summary>
/// <param name="Path">Absolute.</param>
/// <param name="Sha256">Of its bytes, lower-case hexadecimal.</param>
internal sealed record ReadFile(string Path, string Sha256);
