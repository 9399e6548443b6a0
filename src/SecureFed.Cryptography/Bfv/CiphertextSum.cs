using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using SecureFed.Cryptography.Rings;

namespace SecureFed.Cryptography.Bfv;

/// <summary>The running sum of packed ciphertexts of one length.</summary>
/// <remarks>Words are summed as they come, without reduction: 10,000 of at most 50 bits stay below 2^64. Not thread safe.</remarks>
public sealed class CiphertextSum
{
    private readonly ulong[] totals;

    /// <param name="parameters">Of one-time keys.</param>
    /// <param name="dimension">d, the update's length.</param>
    /// <exception cref="ArgumentException">The set is for a single key.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The dimension is not positive.</exception>
    public CiphertextSum(BfvParameters parameters, int dimension)
    {
        parameters.RequireOneTime();
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(dimension);
        Parameters = parameters;
        totals = new ulong[dimension];
    }

    public BfvParameters Parameters { get; }

    /// <summary>d.</summary>
    public int Dimension => totals.Length;

    /// <summary>Ciphertexts in the sum.</summary>
    public int Clients { get; private set; }

    /// <summary>Sums of packed words, d of them: the sum of ciphertexts over 2^r, not reduced mod q.</summary>
    public ReadOnlySpan<ulong> Totals => totals;

    /// <summary>Adds one client's ciphertext, whole.</summary>
    /// <param name="packed">A peer's bytes.</param>
    /// <returns>False, and the sum unchanged, if the length is wrong, a padding bit is set, or a word is greater than any that a coefficient below q rounds to.</returns>
    /// <exception cref="InvalidOperationException">The sum is full.</exception>
    public bool TryAdd(ReadOnlySpan<byte> packed)
    {
        if (Clients == Parameters.Clients) throw new InvalidOperationException($"These parameters carry {Parameters.Clients} ciphertexts.");
        if (!WidePacking.IsCanonical(packed, totals.Length, Parameters.PackedBits)) return false;
        if (AddWords(packed, 1) > Parameters.GreatestPacked)
        {
            // Checking first would read every honest body twice.
            AddWords(packed, ulong.MaxValue);
            return false;
        }

        Clients++;
        return true;
    }

    /// <summary>Whether <see cref="TryAdd"/> would take these bytes. Changes nothing.</summary>
    /// <param name="packed">A peer's bytes.</param>
    public bool Accepts(ReadOnlySpan<byte> packed) => WidePacking.IsCanonical(packed, totals.Length, Parameters.PackedBits) && AddWords(packed, 0) <= Parameters.GreatestPacked;

    /// <summary>Takes away a ciphertext that was added before.</summary>
    /// <returns>False, and the sum unchanged, if these are no bytes that it could have taken, or it holds none.</returns>
    public bool TryRemove(ReadOnlySpan<byte> packed)
    {
        if (Clients == 0 || !Accepts(packed)) return false;
        AddWords(packed, ulong.MaxValue);
        Clients--;
        return true;
    }

    /// <summary>totals += factor·words, mod 2^64.</summary>
    /// <returns>A number greater than GreatestPacked if and only if a word is.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private ulong AddWords(ReadOnlySpan<byte> packed, ulong factor)
    {
        int bits = Parameters.PackedBits;
        ulong mask = WidePacking.Mask(bits);
        ulong limit = Parameters.GreatestPacked;
        ulong excess = 0;
        Span<ulong> sums = totals;
        // As many as can be read in eight bytes each, however they lie.
        int direct = packed.Length < sizeof(ulong) ? 0 : (int)Math.Min(sums.Length, (((long)packed.Length - sizeof(ulong)) * 8 / bits) + 1);
        ref byte first = ref MemoryMarshal.GetReference(packed);
        nuint bit = 0;
        unchecked
        {
            for (int i = 0; i < direct; i++, bit += (nuint)bits)
            {
                ulong read = Unsafe.ReadUnaligned<ulong>(ref Unsafe.AddByteOffset(ref first, bit >> 3));
                if (!BitConverter.IsLittleEndian) read = BinaryPrimitives.ReverseEndianness(read);
                ulong word = (read >> (int)(bit & 7)) & mask;
                excess |= limit - word;
                sums[i] += word * factor;
            }

            for (int i = direct; i < sums.Length; i++, bit += (nuint)bits)
            {
                ulong word = (WidePacking.ReadWord(packed, (int)(bit >> 3)) >> (int)(bit & 7)) & mask;
                excess |= limit - word;
                sums[i] += word * factor;
            }
        }

        // limit − word is negative, its top bit set, exactly for a word above the limit.
        return excess >> 63 == 0 ? 0 : ulong.MaxValue;
    }
}
