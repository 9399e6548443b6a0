using SecureFed.Cryptography.Sampling;

namespace SecureFed.Privacy.Updates;

/// <summary>The mechanism <c>none</c>: the sum that the server learns is exact and carries no differential-privacy guarantee.</summary>
/// <remarks>Input privacy (masking) still holds; output privacy does not. The threat model and the command line say so.</remarks>
public sealed class NoNoise : INoiseMechanism
{
    public static NoNoise Instance { get; } = new();

    public NoisedUpdate Add(QuantizedUpdate update) => new(update.Layout, update.Values.ToArray(), Rational.Zero);
}
