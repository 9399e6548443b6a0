using SecureFed.Client;
using SecureFed.Client.Holding;
using SecureFed.Protocol.Errors;

namespace SecureFed.SealNet;

/// <summary>How a program chooses Microsoft SEAL for its part in rounds under a single key.</summary>
/// <remarks>Each party chooses for itself: neither the wire nor the log tells which one did. The server adds residues and has no such choice.</remarks>
public static class SealNetExtensions
{
    /// <summary>The client encrypts with Microsoft SEAL.</summary>
    /// <exception cref="SecureFedException">The package's native library does not load on this platform.</exception>
    public static SecureFedClientOptions UseSealNet(this SecureFedClientOptions options)
    {
        options.SingleKeys = SealNetEngine.Instance;
        return options;
    }

    /// <summary>The key holder draws its keys and decrypts sums with Microsoft SEAL.</summary>
    /// <exception cref="SecureFedException">The package's native library does not load on this platform.</exception>
    public static SecureFedKeyHolderOptions UseSealNet(this SecureFedKeyHolderOptions options)
    {
        options.SingleKeys = SealNetEngine.Instance;
        return options;
    }
}
