namespace SecureFed.Cryptography.Seal;

/// <summary>Two polynomials as SEAL's Ciphertext stores them; ciphertexts and public keys share the layout.</summary>
/// <remarks>
/// SEAL 4.1, ciphertext.cpp, save_members: parms_id, is_ntt_form (1 byte), components, N, k, scale (double), correction factor, then the words
/// polynomial-major and prime-major; if only the first polynomial is there, the seed of the second follows.
/// </remarks>
internal sealed class SealPair
{
    public const int Components = 2;

    /// <summary>Members before the words.</summary>
    public const int FixedBytes = SealParametersId.Bytes + 1 + (5 * sizeof(ulong));
    private static readonly ulong UnitScale = BitConverter.DoubleToUInt64Bits(1.0);

    private SealPair(SealLevel level, ulong[] words, SealSeed? seed)
    {
        Level = level;
        Words = words;
        Seed = seed;
    }

    public SealLevel Level { get; }

    /// <summary>2·k·N residues.</summary>
    public ulong[] Words { get; }

    /// <summary>What the second polynomial was expanded from, or null.</summary>
    public SealSeed? Seed { get; }

    /// <param name="degree">N.</param>
    /// <param name="level">Of the object.</param>
    /// <param name="words">2·k·N words, copied.</param>
    /// <exception cref="ArgumentException">Another length, a word that is not reduced, or a second polynomial that is zero.</exception>
    public static SealPair Create(int degree, SealLevel level, ReadOnlySpan<ulong> words)
    {
        RequireLength(words, Components * degree * level.Primes.Length);
        return new SealPair(level, Checked(degree, level, words.ToArray()), null);
    }

    /// <param name="degree">N.</param>
    /// <param name="level">Of the object.</param>
    /// <param name="first">k·N words, copied.</param>
    /// <param name="seed">Of the second polynomial.</param>
    /// <exception cref="ArgumentException">Another length or a word that is not reduced.</exception>
    public static SealPair CreateSeeded(int degree, SealLevel level, ReadOnlySpan<ulong> first, SealSeed seed)
    {
        RequireLength(first, degree * level.Primes.Length);
        ulong[] words = new ulong[Components * first.Length];
        first.CopyTo(words);
        SealUniformSampler.Fill(seed, level.Primes, words.AsSpan(first.Length));
        return new SealPair(level, Checked(degree, level, words), seed);
    }

    /// <exception cref="SealFormatException">Not exactly one valid pair of this level and form.</exception>
    public static SealPair Read(ReadOnlySpan<byte> file, int degree, SealLevel level, bool isNttForm)
    {
        int polynomialWords = degree * level.Primes.Length;
        int fullBytes = FixedBytes + SealReader.ArrayOverheadBytes + (Components * polynomialWords * sizeof(ulong));
        int seededBytes = FixedBytes + SealReader.ArrayOverheadBytes + (polynomialWords * sizeof(ulong)) + SealSeed.SavedBytes;
        using SealMembers members = SealMembers.Open(file, fullBytes);
        var reader = new SealReader(members.Span);
        TakeMetadata(ref reader, degree, level, isNttForm);
        if (members.Span.Length != fullBytes && members.Span.Length != seededBytes)
            throw members.Span.Length < fullBytes ? SealFormatException.Truncated() : SealFormatException.Length("The object has the wrong size.");

        bool isSeeded = members.Span.Length == seededBytes;
        ulong[] words = new ulong[Components * polynomialWords];
        reader.TakeArray(isSeeded ? words.AsSpan(0, polynomialWords) : words);
        SealSeed? seed = isSeeded ? SealSeed.Take(ref reader) : null;
        reader.End();
        SealWords.RequireReduced(words.AsSpan(0, polynomialWords), degree, level);
        if (seed is not null) SealUniformSampler.Fill(seed, level.Primes, words.AsSpan(polynomialWords));
        SealWords.RequireReduced(words.AsSpan(polynomialWords), degree, level);
        if (SealWords.IsZero(words.AsSpan(polynomialWords))) throw SealFormatException.Transparent("The second polynomial is zero, so the object hides nothing.");
        return new SealPair(level, words, seed);
    }

    public byte[] Write(int degree, bool isNttForm, SealCompression compression)
    {
        ReadOnlySpan<ulong> saved = Seed is null ? Words : Words.AsSpan(0, Words.Length / Components);
        int bytes = FixedBytes + SealReader.ArrayOverheadBytes + (saved.Length * sizeof(ulong)) + (Seed is null ? 0 : SealSeed.SavedBytes);
        byte[] members = new byte[bytes];
        Level.Id.CopyTo(members);
        var writer = new SealWriter(members.AsSpan(SealParametersId.Bytes));
        writer.PutByte(isNttForm ? (byte)1 : (byte)0);
        writer.PutWord(Components);
        writer.PutWord((ulong)degree);
        writer.PutWord((ulong)Level.Primes.Length);
        writer.PutWord(UnitScale);
        writer.PutWord(1);
        writer.PutArray(saved);
        Seed?.Put(ref writer);
        return SealMembers.Close(members, compression);
    }

    private static void TakeMetadata(ref SealReader reader, int degree, SealLevel level, bool isNttForm)
    {
        SealWords.RequireLevel(new SealParametersId(reader.Take(SealParametersId.Bytes)), level.Id);
        if (reader.TakeByte() != (isNttForm ? 1 : 0))
            throw SealFormatException.Metadata(isNttForm ? "A public key is in NTT form; this object is not." : "A BFV ciphertext is not in NTT form; this object is.");
        if (reader.TakeWord() != Components) throw SealFormatException.Metadata("Only objects of two polynomials are read: no products.");
        if (reader.TakeWord() != (ulong)degree) throw SealFormatException.Metadata("N differs from that of the parameters.");
        if (reader.TakeWord() != (ulong)level.Primes.Length) throw SealFormatException.Metadata("The number of primes differs from that of the parameters.");
        if (reader.TakeWord() != UnitScale) throw SealFormatException.Metadata("The scale of a BFV object is 1.0; this one differs.");
        if (reader.TakeWord() != 1) throw SealFormatException.Metadata("The correction factor of a BFV object is 1; this one differs.");
    }

    private static ulong[] Checked(int degree, SealLevel level, ulong[] words)
    {
        Span<ulong> second = words.AsSpan(words.Length / Components);
        if (SealWords.FirstUnreduced(words.AsSpan(0, second.Length), degree, level) >= 0 || SealWords.FirstUnreduced(second, degree, level) >= 0)
            throw new ArgumentException("A word is not below its modulus.", nameof(words));
        if (SealWords.IsZero(second)) throw new ArgumentException("The second polynomial is zero, so the object would hide nothing.", nameof(words));
        return words;
    }

    private static void RequireLength(ReadOnlySpan<ulong> words, int length)
    {
        if (words.Length != length) throw new ArgumentException($"The level needs {length} words.", nameof(words));
    }
}
