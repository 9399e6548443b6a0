using System.Globalization;
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
/// <para>File mode 0600. The file is opened for one process at a time while a charge is decided, so that two tasks cannot spend the same rest. It is read once, and again if another process has
/// changed its length or time since; whatever was read or written here before must still stand in it.</para>
/// <para>A last line without its end is cut off, and its charge with it: a charge is on disk whole before the first byte leaves, so nothing was sent under one that was torn, and the part in the round is
/// charged anew if it goes on. Any other line that does not fit, or not its checksum (<see cref="LineChain"/>), is an error, never skipped: an update may have left under it.</para>
/// </remarks>
public sealed class FilePrivacyLedger : IPrivacyLedger
{
    public const string FileName = "privacy-ledger.jsonl";
    private const int GreatestAttempts = 100;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);
    private static readonly UTF8Encoding Strict = new(false, throwOnInvalidBytes: true);
    private readonly string path;

    /// <summary>What the file held when it was last closed here. Looked at and replaced only while the file is open, and so locked.</summary>
    private volatile Reading? reading;

    /// <param name="directory">An existing directory of the client's own.</param>
    public FilePrivacyLedger(string directory) => path = Path.Combine(directory, FileName);

    public async Task ChargeAsync(PrivacyCharge charge, PrivacyLimits limits, CancellationToken cancellationToken = default)
    {
        await using FileStream file = await OpenAsync(cancellationToken);
        Reading known = await LoadAsync(file, cancellationToken);
        LedgerLine? line = known.Account.Decide(charge, limits);
        reading = null; // Until the charge is on disk: a failure below leaves it open what the file holds.
        try
        {
            DurableFile ledger = new(new DurableFiles(), file.SafeFileHandle);
            if (line is not null)
                ledger.Write(Encoding.UTF8.GetBytes(known.Chain.Seal(JsonSerializer.Serialize(line, ResourceJson.Options)) + "\n"), file.Length);
            ledger.Flush(); // Also if it is there already: whoever wrote it may have ended before its own flush.
        }
        catch (IOException exception)
        {
            throw Unavailable(exception);
        }

        if (line is not null)
            known.Account.Apply(line);
        reading = known with { Length = file.Length, Changed = ChangedAt(file) };
    }

    public async Task<IReadOnlyList<TaskSpending>> ReadAsync(CancellationToken cancellationToken = default)
    {
        if (reading is null && !File.Exists(path))
            return [];
        await using FileStream file = await OpenAsync(cancellationToken);
        return (await LoadAsync(file, cancellationToken)).Account.Read();
    }

    /// <summary>Another client of the same data may be charging at this moment.</summary>
    private async Task<FileStream> OpenAsync(CancellationToken cancellationToken)
    {
        // A file that is gone must not come back empty: what it held was paid.
        bool mayCreate = reading is null;
        FileStreamOptions options = new() { Mode = mayCreate ? FileMode.OpenOrCreate : FileMode.Open, Access = FileAccess.ReadWrite, Share = FileShare.None };
        if (!OperatingSystem.IsWindows() && mayCreate)
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

    /// <summary>Cuts the file off after its last whole line.</summary>
    private async Task<Reading> LoadAsync(FileStream file, CancellationToken cancellationToken)
    {
        if (reading is not { } before || before.Length != file.Length || before.Changed != ChangedAt(file))
        {
            using MemoryStream bytes = new();
            await file.CopyToAsync(bytes, cancellationToken);
            Reading now = Read(bytes.GetBuffer().AsSpan(0, (int)bytes.Length));
            file.SetLength(now.Length);
            reading = now = now with { Changed = ChangedAt(file) };
        }

        return reading;
    }

    private Reading Read(ReadOnlySpan<byte> bytes)
    {
        PrivacyAccount account = new();
        LineChain chain = new();
        int start = 0;
        int number = 0;
        bool isContinued = reading is not { Length: > 0 };
        try
        {
            for (int length; (length = bytes[start..].IndexOf((byte)'\n')) >= 0; start += length + 1)
            {
                number++;
                account.Apply(JsonSerializer.Deserialize<LedgerLine>(chain.Open(Strict.GetString(bytes.Slice(start, length))), ResourceJson.Options) ?? throw new JsonException("it is empty"));
                if (reading is { } before && before.Length == start + length + 1)
                    isContinued = string.Equals(before.Chain.Checksum, chain.Checksum, StringComparison.Ordinal);
            }
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException or ArgumentException or AccountingException)
        {
            throw Damaged(string.Create(CultureInfo.InvariantCulture, $"line {number}: {exception.Message}"), exception);
        }

        return isContinued ? new Reading(account, chain, start, default) : throw Damaged("charges that stood in it are gone", null);
    }

    private static DateTime ChangedAt(FileStream file) => File.GetLastWriteTimeUtc(file.SafeFileHandle);

    private SecureFedException Damaged(string why, Exception? exception) => new(
        ErrorCodes.InvalidConfiguration,
        $"The privacy ledger '{path}' is damaged ({why}), so nothing was sent. Restore it from a backup of the same moment; without it the client does not know what its data has paid.",
        isTransient: false,
        exception);

    private SecureFedException Unavailable(Exception exception) => new(
        ErrorCodes.StorageUnavailable,
        $"The privacy ledger '{path}' cannot be written ({exception.Message}), so nothing was sent. Free space, or check the owner and mode of its directory.",
        isTransient: false,
        exception);

    /// <param name="Account">The fold over the lines.</param>
    /// <param name="Chain">At the last of them.</param>
    /// <param name="Length">Bytes of the file.</param>
    /// <param name="Changed">Time of the last change to the file.</param>
    private sealed record Reading(PrivacyAccount Account, LineChain Chain, long Length, DateTime Changed);
}
