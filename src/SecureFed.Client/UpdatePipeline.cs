using SecureFed.Cryptography.Randomness;
using SecureFed.Privacy.Updates;

namespace SecureFed.Client;

/// <summary>From an application's numbers to the only thing that may be protected: clip, quantise, add noise.</summary>
/// <remarks>
/// Each stage has its own type that only the stage before can make, so a step that is skipped does not compile. What leaves this class is still the
/// client's own: masking (<see cref="Protocol.Masking.MaskingClient"/>) hides it, and only its output fits <see cref="Rounds.RoundTransport"/>.
/// </remarks>
public sealed class UpdatePipeline(IRandomSource random, INoiseMechanism noise)
{
    private readonly Quantizer quantizer = new(random);

    /// <param name="layout">The round's layout.</param>
    /// <param name="values">Concatenated segments, finite.</param>
    /// <returns>The update to protect and, for the client's own records, the integers before noise.</returns>
    /// <exception cref="InvalidUpdateException">Wrong length, NaN or infinity; nothing was sent.</exception>
    public (NoisedUpdate Noised, QuantizedUpdate Quantized) Prepare(UpdateLayout layout, ReadOnlySpan<double> values)
    {
        ModelUpdate update = ModelUpdate.Create(layout, values);
        ClippedUpdate clipped = Clipper.Clip(update);
        QuantizedUpdate quantized = quantizer.Quantize(clipped);
        return (noise.Add(quantized), quantized);
    }
}
