using System.Security.Cryptography;

namespace SecureFed.Cryptography.Randomness;

/// <summary>The platform's generator. Thread safe.</summary>
/// <remarks>The shells hand it in at the edge; it is the only place in the product that touches ambient randomness.</remarks>
public sealed class OperatingSystemRandomSource : IRandomSource
{
    private OperatingSystemRandomSource()
    {
    }

    public static OperatingSystemRandomSource Instance { get; } = new();

    /// <inheritdoc/>
    public void Fill(Span<byte> destination)
    {
#pragma warning disable RS0030 // The one door through which the platform's randomness enters; everything else takes IRandomSource.
        RandomNumberGenerator.Fill(destination);
#pragma warning restore RS0030
    }
}
