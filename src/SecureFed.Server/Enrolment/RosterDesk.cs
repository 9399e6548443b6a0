using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Identity;
using SecureFed.Protocol.Wire;
using SecureFed.Server.Storage;

namespace SecureFed.Server.Enrolment;

/// <summary>The newest roster that this server knows: it decides who may speak to the server at all, and every task takes it over before its next round.</summary>
/// <remarks>
/// What a round goes by is in its task's log, and every client checks the authority's signature for itself: a server that invented a roster here would only lock people out.
/// Durable before it is in force, and shared by the replicas of one database.
/// </remarks>
internal sealed class RosterDesk(ServerOptions options, ILogger<RosterDesk> logger) : IDisposable
{
    private readonly SemaphoreSlim gate = new(1, 1);
    private volatile Roster newest = options.Roster;
    private IStorage? storage;

    public Roster Newest => newest;

    /// <summary>A roster that is held already, so that tasks share it; null for others.</summary>
    public Roster? Find(Digest digest) => newest.Digest == digest ? newest : options.Roster.Digest == digest ? options.Roster : null;

    /// <summary>Goes on with the newest of the roster given at the start and the one kept in the storage.</summary>
    /// <exception cref="StorageException">The kept one is damaged, of another authority, or another one with the same number.</exception>
    public async Task OpenAsync(IStorage place, CancellationToken cancellationToken = default)
    {
        storage = place;
        Roster given = options.Roster;
        if (await ReadAsync(0, cancellationToken) is { } kept && kept.Sequence >= given.Sequence)
        {
            if (kept.Sequence == given.Sequence && kept.Digest != given.Digest)
                throw new StorageException($"The authority has signed two rosters with number {given.Sequence}: the one given at the start, and one that was published. Nothing was changed; have it sign one with a greater number.");
            newest = kept;
            if (kept.Sequence > given.Sequence)
                Log.RosterGivenIsOld(logger, given.Sequence, kept.Sequence);
        }
    }

    /// <summary>Keeps the roster given at the start unless a later one is kept, so that the next start and other replicas know of it. Once the storage has shown that it can be used: a start that is refused changes nothing.</summary>
    public async Task KeepGivenAsync(CancellationToken cancellationToken = default)
    {
        Roster given = options.Roster;
        try
        {
            if (!await storage!.KeepRosterAsync(given.Sequence, given.Bytes, cancellationToken))
                await RefreshAsync(cancellationToken); // Another replica was faster.
        }
        catch (StorageException exception) when (exception.IsFull)
        {
            Log.RosterNotKept(logger, given.Sequence, exception.Message); // What is there can still be read; the next start tries again.
        }
    }

    /// <summary>Puts a roster in force, durably first.</summary>
    /// <returns>Whether it is new; or why it is refused, with everything as it was.</returns>
    public async Task<(bool IsNew, RoundRejection? Rejection)> PublishAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken = default)
    {
        if (!Roster.TryDecode(bytes.Span, newest.AuthorityKey.Span, out Roster? next))
            return Refuse(ErrorCodes.RosterUntrusted, "The body is no roster, or not signed by the roster authority that this server pins. Sign it with 'securefed keys sign-roster' and the authority's key.");
        if (!next!.Entries.Any(e => e.Role == RosterRole.Server && e.PublicKey.Span.SequenceEqual(options.Signer.PublicKey.Span)))
            return Refuse(ErrorCodes.InvalidRoster, "The roster has no server with this server's key. Enrol it, then sign the roster again.");
        await gate.WaitAsync(cancellationToken);
        try
        {
            if (FindRefusal(next, out bool isHere) is { } refusal)
                return (false, refusal);
            if (isHere)
                return (false, null);
            if (!await storage!.KeepRosterAsync(next.Sequence, next.Bytes, CancellationToken.None)) // Once it is on its way nobody can take it back.
            {
                await TakeNewerAsync(CancellationToken.None); // Another replica was given this one, or one that refuses it.
                RoundRejection? late = FindRefusal(next, out isHere);
                return late is not null || isHere
                    ? (false, late)
                    : throw new StorageException($"The store keeps something else under number {next.Sequence} of the roster; it is damaged. Restore it from a backup.");
            }

            Take(next);
            return (true, null);
        }
        finally
        {
            gate.Release();
        }
    }

    /// <summary>Takes over what another replica was given.</summary>
    public async Task RefreshAsync(CancellationToken cancellationToken = default)
    {
        if (storage is not { IsShared: true })
            return;
        await gate.WaitAsync(cancellationToken);
        try
        {
            await TakeNewerAsync(cancellationToken);
        }
        finally
        {
            gate.Release();
        }
    }

    public void Dispose() => gate.Dispose();

    private RoundRejection? FindRefusal(Roster next, out bool isHere)
    {
        isHere = next.Digest == newest.Digest;
        if (isHere)
            return null;
        if (next.Sequence == newest.Sequence)
            return new RoundRejection(ErrorCodes.ConflictingRoster, $"Another roster with number {next.Sequence} is in force; clients that see two with one number believe neither. Give the new one a greater number.");
        return next.Sequence > newest.Sequence
            ? null
            : new RoundRejection(ErrorCodes.RosterOutdated, $"The roster has number {next.Sequence}, and number {newest.Sequence} is in force: it may list identities that were removed since. Give it a greater number and sign it again.");
    }

    private async Task TakeNewerAsync(CancellationToken cancellationToken)
    {
        if (await ReadAsync(newest.Sequence, cancellationToken) is { } newer && newer.Sequence > newest.Sequence)
            Take(newer);
    }

    private void Take(Roster next)
    {
        newest = next;
        Log.RosterInForce(logger, next.Sequence, next.Entries.Count);
    }

    private async Task<Roster?> ReadAsync(ulong beyond, CancellationToken cancellationToken)
    {
        if (await storage!.FindRosterAsync(beyond, cancellationToken) is not { } bytes)
            return null;
        return Roster.TryDecode(bytes.Span, options.Roster.AuthorityKey.Span, out Roster? kept)
            ? kept
            : throw new StorageException("The roster kept in the store is damaged or signed by another authority than the one given at the start. Nothing was changed; restore the store, or start with the roster authority of its tasks.");
    }

    private static (bool, RoundRejection?) Refuse(string code, string detail) => (false, new RoundRejection(code, detail));
}
