using System.Collections.Concurrent;
using SecureFed.Protocol.Identity;
using SecureFed.Protocol.Wire;

namespace SecureFed.Client;

/// <summary>Verified rosters by authority and digest, so that several clients of one process hold one, with its imported keys, instead of one each.</summary>
/// <remarks>Rosters are immutable and public; an entry lives as long as some client uses it.</remarks>
internal static class SharedRosters
{
    private static readonly ConcurrentDictionary<Digest, WeakReference<Roster>> Known = new();

    /// <summary>The roster if it is signed by the authority, else null.</summary>
    public static Roster? Find(byte[] bytes, ReadOnlySpan<byte> authorityKey)
    {
        Digest name = Digest.Of([.. authorityKey, .. bytes]);
        if (Known.TryGetValue(name, out WeakReference<Roster>? held) && held.TryGetTarget(out Roster? known))
            return known;
        if (!Roster.TryDecode(bytes, authorityKey, out Roster? roster))
            return null;
        Known[name] = new WeakReference<Roster>(roster!);
        return roster;
    }
}
