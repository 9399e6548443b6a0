using System.Text;
using System.Text.Json;
using SecureFed.Client.State;
using SecureFed.Privacy.Accounting;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Policy;
using SecureFed.Protocol.Resources;
using SecureFed.Shared;

namespace SecureFed.Client.Ledger;

/// <summary>One file of JSON lines, <c>privacy-ledger.jsonl</c>, over all tasks: appended, flushed by fsync, only then does an update leave.</summary>
/// <remarks>
/// File mode 0600. The file is opened for one process at a time while a charge is decided, so that two tasks cannot spend the same rest. A last line without its
/// end was never followed by an update (the flush had not returned) and is cut off; any other line that does not fit is an error, never skipped.
/// </remarks>
public sealed class FilePrivacyLedger : IPrivacyLedger
{
    public const string FileName = "privacy-ledger.jsonl";
    private const int GreatestAttempts = 100;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);
    private static readonly UTF8Encoding Strict = new(false, throwOnInvalidBytes: true);
    private readonly string path;

    /// <param name="directory">An existing directory of the client's own.</param>
    public FilePrivacyLedger(string directory) => path = Path.Combine(directory, FileName);

    public async Task ChargeAsync(PrivacyCharge charge, PrivacyLimits limits, CancellationToken cancellationToken = default)
    {
        await using FileStream file = await OpenAsync(cancellationToken);
        PrivacyAccount account = await LoadAsync(file, cancellationToken);
        if (account.Decide(charge, limits) is not { } line)
            return;
        try
        {
            DurableFile ledger = new(new DurableFiles(), file.SafeFileHandle);
            ledger.Write(Encoding.UTF8.GetBytes(JsonSerializer.Serialize(line, ResourceJson.Options) + "\n"), file.Length);
            ledger.Flush();
        }
        catch (IOException exception)
        {
            throw Unavailable(exception);
        }
    }

    public async Task<IReadOnlyList<TaskSpending>> ReadAsync(CancellationToken cancellationToken = default)
    {
        if (!File.Exists(path))
            return [];
        await using FileStream file = await OpenAsync(cancellationToken);
        return (await LoadAsync(file, cancellationToken)).Read();
    }

    /// <summary>Another client of the same data may be charging at this moment.</summary>
    private async Task<FileStream> OpenAsync(CancellationToken cancellationToken)
    {
        FileStreamOptions options = new() { Mode = FileMode.OpenOrCreate, Access = FileAccess.ReadWrite, Share = FileShare.None };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                FileStream file = new(path, options);
                if (file.Length == 0)
                    MakeDurable(file);
                return file;
            }
            catch (IOException) when (attempt < GreatestAttempts && File.Exists(path))
            {
                await Task.Delay(Pause, cancellationToken);
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                throw Unavailable(exception);
            }
        }
    }

    /// <summary>The name of a new file, so that a power cut cannot take it with all its charges.</summary>
    private void MakeDurable(FileStream file)
    {
        try
        {
            new DurableFiles().FlushDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Leaves the file at the end of its last whole line.</summary>
    private async Task<PrivacyAccount> LoadAsync(FileStream file, CancellationToken cancellationToken)
    {
        using MemoryStream bytes = new();
        await file.CopyToAsync(bytes, cancellationToken);
        int end = bytes.GetBuffer().AsSpan(0, (int)bytes.Length).LastIndexOf((byte)'\n') + 1;
        PrivacyAccount account = new();
        try
        {
            foreach (string line in Strict.GetString(bytes.GetBuffer(), 0, end).Split('\n', StringSplitOptions.RemoveEmptyEntries))
                account.Apply(JsonSerializer.Deserialize<LedgerLine>(line, ResourceJson.Options) ?? throw new JsonException("An empty line."));
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException or ArgumentException or AccountingException)
        {
            throw new SecureFedException(
                ErrorCodes.InvalidConfiguration,
                $"The privacy ledger '{path}' is damaged ({exception.Message}), so nothing was sent. Restore it from a backup of the same moment; without it the client does not know what its data has paid.",
                isTransient: false,
                exception);
        }

        file.SetLength(end);
        return account;
    }

    private SecureFedException Unavailable(Exception exception) => new(
        ErrorCodes.StorageUnavailable,
        $"The privacy ledger '{path}' cannot be written ({exception.Message}), so nothing was sent. Free space, or check the owner and mode of its directory.",
        isTransient: false,
        exception);
}
