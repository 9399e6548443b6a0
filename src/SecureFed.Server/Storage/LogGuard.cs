using SecureFed.Protocol.Wire;

namespace SecureFed.Server.Storage;

/// <summary>The last tree that was signed. A server that holds less, or something else, has been rolled back and must not sign again.</summary>
/// <param name="Size">Entries.</param>
/// <param name="Root">RFC 6962 root over them.</param>
internal readonly record struct LogGuard(ulong Size, Digest Root)
{
    /// <summary>Whether a tree may follow the one that was signed before.</summary>
    public bool MayFollow(LogGuard? earlier) => earlier is not { } last || Size > last.Size || this == last;

    /// <exception cref="InvalidOperationException">It may not follow.</exception>
    public void RequireFollows(LogGuard? earlier)
    {
        if (!MayFollow(earlier))
            throw new InvalidOperationException($"A tree of {Size} entries cannot be signed after one of {earlier!.Value.Size}: the log has been rolled back or forked.");
    }
}
