using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using SecureFed.Cryptography.Randomness;
using SecureFed.Cryptography.Rings;

namespace SecureFed.Cryptography.Bfv;

/// <summary>Encrypts one update under a one-time key, polynomial by polynomial.</summary>
/// <remarks>
/// <list type="table">
/// <item><term>Ciphertext</term><description>c_j = −(a_j·s + e_j) + Δ·m_j in R_q, m_j centred in [−t/2, t/2), e_j discrete Gaussian: a BFV ciphertext (Fan and
/// Vercauteren 2012, eprint 2012/144) whose second component is the public a_j. Δ·m, not round(q·m/t): the residue of the decrypted sum would hold the
/// clients' rounding terms, which test guesses of m.</description></item>
/// <item><term>Wire</term><description>c_j rounded to the nearest multiple of 2^r, ties up, without its r zero bits: bits(q) − r bits per coefficient, as
/// <see cref="WidePacking"/>. A sum that rounds to 2^bits(q) is sent as 0, which it is nearly mod q. The last polynomial sends as many coefficients as the
/// update has left.</description></item>
/// <item><term>Values</term><description>Elements of Z mod 2^b as in masking's <see cref="Ring"/>; higher bits are ignored.</description></item>
/// <item><term>Time</term><description>Depends on N and lengths only.</description></item>
/// <item><term>Assumes</term><description>A strong random source; polynomials of this round; that the key's shares are not given out under another one.</description></item>
/// </list>
/// </remarks>
public sealed class OneTimeEncryption : IDisposable
{
    private readonly OneTimeSecretKey key;
    private readonly PublicPolynomials polynomials;
    private readonly IRandomSource random;
    private readonly ulong[] words;
    private readonly long[] errors;
    private readonly ulong[] randomWords;
    private int next;
    private bool isClosed;

    /// <summary>Claims the key; the caller still disposes it, and the polynomials.</summary>
    /// <exception cref="ArgumentException">Parameters, key and polynomials are not of one set for one-time keys.</exception>
    /// <exception cref="InvalidOperationException">The key has encrypted before.</exception>
    public OneTimeEncryption(BfvParameters parameters, OneTimeSecretKey key, PublicPolynomials polynomials, IRandomSource random)
    {
        parameters.RequireOneTime();
        if (key.Set != parameters.Set || polynomials.Set != parameters.Set) throw new ArgumentException("Parameters, key and polynomials are of one set.", nameof(key));
        key.Use();
        Parameters = parameters;
        (this.key, this.polynomials, this.random) = (key, polynomials, random);
        words = GC.AllocateArray<ulong>(parameters.Set.Degree, pinned: true);
        errors = GC.AllocateArray<long>(parameters.Set.Degree, pinned: true);
        randomWords = GC.AllocateArray<ulong>(BfvSet.Sampler.WordsFor(parameters.Set.Degree), pinned: true);
    }

    public BfvParameters Parameters { get; }

    /// <summary>Encrypts a whole update.</summary>
    /// <param name="update">Any length but 0.</param>
    /// <param name="packed">Exactly <see cref="WidePacking.PackedBytes"/> of that length and <see cref="BfvParameters.PackedBits"/>; overwritten.</param>
    /// <exception cref="ArgumentException">The output has another length.</exception>
    /// <exception cref="InvalidOperationException">Something has been encrypted before.</exception>
    public void Encrypt(ReadOnlySpan<uint> update, Span<byte> packed)
    {
        if (next != 0) throw new InvalidOperationException("A one-time key encrypts one update.");
        if (packed.Length != WidePacking.PackedBytes(update.Length, Parameters.PackedBits)) throw new ArgumentException("The output must have PackedBytes(update.Length, PackedBits) bytes.", nameof(packed));
        while (!update.IsEmpty)
        {
            int count = Math.Min(update.Length, words.Length);
            int bytes = WidePacking.PackedBytes(count, Parameters.PackedBits);
            EncryptNext(update[..count], packed[..bytes]);
            update = update[count..];
            packed = packed[bytes..];
        }
    }

