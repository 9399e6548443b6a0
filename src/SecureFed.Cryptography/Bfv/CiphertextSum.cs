using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
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
        if (!AddWords(packed, isUndone: false))
        {
            // Checking first would read every honest body twice.
            AddWords(packed, isUndone: true);
            return false;
        }

        Clients++;
        return true;
    }

    /// <summary>Whether <see cref="TryAdd"/> would take these bytes. Leaves the sum as it was.</summary>
    /// <param name="packed">A peer's bytes.</param>
    public bool Accepts(ReadOnlySpan<byte> packed)
    {
        if (!WidePacking.IsCanonical(packed, totals.Length, Parameters.PackedBits)) return false;
        bool isInRange = AddWords(packed, isUndone: false);
        AddWords(packed, isUndone: true);
        return isInRange;
    }

    /// <summary>Takes away a ciphertext that was added before.</summary>
    /// <returns>False, and the sum unchanged, if these are no bytes that it could have taken, or it holds none.</returns>
    public bool TryRemove(ReadOnlySpan<byte> packed)
    {
        if (Clients == 0 || !Accepts(packed)) return false;
        AddWords(packed, isUndone: true);
        Clients--;
        return true;
    }

    /// <summary>totals += words, or −= words to undo it, mod 2^64.</summary>
    /// <returns>Whether no word is greater than GreatestPacked.</returns>
    private bool AddWords(ReadOnlySpan<byte> packed, bool isUndone)
    {
        int bits = Parameters.PackedBits;
        // (w ^ sign) - sign is w or −w.
        ulong sign = isUndone ? ulong.MaxValue : 0;
        ulong excess = 0;
        int groups = WideLanes.For(bits) is { } lanes ? AddGroups(packed, lanes, sign, ref excess) : 0;
        AddWords(packed[(groups * bits)..], totals.AsSpan(groups * WideLanes.Values), sign, ref excess);

        // limit − word is negative, its top bit set, exactly for a word above the limit.
        return excess >> 63 == 0;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private int AddGroups(ReadOnlySpan<byte> packed, WideLanes lanes, ulong sign, ref ulong excess)
    {
        if (packed.Length < lanes.LoadBytes) return 0;
        int bits = Parameters.PackedBits;
        int groups = Math.Min(totals.Length / WideLanes.Values, ((packed.Length - lanes.LoadBytes) / bits) + 1);
        ref byte at = ref MemoryMarshal.GetReference(packed);
        ref ulong sum = ref MemoryMarshal.GetArrayDataReference(totals);
        Vector256<ulong> limit = Vector256.Create(Parameters.GreatestPacked), signs = Vector256.Create(sign), excesses = default;
        for (int i = 0; i < groups; i++)
        {
            (Vector256<ulong> lower, Vector256<ulong> upper) = lanes.Load(ref at);
            excesses |= (limit - lower) | (limit - upper);
            (Vector256.LoadUnsafe(ref sum) + ((lower ^ signs) - signs)).StoreUnsafe(ref sum);
            (Vector256.LoadUnsafe(ref sum, WideLanes.Values / 2) + ((upper ^ signs) - signs)).StoreUnsafe(ref sum, WideLanes.Values / 2);
            sum = ref Unsafe.Add(ref sum, WideLanes.Values);
            at = ref Unsafe.Add(ref at, bits);
        }

        excess |= excesses[0] | excesses[1] | excesses[2] | excesses[3];
        return groups;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void AddWords(ReadOnlySpan<byte> packed, Span<ulong> sums, ulong sign, ref ulong excess)
    {
        int bits = Parameters.PackedBits;
        ulong mask = WidePacking.Mask(bits);
        ulong limit = Parameters.GreatestPacked;
        nuint bit = 0;
        unchecked
        {
            for (int i = 0; i < sums.Length; i++, bit += (nuint)bits)
            {
                ulong word = (WidePacking.ReadWord(packed, (int)(bit >> 3)) >> (int)(bit & 7)) & mask;
                excess |= limit - word;
                sums[i] += (word ^ sign) - sign;
            }
        }
    }
}
