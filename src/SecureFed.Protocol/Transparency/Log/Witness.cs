using System.Collections.Immutable;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Transparency.Log;

/// <summary>A second party that vouches for logs: it cosigns a checkpoint only if it continues the one it cosigned before. Immutable.</summary>
/// <remarks>
/// <list type="table">
/// <item><term>References</term><description>C2SP tlog-witness, "add-checkpoint", for every answer and their order; tlog-cosignature; RFC 6962, section 2.1.2.</description></item>
/// <item><term>Promises</term><description>All checkpoints of one log that were accepted stand in one history that only grew, and the times of their
/// cosignatures do not go back.</description></item>
/// <item><term>Assumes</term><description>The caller stores <see cref="WitnessDecision.Accepted"/> durably before it cosigns, takes one request after the other,
/// and starts from all that it stored. A witness that lost its state begins again with any history.</description></item>
/// <item><term>Does not protect against</term><description>A log that colludes with as many witnesses as a policy asks for; entries that are false from the
/// start: a witness sees hashes and no entries.</description></item>
/// </list>
/// </remarks>
public sealed class Witness
{
    private readonly IReadOnlyList<NoteVerifier> logs;
    private readonly ImmutableDictionary<string, WitnessedCheckpoint> latest;

    private Witness(IReadOnlyList<NoteVerifier> logs, ImmutableDictionary<string, WitnessedCheckpoint> latest)
    {
        this.logs = logs;
        this.latest = latest;
    }

    /// <param name="logs">Keys whose names are their logs' origins; a log may have several.</param>
    /// <param name="stored">What was accepted before, one for each log that has any.</param>
    /// <exception cref="ArgumentException">A key of a witness among the logs, or two stored checkpoints of one log.</exception>
    public static Witness Create(IEnumerable<NoteVerifier> logs, params IEnumerable<WitnessedCheckpoint> stored)
    {
        NoteVerifier[] known = [.. logs.Distinct()];
        return known.All(log => log.Type is NoteKeyType.Ecdsa or NoteKeyType.Ed25519)
            ? new Witness(known, stored.ToImmutableDictionary(s => s.Checkpoint.Origin, StringComparer.Ordinal))
            : throw new ArgumentException("A log has an ECDSA or Ed25519 verifier key (type 2 or 1).", nameof(logs));
    }

    /// <summary>The logs that have an accepted checkpoint.</summary>
    public IEnumerable<string> Origins => latest.Keys;

    /// <summary>The largest checkpoint accepted of a log; null if none.</summary>
    public WitnessedCheckpoint? Latest(string origin) => latest.GetValueOrDefault(origin);

    /// <summary>Accepts a checkpoint that continues the latest one of its log, or refuses it.</summary>
    /// <param name="request">Body of an add-checkpoint request.</param>
    /// <param name="unixSeconds">Now, 1 to 2^63 − 1. If the clock went back, the cosignature states the time of the one before.</param>
    public WitnessDecision AddCheckpoint(ReadOnlySpan<byte> request, ulong unixSeconds)
    {
        ArgumentOutOfRangeException.ThrowIfZero(unixSeconds);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(unixSeconds, (ulong)long.MaxValue);
        if (!AddCheckpointRequest.TryParse(request, out AddCheckpointRequest? read) || !Checkpoint.TryParse(read!.Checkpoint.Text.Span, out Checkpoint? offered))
            return Refuse(400, "The request is not 'old', a size, at most 63 lines of a hash, an empty line and a signed checkpoint.");
        NoteVerifier[] keys = [.. logs.Where(log => string.Equals(log.Name, offered!.Origin, StringComparison.Ordinal))];
        if (keys.Length == 0)
            return Refuse(404, $"This witness does not know the log {offered!.Origin}.");
        if (!read.Checkpoint.TryVerify(keys, out _))
            return Refuse(403, $"The checkpoint is not signed by a known key of {offered!.Origin}, or a signature is wrong.");
        WitnessedCheckpoint? last = Latest(offered!.Origin);
        Evidence? evidence = last is not null && last.Checkpoint.Size == offered.Size && last.Checkpoint.Root != offered.Root
            ? new Evidence(last.Note.Encode(), read.Checkpoint.Encode())
            : null;
        if (RefusalOf(read, offered, last) is { } refusal)
            return new WitnessDecision(this, null, refusal, evidence);

        // Other witnesses' signatures are not ours to vouch for, and would let a stranger fill the disk.
        SignedNote note = SignedNote.Create(
            read.Checkpoint.Text.Span,
            [.. read.Checkpoint.Signatures.Where(s => keys.Any(key => key.KeyId == s.KeyId && string.Equals(key.Name, s.Name, StringComparison.Ordinal)))]);
        WitnessedCheckpoint accepted = WitnessedCheckpoint.Create(offered, note, Math.Max(unixSeconds, last?.Time ?? 0));
        return new WitnessDecision(new Witness(logs, latest.SetItem(offered.Origin, accepted)), accepted, null, null);
    }

    /// <summary>The checks of a checkpoint that its log has signed, in the specification's order.</summary>
    private static WitnessRefusal? RefusalOf(AddCheckpointRequest request, Checkpoint offered, WitnessedCheckpoint? last)
    {
        ulong size = last?.Checkpoint.Size ?? 0;
        if (request.OldSize > offered.Size)
            return new WitnessRefusal(400, $"The old size {request.OldSize} is larger than the checkpoint's {offered.Size}.");
        if (request.OldSize != size)
            return new WitnessRefusal(409, $"{offered.Origin}: {size} entries were cosigned last, not {request.OldSize}.", size);
        return ConsistencyProof.VerifyGrowth(size, last?.Checkpoint.Root ?? MerkleHash.Empty, offered.Size, offered.Root, [.. request.Proof])
            ? null
            : new WitnessRefusal(422, $"{offered.Origin}: the proof does not show that the tree of {offered.Size} entries continues the one of {size} entries that was cosigned last.");
    }

    private WitnessDecision Refuse(int status, string detail) => new(this, null, new WitnessRefusal(status, detail), null);
}
