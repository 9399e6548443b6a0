using SecureFed.Cryptography.Sampling;

namespace SecureFed.Privacy.Updates;

/// <summary>An update with its client's share of noise: the only type that can be masked or encrypted. Made only by an <see cref="INoiseMechanism"/>.</summary>
public sealed class NoisedUpdate
{
    private readonly int[] values;

    internal NoisedUpdate(UpdateLayout layout, int[] values, Rational shareVariance)
    {
        Layout = layout;
        this.values = values;
        ShareVariance = shareVariance;
    }

    public UpdateLayout Layout { get; }

    /// <summary>σ² of the noise share in every coordinate, integer units squared; zero if there is none. A round with noise takes no other.</summary>
    public Rational ShareVariance { get; }

    /// <summary>Writes the ring elements y mod 2^b.</summary>
    /// <param name="ring">Length <see cref="UpdateLayout.Dimension"/>; overwritten.</param>
    public void CopyTo(Span<uint> ring)
    {
        uint ringMask = uint.MaxValue >> (32 - Layout.RingBits);
        for (int i = 0; i < values.Length; i++)
            ring[i] = unchecked((uint)values[i]) & ringMask; // Two's complement is the residue modulo 2^32; the ring is meant.
    }

    public override string ToString() => $"NoisedUpdate({Layout.Dimension} coordinates)";
}
