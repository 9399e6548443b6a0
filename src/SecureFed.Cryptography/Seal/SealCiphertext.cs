namespace SecureFed.Cryptography.Seal;

/// <summary>A BFV ciphertext of two components (c_0, c_1) with c_0 + c_1·s = Δ·m + e, as Microsoft SEAL stores it.</summary>
/// <remarks>
/// The format has no checksum: a changed coefficient that stays below q loads in SEAL and here, and decrypts to something else. Whoever needs integrity
/// signs the bytes. zlib adds Adler-32, which no attacker minds.
/// </remarks>
public sealed class SealCiphertext
{
    private readonly SealPair pair;

    private SealCiphertext(SealParameters parameters, SealPair pair)
    {
        Parameters = parameters;
        this.pair = pair;
    }

    public SealParameters Parameters { get; }

    /// <summary>k·N residues of c_0, coefficient form, prime-major.</summary>
    public ReadOnlySpan<ulong> First => pair.Words.AsSpan(0, pair.Words.Length / SealPair.Components);

    /// <summary>k·N residues of c_1.</summary>
    public ReadOnlySpan<ulong> Second => pair.Words.AsSpan(pair.Words.Length / SealPair.Components);

    /// <summary>What c_1 was expanded from, or null; if there is one, it is written instead of c_1.</summary>
    public SealSeed? Seed => pair.Seed;

    /// <param name="parameters">N, and the k primes of the data level.</param>
    /// <param name="words">2·k·N residues, c_0 before c_1, copied.</param>
    /// <exception cref="ArgumentException">Another length, a word that is not reduced, or c_1 = 0.</exception>
    public static SealCiphertext Create(SealParameters parameters, ReadOnlySpan<ulong> words) =>
        new(parameters, SealPair.Create(parameters.Degree, parameters.DataLevel, words));

    /// <param name="parameters">N, and the k primes of the data level.</param>
    /// <param name="first">k·N residues of c_0, copied.</param>
    /// <param name="seed">Of c_1, which it expands to in coefficient form.</param>
    /// <exception cref="ArgumentException">Another length or a word that is not reduced.</exception>
    public static SealCiphertext CreateSeeded(SealParameters parameters, ReadOnlySpan<ulong> first, SealSeed seed) =>
        new(parameters, SealPair.CreateSeeded(parameters.Degree, parameters.DataLevel, first, seed));

    /// <summary>Reads what Ciphertext::save wrote, seeded or in full.</summary>
    /// <exception cref="SealFormatException">Not exactly one valid ciphertext under <paramref name="parameters"/>.</exception>
    public static SealCiphertext Read(ReadOnlySpan<byte> file, SealParameters parameters) =>
        new(parameters, SealPair.Read(file, parameters.Degree, parameters.DataLevel, isNttForm: false));

    /// <summary>The sum, component by component; its noise is the sum of theirs, which the caller must have bounded by their number.</summary>
    /// <param name="terms">At least one, all under the same parameters.</param>
    /// <exception cref="ArgumentException">No term, or terms under different parameters.</exception>
    /// <exception cref="SealFormatException">The second components cancel: one sender sent the negative of another's.</exception>
    public static SealCiphertext Sum(IReadOnlyCollection<SealCiphertext> terms)
    {
        if (terms.Count == 0) throw new ArgumentException("A sum needs a term.", nameof(terms));
        SealParameters parameters = terms.First().Parameters;
        SealLevel level = parameters.DataLevel;
        ulong[] sum = new ulong[SealPair.Components * level.Primes.Length * parameters.Degree];
        foreach (SealCiphertext term in terms)
        {
            if (term.Parameters.KeyLevel.Id != parameters.KeyLevel.Id) throw new ArgumentException("The terms are under different parameters.", nameof(terms));
            for (int i = 0; i < sum.Length; i++) sum[i] = level.Primes[i / parameters.Degree % level.Primes.Length].Add(sum[i], term.pair.Words[i]);
        }

        return SealWords.IsZero(sum.AsSpan(sum.Length / SealPair.Components))
            ? throw SealFormatException.Transparent("The second components of the terms cancel, so the sum hides nothing.")
            : Create(parameters, sum);
    }

    /// <summary>The bytes that Ciphertext::load takes.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A compression that is not written.</exception>
    public byte[] Write(SealCompression compression = SealCompression.None) => pair.Write(Parameters.Degree, isNttForm: false, compression);
}