    /// <summary>Encrypts the next polynomial's worth: N values, or fewer, which ends the update.</summary>
    /// <param name="values">1 to N values.</param>
    /// <param name="packed">Exactly <see cref="WidePacking.PackedBytes"/> of that many; overwritten.</param>
    /// <exception cref="ArgumentException">A length is wrong.</exception>
    /// <exception cref="InvalidOperationException">The update has ended.</exception>
    public void EncryptNext(ReadOnlySpan<uint> values, Span<byte> packed)
    {
        if (isClosed) throw new InvalidOperationException("The update has ended, or the encryption has been disposed.");
        if (values.IsEmpty || values.Length > words.Length) throw new ArgumentException($"1 to {words.Length} values.", nameof(values));
        if (packed.Length != WidePacking.PackedBytes(values.Length, Parameters.PackedBits)) throw new ArgumentException("The output must have PackedBytes(values.Length, PackedBits) bytes.", nameof(packed));
        isClosed = values.Length < words.Length;
        NumberTheoreticTransform transform = Parameters.Set.Transform;
        polynomials.Expand(next++, words);
        transform.Multiply(words, key.Values, words);
        transform.Inverse(words);
        BfvSet.Sampler.Fill(errors, random, randomWords);
        Combine(values, errors, words, Parameters);
        WidePacking.Pack(words.AsSpan(0, values.Length), Parameters.PackedBits, packed);
    }

    public void Dispose()
    {
        isClosed = true;
        CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(words.AsSpan()));
        CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(errors.AsSpan()));
        CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(randomWords.AsSpan()));
    }

    /// <summary>words[i] = (Δ·m − e − words[i] mod q + 2^(r−1)) / 2^r, rounded down; packing drops a bit above the packed ones.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Combine(ReadOnlySpan<uint> values, ReadOnlySpan<long> errors, Span<ulong> words, BfvParameters parameters)
    {
        long q = (long)parameters.Set.Modulus.Value;
        long delta = (long)parameters.Delta;
        long half = (long)parameters.RoundingHalf;
        int shift = 32 - parameters.PlainBits;
        int dropped = parameters.DroppedBits;
        Span<long> results = MemoryMarshal.Cast<ulong, long>(words)[..values.Length];
        errors = errors[..values.Length];
        ref uint value = ref MemoryMarshal.GetReference(values);
        ref long error = ref MemoryMarshal.GetReference(errors), result = ref MemoryMarshal.GetReference(results);
        int lanes = Vector<long>.Count;
        int i = 0;
        unchecked
        {
            Vector<long> modulus = new(q), deltas = new(delta), halves = new(half);
            for (; i <= values.Length - (2 * lanes); i += 2 * lanes)
            {
                nuint at = (nuint)i, after = (nuint)(i + lanes);
                Vector<int> centred = Vector.ShiftRightArithmetic(Vector.ShiftLeft(Vector.LoadUnsafe(ref value, at).As<uint, int>(), shift), shift);
                Vector.Widen(centred, out Vector<long> lower, out Vector<long> upper);
                lower = (deltas * lower) - Vector.LoadUnsafe(ref error, at) - Vector.LoadUnsafe(ref result, at);
                upper = (deltas * upper) - Vector.LoadUnsafe(ref error, after) - Vector.LoadUnsafe(ref result, after);
                Rounded(lower, modulus, halves, dropped).StoreUnsafe(ref result, at);
                Rounded(upper, modulus, halves, dropped).StoreUnsafe(ref result, after);
            }

            for (; i < values.Length; i++)
            {
                // |Δ·m| ≤ Δ·t/2, about q/2, and |e| is below 100: between −2q and q, all of it in 53 bits.
                long c = (delta * ((int)(values[i] << shift) >> shift)) - errors[i] - results[i];
                c += q & (c >> 63);
                c += q & (c >> 63);
                results[i] = (c + half) >> dropped;
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<long> Rounded(Vector<long> c, Vector<long> modulus, Vector<long> half, int dropped)
    {
        c += modulus & Vector.LessThan(c, Vector<long>.Zero);
        c += modulus & Vector.LessThan(c, Vector<long>.Zero);
        return Vector.ShiftRightLogical(c + half, dropped);
    }
}
