using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Transparency.Log;

/// <summary>The name under which a task's log signs: <c>securefed.&lt;16 hex digits&gt;/tasks/&lt;task&gt;</c>.</summary>
/// <remarks>
/// The digits begin the SHA-256 of the server's SubjectPublicKeyInfo. C2SP recommends the log's address, but only that no two logs share a name
/// matters, and verifiers must not resolve it. An address would tie the log's identity to a host: replicas behind several names, a moved server or a test on
/// a free port would each seem to be another log, and a client would lose the history it pinned. The key is what a client pins.
/// </remarks>
public static class LogOrigin
{
    private const int KeyBytes = 8;

    /// <param name="serverPublicKey65">0x04 ‖ X ‖ Y on P-256.</param>
    /// <param name="taskId">The task whose log it is.</param>
    public static string Of(ReadOnlySpan<byte> serverPublicKey65, Identifier taskId)
    {
        byte[] digest = Digest.Of(EcdsaDer.SubjectPublicKeyInfo(serverPublicKey65)).ToArray();
        return $"securefed.{Convert.ToHexStringLower(digest[..KeyBytes])}/tasks/{taskId}";
    }
}
