using System.Security.Cryptography;

namespace SecureFed.Service.Tests.Crashes;

/// <summary>Every file below some directories with the digest of its content, to show that nothing was changed.</summary>
internal static class FileDigests
{
    /// <summary>Without the empty file that carries the process's lock.</summary>
    public static Dictionary<string, string> Of(params string[] directories) => directories
        .SelectMany(d => Directory.EnumerateFiles(d, "*", SearchOption.AllDirectories))
        .Where(f => Path.GetFileName(f) != "lock")
        .ToDictionary(f => f, f => Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(f))), StringComparer.Ordinal);
}
