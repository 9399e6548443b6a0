using System.Diagnostics;

namespace SecureFed.Cryptography.Tests.Seal.NodeSeal;

/// <summary>Where node-seal (Microsoft SEAL compiled to WebAssembly) is installed. Tests that need it are skipped where it is absent, but fail in continuous
/// integration.</summary>
/// <remarks>
/// SECUREFED_NODE_SEAL names a folder with <c>node_modules/node-seal</c>; without it <c>.cache/securefed/node-seal</c> in the user's own folder is tried.
/// Node 22 or later comes from the same folder (npm package node) or from PATH.
/// </remarks>
internal static class NodeSealTools
{
    private const int LeastNode = 22;

    public static (string Node, string Folder) Require()
    {
        string? given = Environment.GetEnvironmentVariable("SECUREFED_NODE_SEAL");
        string folder = string.IsNullOrEmpty(given)
            ? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache", "securefed", "node-seal")
            : given;
        string reason = $"node-seal is not installed: npm install --prefix DIR node@{LeastNode} node-seal@7, then set SECUREFED_NODE_SEAL=DIR.";
        if (File.Exists(Path.Combine(folder, "node_modules", "node-seal", "package.json")))
        {
            string[] candidates = [Path.Combine(folder, "node_modules", "node", "bin", "node"), Path.Combine(folder, "node_modules", "node", "bin", "node.exe"), "node"];
            if (candidates.FirstOrDefault(IsRecent) is { } node)
                return (node, folder);
            reason = $"node-seal needs Node {LeastNode} or later: npm install --prefix DIR node@{LeastNode}.";
        }

        Assert.SkipWhen(!string.Equals(Environment.GetEnvironmentVariable("CI"), "true", StringComparison.OrdinalIgnoreCase), reason);
        Assert.Fail($"Continuous integration must judge by Microsoft SEAL. {reason}");
        return default;
    }

    private static bool IsRecent(string node)
    {
        if (Path.IsPathRooted(node) && !File.Exists(node))
            return false;
        try
        {
            using Process process = Process.Start(new ProcessStartInfo(node, "--version") { RedirectStandardOutput = true, UseShellExecute = false })!;
            string version = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            return int.TryParse(version.TrimStart('v').Split('.')[0], out int major) && major >= LeastNode;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }
}
