using System.Security.Cryptography;
using System.Text.Json;
using SecureFed.Cli.Commands;
using SecureFed.Cli.Output;
using SecureFed.Cryptography.Randomness;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Wire;

namespace SecureFed.Cli.Demo;

/// <summary>The directory of <c>demo --out</c> while a process works in it, with what another process needs to go on should this one be interrupted.</summary>
/// <remarks>
/// That is the folder <c>unfinished</c>, mode 0700: <c>run.json</c>, written last, and the parties' keys (<see cref="DemoKeys"/>). It goes when the run has ended, so that what is
/// left holds no private key. A lock file keeps a second process out. Files are flushed, but a medium may keep what was deleted: these keys sign for one task of a trial.
/// </remarks>
internal sealed class DemoFolder : IDisposable
{
    private const string FolderName = "unfinished";
    private const string RunFileName = "run.json";
    private const string LockFileName = "lock";
    private const string NothingToResume = "nothing-to-resume";
    private readonly FileStream lease;

    private DemoFolder(string path, FileStream lease, UnfinishedRun run) => (Path, this.lease, Run) = (path, lease, run);

    /// <summary>The directory of <c>--out</c>.</summary>
    public string Path { get; }

    public UnfinishedRun Run { get; private set; }

    public Identifier TaskId => Identifier.Parse(Run.TaskId);

    private string Folder => FolderOf(Path);

    /// <summary>Prepares a new run: keys first, then <c>run.json</c>.</summary>
    /// <param name="path">New or empty.</param>
    /// <param name="options">What the user asked for.</param>
    /// <param name="clients">Number of clients.</param>
    /// <param name="protection">Decides how many key holders there are.</param>
    public static DemoFolder Begin(string path, DemoOptions options, int clients, ProtectionKind protection)
    {
        string folder = FolderOf(path);
        if (OperatingSystem.IsWindows())
            Directory.CreateDirectory(folder);
        else
            Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        FileStream held = Lock(path);
        try
        {
            DemoKeys.Create(clients, protection, folder).Dispose();
            foreach (string file in KeysIn(path))
                Flush(file);
            DemoOptions absolute = options with
            {
                Data = [.. options.Data.Select(System.IO.Path.GetFullPath)],
                BoundsFrom = options.BoundsFrom is { } bounds ? System.IO.Path.GetFullPath(bounds) : null,
            };
            UnfinishedRun run = new()
            {
                Version = UnfinishedRun.CurrentVersion,
                TaskId = Identifier.Random(OperatingSystemRandomSource.Instance).ToString(),
                Options = absolute,
                Files = [.. FilesOf(absolute).Select(file => new ReadFile(file, DigestOf(file)))],
            };
            DemoFolder begun = new(path, held, run);
            begun.Write(run);
            return begun;
        }
        catch
        {
            held.Dispose();
            throw;
        }
    }

    /// <summary>Opens what an interrupted run left.</summary>
    /// <exception cref="CommandException"><c>nothing-to-resume</c>, <c>directory-in-use</c> or <c>data-changed</c>.</exception>
    public static DemoFolder Resume(string path)
    {
        if (!Directory.Exists(FolderOf(path)))
            throw Nothing(path, File.Exists(System.IO.Path.Combine(path, Audit.ModelFile.Name)));
        FileStream held = Lock(path);
        try
        {
            if (Read(path) is not { HasEnded: false } run)
            {
                bool hasFinished = File.Exists(System.IO.Path.Combine(FolderOf(path), RunFileName));
                Delete(path, held);
                throw Nothing(path, hasFinished);
            }

            foreach (ReadFile file in run.Files)
            {
                if (!File.Exists(file.Path) || !string.Equals(DigestOf(file.Path), file.Sha256, StringComparison.Ordinal))
                {
                    throw CommandException.Refuse(
                        "data-changed",
                        $"'{file.Path}' is missing or has changed since the run began; its rounds so far are sums over other rows.",
                        "Put the file back as it was, or start anew with another --out.");
                }
            }

            DemoFolder folder = new(path, held, run);
            folder.Write(run with { Resumptions = run.Resumptions + 1 });
            return folder;
        }
        catch
        {
            held.Dispose();
            throw;
        }
    }

