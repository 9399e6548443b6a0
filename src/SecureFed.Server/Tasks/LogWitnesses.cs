using SecureFed.Protocol.Transparency.Log;
using SecureFed.Protocol.Wire;
using SecureFed.Server.Storage;
using SecureFed.Server.Witnessing;

namespace SecureFed.Server.Tasks;

/// <summary>The witnesses of all logs of this server, and how many of them a checkpoint needs.</summary>
internal sealed class LogWitnesses : IDisposable
{
    private readonly IReadOnlyList<NoteVerifier> verifiers;
    private readonly WitnessClient? client;
    private readonly int quorum;

    public LogWitnesses(ServerOptions options, ILogger logger)
    {
        verifiers = [.. options.Witnesses.Select(w => w.Key)];
        quorum = options.WitnessQuorum is >= 0 && options.WitnessQuorum <= verifiers.Count
            ? options.WitnessQuorum
            : throw new ArgumentException($"The witness quorum is 0 to {verifiers.Count}, the number of witnesses.", nameof(options));
        client = verifiers.Count == 0 ? null : new WitnessClient(options.Witnesses, logger, options.WitnessTimeout);
    }

    private LogWitnesses() => verifiers = [];

    /// <summary>No witness; checkpoints are published as the log signed them.</summary>
    public static LogWitnesses None { get; } = new();

    /// <summary>Gathers cosignatures.</summary>
    /// <exception cref="StorageException">Fewer than the quorum: the checkpoint must not be published.</exception>
    public async Task<SignedNote> CosignAsync(SignedNote checkpoint, NoteVerifier log, Func<ulong, ulong, Digest[]> consistency, CancellationToken cancellationToken)
    {
        if (client is null)
            return checkpoint;
        SignedNote cosigned = await client.CosignAsync(checkpoint, consistency, cancellationToken);
        return TlogPolicy.Of(log, quorum, verifiers).Open(cosigned.Encode(), out _) is null
            ? cosigned
            : throw new StorageException($"Fewer than {quorum} of {verifiers.Count} witnesses have cosigned the checkpoint of {log.Name}. Check that they run and know this log.", isFull: true);
    }

    /// <summary>The policy that an auditor of this log can pin.</summary>
    public TlogPolicy PolicyOf(NoteVerifier log) => TlogPolicy.Of(log, quorum, verifiers);

    public void Dispose() => client?.Dispose();
}
