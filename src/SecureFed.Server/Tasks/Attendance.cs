using System.Collections.Concurrent;
using SecureFed.Protocol.Identity;
using SecureFed.Protocol.Tasks;
using SecureFed.Protocol.Wire;

namespace SecureFed.Server.Tasks;

/// <summary>Which clients have asked about a task lately: whom its next round invites if it is encrypted, and for whom it waits if its schedule does.</summary>
/// <remarks>
/// An encrypted round fixes its clients before the first message, so inviting somebody who is away costs the round a part of its dropouts. Kept in memory; replicas tell each other.
/// Whom a server invites is its choice anyway, within the task's bounds.
/// </remarks>
internal sealed class Attendance(PhaseDeadlines deadlines, TimeProvider time)
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(30); // Clients that wait ask every ten.
    private readonly ConcurrentDictionary<Identifier, long> lastSeen = new();
    private long waitingSince;
    private long lastArrival;

    /// <summary>Whether rounds of the task open only once clients are there.</summary>
    public static bool IsAsked(TaskParameters task) => task.Encryption is not null || task.Schedule.WaitsForClients;

    /// <summary>A client has asked.</summary>
    /// <returns>Whether it was not there before.</returns>
    public bool Saw(Identifier client)
    {
        bool isNew = !IsPresent(client);
        lastSeen[client] = time.GetTimestamp();
        if (isNew)
            Volatile.Write(ref lastArrival, time.GetTimestamp());
        return isNew;
    }

    /// <summary>A round has opened: the wait for the next one begins when it is over.</summary>
    public void Reset() => waitingSince = 0;

    /// <summary>Whom to invite now; null to go on waiting for clients, or for key holders without a key on offer.</summary>
    /// <remarks>At once if everybody is there; after the grace period without a new client if a cohort is there; key holders are waited for until the phase's deadline.</remarks>
    public IReadOnlyList<Identifier>? Invite(TaskState state)
    {
        long now = time.GetTimestamp();
        if (waitingSince == 0)
            waitingSince = now;
        TimeSpan waited = time.GetElapsedTime(waitingSince);
        if (state.HoldersWithKeys < (state.Parameters.Encryption?.Holders.Count ?? 0) && waited < TimeSpan.FromMilliseconds(deadlines.PhaseMilliseconds))
            return null;
        Identifier[] clients = [.. state.Roster.Entries.Where(entry => entry.Role == RosterRole.Client).Select(entry => entry.Id)];
        if (state.Invitable(clients.Where(IsPresent)) is not { } present)
            return null;
        bool isQuiet = time.GetElapsedTime(Math.Max(waitingSince, Volatile.Read(ref lastArrival))) >= TimeSpan.FromMilliseconds(deadlines.GraceMilliseconds);
        return isQuiet || present.Count == state.Invitable(clients)!.Count ? present : null;
    }

    private bool IsPresent(Identifier client) => lastSeen.TryGetValue(client, out long seen) && time.GetElapsedTime(seen) < Lifetime;
}
