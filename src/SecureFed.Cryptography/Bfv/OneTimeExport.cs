using System.Runtime.InteropServices;
using System.Security.Cryptography;
using SecureFed.Cryptography.Rings;
using SecureFed.Cryptography.Seal;

namespace SecureFed.Cryptography.Bfv;

/// <summary>A round with one-time keys as objects of Microsoft SEAL, so that somebody else's program decrypts its sum.</summary>
/// <remarks>
/// <para>Polynomial j becomes the ciphertext (2^r·Σu_j − ⌊n/2⌋, a_j), the known mean of rounding taken off as in <see cref="OneTimeDecryption"/>; the sum of keys
/// S becomes a secret key in NTT form. Parameters: <see cref="BfvSet.ToSeal"/>.</para>
/// <para>SEAL decodes round(t/q·phase) where <see cref="OneTimeDecryption"/> decodes round(phase/Δ). phase = Δ·M + e with |M| ≤ t/2, and Δ·M is off q·M/t by at most |Δt − q|/2,
/// which the limit of <see cref="BfvParameters"/> leaves free: both give M mod t. A sum that leaves [−t/2, t/2) costs both the same,
/// <see cref="BfvParameters.GreatestWraps"/>.</para>
/// <para>The last ciphertext of an update whose length is no multiple of N decrypts to noise beyond the update's end: clients send nothing there.</para>
/// <para>SEAL's format has no checksum and no signature. What binds these bytes to the round is the log's entries, not the files.</para>
/// </remarks>
public static class OneTimeExport
{
    /// <summary>How many ciphertexts there are: ⌈d/N⌉.</summary>
    public static int Polynomials(CiphertextSum sum) => ((sum.Dimension - 1) / sum.Parameters.Set.Degree) + 1;

    /// <summary>One polynomial of the sum.</summary>
    /// <param name="sum">At least one client's.</param>
    /// <param name="polynomials">Of the round.</param>
    /// <param name="index">j, from 0, below <see cref="Polynomials"/>.</param>
    /// <exception cref="ArgumentException">The sum is empty, or sum and polynomials are of different sets.</exception>
    /// <exception cref="ArgumentOutOfRangeException">There is no such polynomial.</exception>
    public static SealCiphertext Ciphertext(CiphertextSum sum, PublicPolynomials polynomials, int index)
    {
        BfvParameters parameters = sum.Parameters;
        BfvSet set = parameters.Set;
        if (sum.Clients == 0) throw new ArgumentException("No ciphertext has been added.", nameof(sum));
        if (polynomials.Set != set) throw new ArgumentException("Sum and polynomials are of one set.", nameof(polynomials));
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, Polynomials(sum));

        PrimeModulus q = set.Modulus;
        int dropped = parameters.DroppedBits;
        ulong mean = dropped == 0 ? 0 : (ulong)sum.Clients / 2;
        var words = new ulong[2 * set.Degree];
        ReadOnlySpan<ulong> totals = sum.Totals[(index * set.Degree)..];
        for (int i = 0; i < Math.Min(totals.Length, set.Degree); i++)
            words[i] = q.Subtract(q.Reduce(dropped == 0 ? 0 : totals[i] >> (64 - dropped), unchecked(totals[i] << dropped)), mean);
        Span<ulong> second = words.AsSpan(set.Degree);
        polynomials.Expand(index, second);
        set.Transform.Inverse(second);
        return SealCiphertext.Create(set.ToSeal(parameters.PlainBits), words);
    }

    /// <summary>The key under which the sum decrypts. It opens this round's sum and nothing else; yet whoever has it has that sum.</summary>
    /// <param name="parameters">Of the round.</param>
    /// <param name="sumOfKeys">S = Σ s_i over the clients in the sum, N coefficients.</param>
    /// <exception cref="ArgumentException">The set is for a single key, or S has another length or a coefficient that is not below q.</exception>
    public static SealSecretKey SecretKey(BfvParameters parameters, ReadOnlySpan<ulong> sumOfKeys)
    {
        parameters.RequireOneTime();
        BfvSet set = parameters.Set;
        if (sumOfKeys.Length != set.Degree) throw new ArgumentException($"The sum of keys has {set.Degree} coefficients.", nameof(sumOfKeys));
        ResidueVector.RequireReduced(sumOfKeys, set.Modulus, nameof(sumOfKeys));
        ulong[] values = GC.AllocateArray<ulong>(set.Degree, pinned: true);
        try
        {
            sumOfKeys.CopyTo(values);
            set.Transform.Forward(values);
            return SealSecretKey.Create(set.ToSeal(parameters.PlainBits), values);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(values.AsSpan()));
        }
    }
}
