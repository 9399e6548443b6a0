using SecureFed.Cryptography.Bfv;
using SecureFed.Cryptography.Randomness;
using SecureFed.Cryptography.Rings;

namespace SecureFed.Cli.Bench;

/// <summary>What one-time-key encryption of set A1 costs one core, with the sum checked exactly and its noise against theory.</summary>
/// <param name="Dimension">d.</param>
/// <param name="Clients">Ciphertexts in the sum, each under its own key.</param>
/// <param name="PlainBits">b.</param>
/// <param name="BytesPerCoefficient">Of a ciphertext.</param>
/// <param name="TransformSeconds">One transform of N = 2048 coefficients; the fastest.</param>
/// <param name="EncryptSeconds">One update; the fastest client.</param>
/// <param name="AddSeconds">One ciphertext added to the running sum; the fastest.</param>
/// <param name="DecryptSeconds">The whole sum, residue checked; the fastest.</param>
/// <param name="NoiseRatio">Measured deviation of the noise over that of theory.</param>
/// <param name="IsExact">The sum is the sum of the updates, and its residue honest.</param>
internal sealed record EncryptionCost(
    int Dimension,
    int Clients,
    int PlainBits,
    double BytesPerCoefficient,
    double TransformSeconds,
    double EncryptSeconds,
    double AddSeconds,
    double DecryptSeconds,
    double NoiseRatio,
    bool IsExact)
{
    private const int Decryptions = 20;
    private const int TransformsPerClient = 10;

    /// <summary>What the noise may be off: 5 %, or six deviations of what is measured where that is more (d below 7,200).</summary>
    private double NoiseTolerance => Math.Max(0.05, 6 / Math.Sqrt(2.0 * Dimension));

    /// <summary>Ciphertext over plaintext.</summary>
    public double Expansion => 8 * BytesPerCoefficient / PlainBits;

    /// <summary>Encryption of a polynomial in transforms: comparable between machines, as the next two are.</summary>
    public double EncryptTransforms => InTransforms(EncryptSeconds);

    public double AddTransforms => InTransforms(AddSeconds);

    public double DecryptTransforms => InTransforms(DecryptSeconds);

    public bool IsRight => IsExact && Math.Abs(NoiseRatio - 1) <= NoiseTolerance;

    public static EncryptionCost Measure(int dimension, int clients, int plainBits)
    {
        BfvParameters parameters = BfvParameters.Create(BfvSet.A1, plainBits, clients);
        using PublicPolynomials polynomials = new(parameters.Set, new byte[PublicPolynomials.DigestBytes]);
        CiphertextSum sum = new(parameters, dimension);
        ulong[] keys = new ulong[parameters.Set.Degree];
        byte[] packed = new byte[WidePacking.PackedBytes(dimension, parameters.PackedBits)];
        uint[] update = new uint[dimension], expected = new uint[dimension];
        ulong[] words = new ulong[parameters.Set.Degree];
        double transform = double.MaxValue, encrypt = double.MaxValue, add = double.MaxValue, decrypt = double.MaxValue;
        for (int i = 0; i < clients; i++)
        {
            FillUpdate(update, i, parameters);
            using OneTimeSecretKey key = OneTimeSecretKey.Draw(parameters.Set, OperatingSystemRandomSource.Instance);
            using OneTimeEncryption encryption = new(parameters, key, polynomials, OperatingSystemRandomSource.Instance);
            transform = Math.Min(transform, ProcessorTime.Seconds(() => Transform(words, parameters.Set.Transform)) / TransformsPerClient);
            encrypt = Math.Min(encrypt, ProcessorTime.Seconds(() => encryption.Encrypt(update, packed)));
            add = Math.Min(add, ProcessorTime.Seconds(() => sum.TryAdd(packed)));
            ResidueVector.Add(keys, key.Coefficients, parameters.Set.Modulus);
            Ring.Add(expected, update);
        }

        Ring.Reduce(expected, plainBits);
        uint[] values = new uint[dimension];
        ResidueCheck? check = null;
        bool isExact = sum.Clients == clients;
        for (int i = 0; i < Decryptions; i++)
        {
            decrypt = Math.Min(decrypt, ProcessorTime.Seconds(() => isExact &= OneTimeDecryption.TryDecrypt(sum, polynomials, keys, 0, values, out check)));
            isExact &= values.AsSpan().SequenceEqual(expected);
        }

        return new EncryptionCost(
            dimension, clients, plainBits, (double)packed.Length / dimension, transform, encrypt, add, decrypt, check!.Deviation / check.ExpectedDeviation, isExact);
    }

    /// <summary>Integers of both signs whose sum stays within b bits.</summary>
    private static void FillUpdate(Span<uint> update, int client, BfvParameters parameters)
    {
        long bound = (1L << (parameters.PlainBits - 1)) / parameters.Clients;
        for (int i = 0; i < update.Length; i++)
            update[i] = Ring.FromCentred(((i * 2_654_435_761L) + (client * 40_503L)) % bound * ((i & 1) == 0 ? 1 : -1), parameters.PlainBits);
    }

    private static void Transform(ulong[] words, NumberTheoreticTransform transform)
    {
        for (int i = 0; i < TransformsPerClient; i++) transform.Inverse(words);
    }

    private double InTransforms(double seconds) => seconds / TransformSeconds / Math.Ceiling((double)Dimension / BfvSet.A1.Degree);
}
