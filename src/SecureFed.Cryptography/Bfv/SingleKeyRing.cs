using SecureFed.Cryptography.Rings;
using SecureFed.Cryptography.Seal;

namespace SecureFed.Cryptography.Bfv;

/// <summary>Ring and plaintexts of a single key: a set that has been examined, with one t = 2^b.</summary>
/// <remarks>Neither branches nor indices depend on coefficients.</remarks>
internal sealed class SingleKeyRing
{
    private readonly ulong inverse;

    private SingleKeyRing(BfvSet set, SealParameters parameters)
    {
        (Set, Parameters) = (set, parameters);
        PlainBits = System.Numerics.BitOperations.Log2(parameters.PlainModulus);
        // Newton: q is its own inverse mod 2^3, and every step doubles the bits.
        inverse = Modulus.Value;
        for (int bits = 3; bits < 64; bits *= 2) inverse = unchecked(inverse * (2 - (Modulus.Value * inverse)));
    }

    public BfvSet Set { get; }

    public SealParameters Parameters { get; }

    public int PlainBits { get; }

    public int Degree => Set.Degree;

    public PrimeModulus Modulus => Set.Modulus;

    public NumberTheoreticTransform Transform => Set.Transform;

    /// <exception cref="ArgumentException">No set for single keys has these parameters.</exception>
    public static SingleKeyRing Of(SealParameters parameters) => BfvSet.Find(parameters) is { } set
        ? new SingleKeyRing(set, parameters)
        : throw new ArgumentException("Single keys use the rings of S1 and S2 with t = 2^b, b at most 32.", nameof(parameters));

    /// <summary>words[i] += round(q·m_i/t), as SEAL scales (util/scalingvariant.cpp, multiply_add_plain_with_scaling_variant): a tie goes up.</summary>
    /// <param name="values">m, at most N; bits above b are ignored.</param>
    /// <param name="words">N residues.</param>
    public void AddPlain(ReadOnlySpan<uint> values, Span<ulong> words)
    {
        if (values.Length > words.Length) throw new ArgumentException($"At most {words.Length} values.", nameof(values));
        uint mask = Ring.Mask(PlainBits);
        PrimeModulus q = Modulus;
        for (int i = 0; i < values.Length; i++)
        {
            ulong high = Math.BigMul(q.Value, values[i] & mask, out ulong low);
            // The bit below the quotient rounds it.
            words[i] = q.Add(words[i], ((high << (64 - PlainBits)) | (low >> PlainBits)) + ((low >> (PlainBits - 1)) & 1));
        }
    }

    /// <summary>values[i] = round(t·phase_i/q) mod t. There is no tie: q is odd.</summary>
    public void Decode(ReadOnlySpan<ulong> phases, Span<uint> values)
    {
        if (values.Length > phases.Length) throw new ArgumentException($"At most {phases.Length} values.", nameof(values));
        uint mask = Ring.Mask(PlainBits);
        PrimeModulus q = Modulus;
        ulong half = q.Value >> 1;
        for (int i = 0; i < values.Length; i++)
        {
            ulong shifted = phases[i] << PlainBits;
            ulong low = unchecked(shifted + half);
            ulong carry = ((shifted & half) | ((shifted | half) & ~low)) >> 63;
            // ⌊(t·phase + (q − 1)/2)/q⌋ without a division, whose time would depend on it: less its remainder the dividend is a multiple of q, and dividing that by
            // an odd number is a product mod 2^64.
            ulong remainder = q.Reduce((phases[i] >> (64 - PlainBits)) + carry, low);
            values[i] = unchecked((uint)((low - remainder) * inverse)) & mask;
        }
    }
}