    public DemoKeys LoadKeys() => DemoKeys.Load(Folder);

    /// <summary>Whether keys are still there.</summary>
    public bool IsUnfinished => !Run.HasEnded;

    /// <summary>The run is over, whatever its outcome: its keys go. An interruption in between leaves what <see cref="Resume"/> deletes.</summary>
    public void End()
    {
        Write(Run with { HasEnded = true });
        Delete(Path, lease);
    }

    public void Dispose() => lease.Dispose();

    /// <summary>Keys first: as long as <c>run.json</c> is there, a process that finds it finds what is left of them.</summary>
    private static void Delete(string path, FileStream held)
    {
        foreach (string file in KeysIn(path))
            File.Delete(file);
        File.Delete(System.IO.Path.Combine(FolderOf(path), RunFileName));
        held.Dispose();
        Directory.Delete(FolderOf(path), recursive: true);
    }

    private static IEnumerable<string> KeysIn(string path) => Directory.GetFiles(FolderOf(path)).Where(file => System.IO.Path.GetFileName(file) is not (RunFileName or LockFileName));

    private void Write(UnfinishedRun run)
    {
        string file = System.IO.Path.Combine(Folder, RunFileName);
        File.WriteAllText(file + ".new", JsonSerializer.Serialize(run, KeysCommand.Indented) + "\n");
        Flush(file + ".new");
        File.Move(file + ".new", file, overwrite: true);
        Run = run;
    }

    /// <returns>Null if the run was interrupted before there was one.</returns>
    private static UnfinishedRun? Read(string path)
    {
        string file = System.IO.Path.Combine(FolderOf(path), RunFileName);
        if (!File.Exists(file))
            return null;
        try
        {
            UnfinishedRun run = JsonSerializer.Deserialize<UnfinishedRun>(File.ReadAllBytes(file), KeysCommand.Indented) ?? throw new JsonException("The file is empty.");
            return run.Version == UnfinishedRun.CurrentVersion && Identifier.TryParse(run.TaskId, out _) ? run : throw new JsonException("It is of another version.");
        }
        catch (JsonException exception)
        {
            throw CommandException.Refuse("invalid-run", $"'{file}' cannot be used: {exception.Message}", "Resume with the version of securefed that began the run, or start anew with another --out.");
        }
    }

    private static FileStream Lock(string path)
    {
        try
        {
            return new FileStream(System.IO.Path.Combine(FolderOf(path), LockFileName), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException)
        {
            throw CommandException.Refuse("directory-in-use", $"Another process works in '{path}'.", "Let it finish or stop it first.");
        }
    }

    private static CommandException Nothing(string path, bool hasFinished) => CommandException.Refuse(
        NothingToResume,
        hasFinished ? $"There is nothing to resume in '{path}': its run has ended." : $"There is nothing to resume in '{path}': no run of 'demo --out' was under way there.",
        hasFinished ? $"Verify it with 'securefed audit verify {path}'." : "Name the directory that was given to --out; a run that was interrupted before it had keys is started anew.");

    private static IEnumerable<string> FilesOf(DemoOptions options) => options.BoundsFrom is { } bounds ? options.Data.Append(bounds) : options.Data;

    private static string DigestOf(string file)
    {
        using FileStream stream = File.OpenRead(file);
        return Convert.ToHexStringLower(SHA256.HashData(stream));
    }

    private static void Flush(string file)
    {
        using FileStream stream = new(file, FileMode.Open, FileAccess.ReadWrite);
        stream.Flush(flushToDisk: true);
    }

    private static string FolderOf(string path) => System.IO.Path.Combine(path, FolderName);
}
