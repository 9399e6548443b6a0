using SecureFed.Protocol.Transparency.Log;
using SecureFed.Protocol.Wire;

namespace SecureFed.Client.Log;

/// <summary>What a client keeps of the logs it follows: the largest checkpoint of each, receipts of its uploads, and evidence against a server.</summary>
public interface ILogMemory
{
    /// <summary>The signed note of the largest checkpoint accepted so far; null before the first.</summary>
    Task<ReadOnlyMemory<byte>?> LoadCheckpointAsync(Identifier taskId, CancellationToken cancellationToken = default);

    /// <summary>Durable on return: the client acts on entries under this checkpoint next.</summary>
    Task SaveCheckpointAsync(Identifier taskId, ReadOnlyMemory<byte> note, CancellationToken cancellationToken = default);

    /// <summary>Keeps a receipt: <c>.tlog-proof</c> text whose extra data are the entry.</summary>
    Task SaveReceiptAsync(Identifier taskId, Identifier roundId, ReadOnlyMemory<byte> proof, CancellationToken cancellationToken = default);

    /// <summary>Keeps two checkpoints that contradict each other; never overwrites earlier evidence.</summary>
    /// <returns>Where it is, in words for the person who must show it to an auditor.</returns>
    Task<string> SaveEvidenceAsync(Identifier taskId, Evidence evidence, CancellationToken cancellationToken = default);
}
