using SecureFed.Cryptography.Keys;
using SecureFed.Cryptography.Randomness;
using SecureFed.Privacy.Updates;
using SecureFed.Protocol.Encryption;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Masking;
using SecureFed.Protocol.Policy;
using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Tests.Encryption;

/// <summary>A client without its shell.</summary>
internal sealed class EncryptingParty(Identifier id, SigningKey key)
{
    public Identifier Id { get; } = id;

    public SigningKey Key { get; } = key;

    public ClientContext Context { get; set; } = null!;

    public EncryptionClient Role { get; set; } = null!;

    /// <summary>What the sum must contain exactly once if this client survives.</summary>
    public int[] Integers { get; private set; } = [];

    /// <summary>Joins a round that was opened, under the own policy or another one.</summary>
    public (EncryptionClient? Client, RoundRejection? Refusal) Begin(Announcement opening, int lastRoundNumber = 0, ClientPolicy? policy = null) =>
        EncryptionClient.Begin(Context with { Policy = policy ?? Context.Policy }, opening, lastRoundNumber, OperatingSystemRandomSource.Instance);

    public NoisedUpdate MakeUpdate(UpdateLayout layout, IRandomSource random)
    {
        double[] values = new double[layout.ComputedDimension];
        for (int i = 0; i < values.Length; i++)
            values[i] = random.Symmetric();
        QuantizedUpdate quantized = new Quantizer(random).Quantize(Clipper.Clip(ModelUpdate.Create(layout, values)));
        Integers = quantized.Values.ToArray();
        return NoNoise.Instance.Add(quantized);
    }
}
