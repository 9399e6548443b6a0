using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Transparency.Log;
using SecureFed.Protocol.Wire;
using SecureFed.Shared;

namespace SecureFed.Client.Log;

/// <summary>Files in the client's own directory: <c>TASK.checkpoint</c>, <c>receipts/TASK/ROUND.tlog-proof</c>, <c>evidence/TASK-N/{held,offered}</c>.</summary>
/// <remarks>Checkpoints and receipts are the texts that stock verifiers read. Each file is replaced as a whole and flushed, directory included.</remarks>
/// <param name="directory">Created if it does not exist, mode 0700; files 0600.</param>
public sealed class FileLogMemory(string directory) : ILogMemory
{
    public Task<ReadOnlyMemory<byte>?> LoadCheckpointAsync(Identifier taskId, CancellationToken cancellationToken = default)
    {
        string path = CheckpointOf(taskId);
        return Task.FromResult(Guard(() => File.Exists(path) ? File.ReadAllBytes(path) : (ReadOnlyMemory<byte>?)null));
    }

    public Task SaveCheckpointAsync(Identifier taskId, ReadOnlyMemory<byte> note, CancellationToken cancellationToken = default) =>
        SaveAsync(CheckpointOf(taskId), note, cancellationToken);

    public Task SaveReceiptAsync(Identifier taskId, Identifier roundId, ReadOnlyMemory<byte> proof, CancellationToken cancellationToken = default) =>
        SaveAsync(Path.Combine(directory, "receipts", taskId.ToString(), $"{roundId}.tlog-proof"), proof, cancellationToken);

    public async Task<string> SaveEvidenceAsync(Identifier taskId, Evidence evidence, CancellationToken cancellationToken = default)
    {
        int number = 1;
        while (Directory.Exists(EvidenceOf(taskId, number)))
            number++;
        string place = EvidenceOf(taskId, number);
        await SaveAsync(Path.Combine(place, "held"), evidence.Held, cancellationToken);
        await SaveAsync(Path.Combine(place, "offered"), evidence.Offered, cancellationToken);
        return $"in '{place}'";
    }

    private string CheckpointOf(Identifier taskId) => Path.Combine(directory, $"{taskId}.checkpoint");

    private string EvidenceOf(Identifier taskId, int number) => Path.Combine(directory, "evidence", FormattableString.Invariant($"{taskId}-{number}"));

    private Task SaveAsync(string path, ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        Guard(() =>
        {
            DurableFiles files = new();
            files.CreateDirectory(Path.GetDirectoryName(path)!);
            files.Replace(path, bytes);
            return true;
        });
        return Task.CompletedTask;
    }

    private T Guard<T>(Func<T> access)
    {
        try
        {
            return access();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new SecureFedException(
                ErrorCodes.StorageUnavailable,
                $"What the client keeps of the log in '{directory}' cannot be read or written ({exception.Message}), so it does not act. Free space, or check the directory's owner and mode.",
                isTransient: false,
                exception);
        }
    }
}
