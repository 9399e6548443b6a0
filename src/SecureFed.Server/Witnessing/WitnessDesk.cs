using System.Text;
using SecureFed.Protocol.Transparency.Log;
using SecureFed.Protocol.Wire;

namespace SecureFed.Server.Witnessing;

/// <summary>Steps the witness: one request after the other, each stored before it is cosigned.</summary>
/// <remarks>C2SP tlog-witness: comparing with the latest size and storing the new one must be one act, or a slower request rolls the state back.</remarks>
internal sealed class WitnessDesk : IDisposable
{
    private readonly WitnessKey key;
    private readonly TimeProvider time;
    private readonly ILogger logger;
    private readonly WitnessStore store;
    private readonly Lock gate = new();
    private Witness witness;

    /// <exception cref="Protocol.Errors.SecureFedException">The directory is in use, or a state file is damaged.</exception>
    public WitnessDesk(WitnessOptions options, ILogger logger)
    {
        key = options.Key;
        time = options.Time;
        this.logger = logger;
        store = WitnessStore.Open(options.StateDirectory);
        try
        {
            witness = Witness.Create(
                options.Logs,
                options.Logs.Select(log => log.Name).Distinct(StringComparer.Ordinal).Select(store.Load).OfType<WitnessedCheckpoint>());
        }
        catch
        {
            store.Dispose();
            throw;
        }
    }

    public NoteVerifier Verifier => key.Verifier;

    /// <param name="body">Of an add-checkpoint request.</param>
    /// <param name="refusal">Null exactly if cosigned.</param>
    /// <returns>The signature line with its newline; empty if refused.</returns>
    /// <exception cref="IOException">The disk failed; nothing was cosigned, and nothing will be until the process starts again.</exception>
    public string AddCheckpoint(ReadOnlySpan<byte> body, out WitnessRefusal? refusal)
    {
        lock (gate)
        {
            WitnessDecision decision = witness.AddCheckpoint(body, (ulong)time.GetUtcNow().ToUnixTimeSeconds());
            if (decision.Evidence is { } evidence)
                Keep(evidence);
            refusal = decision.Refusal;
            if (decision.Accepted is not { } accepted)
            {
                Log.WitnessRefused(logger, refusal!.Status, refusal.Detail);
                return "";
            }

            store.Save(accepted);
            witness = decision.Witness;
            Log.WitnessCosigned(logger, accepted.Checkpoint.Origin, accepted.Checkpoint.Size);
            return accepted.Cosign(key) + "\n";
        }
    }

    /// <summary>The latest checkpoint with the cosignature that was given for it.</summary>
    /// <param name="originHash">SHA-256 of the log's origin, lower-case hexadecimal.</param>
    public byte[]? Find(string originHash)
    {
        lock (gate)
        {
            return witness.Origins.FirstOrDefault(o => string.Equals(Digest.Of(Encoding.UTF8.GetBytes(o)).ToString(), originHash, StringComparison.Ordinal)) is { } origin
                && witness.Latest(origin) is { } latest
                    ? latest.Note.With(latest.Cosign(key)).Encode()
                    : null;
        }
    }

    public void Dispose() => store.Dispose();

    private void Keep(Evidence evidence)
    {
        if (SignedNote.TryParse(evidence.Held.Span, out SignedNote? held)
            && Checkpoint.TryParse(held!.Text.Span, out Checkpoint? checkpoint)
            && store.Save(checkpoint!.Origin, evidence) is { } path)
        {
            Log.WitnessSawFork(logger, checkpoint.Origin, checkpoint.Size, path);
        }
    }
}
