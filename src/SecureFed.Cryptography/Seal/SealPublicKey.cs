namespace SecureFed.Cryptography.Seal;

/// <summary>A public key (−(a·s + e), a) of the key level, both in NTT form, as Microsoft SEAL stores it.</summary>
/// <remarks>NTT order: index i holds the value at ψ^(2·bitrev(i)+1), ψ the least primitive 2N-th root of unity mod q. Like ciphertexts without a checksum:
/// a key from elsewhere must arrive signed.</remarks>
public sealed class SealPublicKey
{
    private readonly SealPair pair;

    private SealPublicKey(SealParameters parameters, SealPair pair)
    {
        Parameters = parameters;
        this.pair = pair;
    }

    public SealParameters Parameters { get; }

    /// <summary>k·N residues of −(a·s + e), prime-major.</summary>
    public ReadOnlySpan<ulong> First => pair.Words.AsSpan(0, pair.Words.Length / SealPair.Components);

    /// <summary>k·N residues of a.</summary>
    public ReadOnlySpan<ulong> Second => pair.Words.AsSpan(pair.Words.Length / SealPair.Components);

    /// <summary>What a was expanded from, directly in NTT form, or null; if there is one, it is written instead of a.</summary>
    public SealSeed? Seed => pair.Seed;

    /// <param name="parameters">N, and the k primes of the key level.</param>
    /// <param name="words">2·k·N residues in NTT form, copied.</param>
    /// <exception cref="ArgumentException">Another length, a word that is not reduced, or a = 0.</exception>
    public static SealPublicKey Create(SealParameters parameters, ReadOnlySpan<ulong> words) =>
        new(parameters, SealPair.Create(parameters.Degree, parameters.KeyLevel, words));

    /// <param name="parameters">N, and the k primes of the key level.</param>
    /// <param name="first">k·N residues of −(a·s + e) in NTT form, copied.</param>
    /// <param name="seed">Of a.</param>
    /// <exception cref="ArgumentException">Another length or a word that is not reduced.</exception>
    public static SealPublicKey CreateSeeded(SealParameters parameters, ReadOnlySpan<ulong> first, SealSeed seed) =>
        new(parameters, SealPair.CreateSeeded(parameters.Degree, parameters.KeyLevel, first, seed));

    /// <summary>Reads what PublicKey::save wrote, seeded or in full.</summary>
    /// <exception cref="SealFormatException">Not exactly one valid public key under <paramref name="parameters"/>.</exception>
    public static SealPublicKey Read(ReadOnlySpan<byte> file, SealParameters parameters) =>
        new(parameters, SealPair.Read(file, parameters.Degree, parameters.KeyLevel, isNttForm: true));

    /// <summary>The bytes that PublicKey::load takes.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A compression that is not written.</exception>
    public byte[] Write(SealCompression compression = SealCompression.None) => pair.Write(Parameters.Degree, isNttForm: true, compression);
}
