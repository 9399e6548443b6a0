using SecureFed.Client;
using SecureFed.Protocol.Errors;

namespace SecureFed.SealNet;

/// <summary>How a program chooses Microsoft SEAL for its part in rounds under a single key.</summary>
/// <remarks>Each party chooses for itself: nothing on the wire or in the log tells which one did. The server adds residues and has no such choice.</remarks>
public static class SealNetExtensions
{
    /// <summary>The client encrypts with Microsoft SEAL.</summary>
    /// <exception cref="SecureFedException">The package's native library does not load on this platform.</exception>
    public static SecureFedClientOptions UseSealNet(this SecureFedClientOptions options)
    {
        options.SingleKeys = SealNetEngine.Instance;
        return options;
    }
}
