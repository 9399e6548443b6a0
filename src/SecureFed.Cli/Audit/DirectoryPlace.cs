using SecureFed.Cli.Output;
using SecureFed.Client.Configuration;
using SecureFed.Protocol.Policy;
using SecureFed.Protocol.Tasks;
using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Transparency.Log;
using SecureFed.Protocol.Wire;

namespace SecureFed.Cli.Audit;

/// <summary>A directory: what <c>demo --out</c> or <c>audit fetch</c> wrote, the log of a task alone, or a server's data directory.</summary>
/// <remarks><c>log/{checkpoint,vkey,tile/…}</c>, <c>blobs/&lt;hex&gt;</c>, <c>privacy.json</c>, <c>model.json</c>, <c>policy.json</c>; a server keeps blobs in its journal, which is not read here.</remarks>
internal sealed class DirectoryPlace : AuditPlace
{
    public const string LogFolder = "log";
    public const string BlobFolder = "blobs";
    public const string BudgetFile = "privacy.json";
    public const string PolicyFileName = "policy.json";
    private const string Checkpoint = "checkpoint";
    private const string VerifierKey = "vkey";
    private readonly string root;
    private readonly string prefix;

    private DirectoryPlace(string root, string prefix)
    {
        this.root = root;
        this.prefix = prefix;
    }

    /// <param name="path">The directory.</param>
    /// <param name="task">Which task of a server's data directory; null if it has but one.</param>
    public static DirectoryPlace Open(string path, Identifier? task)
    {
        if (!Directory.Exists(path))
            throw CommandException.Refuse("not-found", $"There is no directory '{path}'.", "Give a directory of 'demo --out' or 'audit fetch', a server's data directory, or an https address.");
        if (Directory.Exists(Path.Combine(path, "tasks")))
            return OfServer(path, task);
        bool isLog = !Directory.Exists(Path.Combine(path, LogFolder));
        string log = isLog ? path : Path.Combine(path, LogFolder);
        if (!File.Exists(Path.Combine(log, Checkpoint)) && !File.Exists(Path.Combine(log, VerifierKey)) && !Directory.Exists(Path.Combine(log, "tile")))
            throw CommandException.Refuse("not-found", $"There is no log in '{path}'.", "A log is a checkpoint with its tiles, here or in the folder 'log'.");
        bool hasBlobs = Directory.Exists(Path.Combine(path, BlobFolder));
        return new DirectoryPlace(path, isLog ? "" : LogFolder + "/")
        {
            Name = path,
            Log = new Files(log),
            Blobs = hasBlobs ? new BlobFiles(Path.Combine(path, BlobFolder)) : null,
            WithoutBlobs = hasBlobs ? "" : "the directory holds no blobs; fetch them with 'securefed audit fetch' as an auditor of the roster",
        };
    }

    public override string PathOf(string logFile) => prefix + logFile;

    public override ClientPolicy? FindPolicy()
    {
        string path = Path.Combine(root, PolicyFileName);
        return File.Exists(path) ? PolicyFile.Load(path) : null;
    }

    public override string? FindModelFault(Identifier task, Digest model)
    {
        if (ReadOrNull(Path.Combine(root, ModelFile.Name)) is not { } bytes)
            return null;
        if (ModelFile.TryParse(bytes) is not { } file)
            return "It cannot be read.";
        if (!string.Equals(file.Task, task.ToString(), StringComparison.Ordinal) || !string.Equals(file.ModelDigest, model.ToString(), StringComparison.Ordinal))
            return $"It is of model {file.ModelDigest} of task {file.Task}, and the log ends with {model} of {task}.";
        if (ReadOrNull(Path.Combine(root, BlobFolder, model.ToString())) is not { } blob || !ModelState.TryDecode(blob, out ModelState? state))
            return null; // Without blobs the digest is all there is to compare.
        return file.Parameters.SequenceEqual(state!.Result) && file.Standardisation.SequenceEqual(state.Standardisation)
            ? null
            : "Its numbers are not those of the model that the log names.";
    }

    public override string BudgetSource(Identifier task) => BudgetFile;

    public override byte[]? ReadPublishedBudget(Identifier task) => ReadOrNull(Path.Combine(root, BudgetFile));

    private static DirectoryPlace OfServer(string path, Identifier? task)
    {
        string[] tasks = [.. Directory.GetDirectories(Path.Combine(path, "tasks")).Select(d => Path.GetFileName(d)!).Order(StringComparer.Ordinal)];
        string chosen = task?.ToString() ?? (tasks is [var only] ? only : throw CommandException.Misuse($"The data directory holds {tasks.Length} tasks.", $"Name one with --task: {string.Join(", ", tasks)}"));
        string log = Path.Combine(path, "tasks", chosen, LogFolder);
        return Directory.Exists(log)
            ? new DirectoryPlace(path, $"tasks/{chosen}/{LogFolder}/")
            {
                Name = path,
                Log = new Files(log),
                WithoutBlobs = "a server's data directory keeps blobs in its journal; fetch them from the running server with 'securefed audit fetch'",
            }
            : throw CommandException.Refuse("not-found", $"The data directory has no log of task {chosen}.", $"It holds: {string.Join(", ", tasks)}");
    }

    private sealed class Files(string directory) : ILogSource
    {
        public byte[]? Read(string path) => path is Checkpoint or VerifierKey || TilePath.TryParse(path, out _) ? ReadOrNull(Path.Combine(directory, path)) : null;
    }

    private sealed class BlobFiles(string directory) : IBlobSource
    {
        public ReadOnlyMemory<byte> Get(Digest digest) =>
            ReadOrNull(Path.Combine(directory, digest.ToString())) ?? throw new KeyNotFoundException($"{BlobFolder}/{digest} is missing.");
    }

    private static byte[]? ReadOrNull(string path)
    {
        try
        {
            return File.ReadAllBytes(path);
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }
}
