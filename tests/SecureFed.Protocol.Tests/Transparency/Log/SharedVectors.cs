namespace SecureFed.Protocol.Tests.Transparency.Log;

/// <summary>Vectors of other implementations beside the repository. Tests that need them are skipped where they are absent, but fail in continuous integration.</summary>
internal static class SharedVectors
{
    /// <param name="name">Folder below <c>vectors</c>.</param>
    public static string Folder(string name)
    {
        if (Find(name) is { } folder)
            return folder;
        Assert.SkipWhen(
            !string.Equals(Environment.GetEnvironmentVariable("CI"), "true", StringComparison.OrdinalIgnoreCase),
            "The shared vectors are not beside the repository; set SECUREFED_SHARED to their folder.");
        Assert.Fail("The shared vectors must be present in continuous integration (SECUREFED_SHARED, or ../shared beside the repository).");
        return "";
    }

    private static string? Find(string name)
    {
        string? shared = Environment.GetEnvironmentVariable("SECUREFED_SHARED");
        if (string.IsNullOrEmpty(shared))
        {
            DirectoryInfo? root = new(AppContext.BaseDirectory);
            while (root is not null && !File.Exists(Path.Combine(root.FullName, "SecureFed.sln")))
                root = root.Parent;
            shared = root is null ? null : Path.Combine(root.FullName, "..", "shared");
        }

        string? folder = shared is null ? null : Path.Combine(shared, "vectors", name);
        return Directory.Exists(folder) ? folder : null;
    }
}
