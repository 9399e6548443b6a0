using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using SecureFed.Cryptography.Randomness;

namespace SecureFed.Cryptography.Sampling;

/// <summary>Draws from the discrete Gaussian in time that depends on sigma and the number of samples only. The default for keys and errors of
/// RLWE.</summary>
/// <remarks>
/// <list type="table">
/// <item><term>References</term><description>Cumulative tables: Peikert 2010 (CRYPTO); full scan with constant-time comparison: Bos, Costello,
/// Naehrig, Stebila 2015 (S&amp;P). Convolution: Peikert 2010; Micciancio, Walter 2017 (CRYPTO).</description></item>
/// <item><term>Parameters</term><description>sigma^2 a fraction from 2^-64 to 2^64. Table of 126-bit entries, K of them, K about 13.3 sigma_0; m base
/// samples per sample (sigma = 4.6: m = 1, K = 60; sigma = 1000: m = 4, K = 137).</description></item>
/// <item><term>Randomness</term><description>16 bytes per base sample, in blocks of 32 samples; a shorter vector takes a prefix.</description></item>
/// <item><term>Assumes</term><description>A cryptographically strong source that is itself constant-time. Comparison, addition and multiplication of
/// 64-bit words take fixed time, as on x86-64 and ARMv8.</description></item>
/// <item><term>Not provided</term><description>Exactness: see <see cref="StatisticalDistance"/>. Secrecy of sigma.</description></item>
/// </list>
/// Proof. (1) Table: with N = 2^126 and r uniform below N, Pr[magnitude &lt;= j] = T_j/N, less than the true value by at most 1/N. Each of the K
/// probabilities below K is off by less than 1/N; that of K by less than 2/N, rounding and the tail it takes over; the tail itself is less than 1/N.
/// Half the sum is at most (K + 3) * 2^-127. (2) m base samples: m times that. (3) Convolution: (m - 1) * 2^-129, see <see cref="Convolution"/>. The
/// sum is <see cref="StatisticalDistance"/>: 2^-117.8 for sigma = 1000.
/// </remarks>
public sealed class ConstantTimeDiscreteGaussian : IDiscreteGaussianSampler
{
    private const int MaxTermsPerBatch = 64;

    private readonly CumulativeTable table;
    private readonly long[] coefficients;
    private readonly ScanWidth width;

    /// <summary>Computes the table, which takes some milliseconds: keep the instance.</summary>
    /// <param name="sigmaSquared">sigma^2, from 2^-64 to 2^64.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="sigmaSquared"/> is outside its range.</exception>
    public ConstantTimeDiscreteGaussian(Rational sigmaSquared)
        : this(sigmaSquared, ScanWidth.Limbs)
    {
    }

    /// <summary>With vectors of a given width, whether the processor has them or not; the samples are the same.</summary>
    internal ConstantTimeDiscreteGaussian(Rational sigmaSquared, ScanWidth width)
    {
        GaussianParameter.RequireInRange(sigmaSquared, nameof(sigmaSquared));
        Convolution convolution = Convolution.For(sigmaSquared);
        SigmaSquared = sigmaSquared;
        table = new CumulativeTable(convolution.BaseSigmaSquared);
        coefficients = convolution.Coefficients;
        this.width = width;
        StatisticalDistance = table.StatisticalDistance * coefficients.Length + convolution.StatisticalDistance;
    }

    /// <inheritdoc/>
    public Rational SigmaSquared { get; }

    /// <inheritdoc/>
    public Rational StatisticalDistance { get; }

    private int WordsPerBlock => coefficients.Length * TableScan.BlockWords;

    /// <inheritdoc/>
    public void Fill(Span<long> destination, IRandomSource random) => FillOnStack(destination, random);

    /// <inheritdoc/>
    public void Fill(Span<int> destination, IRandomSource random)
    {
        GaussianParameter.RequireFitsInt32(SigmaSquared);
        FillOnStack(destination, random);
    }

    /// <summary>The same with the caller's memory for random words, which saves clearing it twice: a tenth of the time at sigma = 4.6.</summary>
    /// <param name="destination">As above.</param>
    /// <param name="random">As above.</param>
    /// <param name="words"><see cref="WordsFor"/> of that many samples. Left as secret as the samples are: the caller zeroes it.</param>
    internal void Fill(Span<long> destination, IRandomSource random, Span<ulong> words) => FillBlocks(destination, random, words);

    /// <summary>Words to draw that many samples with.</summary>
    internal int WordsFor(int samples) => BatchFor(samples) * WordsPerBlock;

    private void FillOnStack<T>(Span<T> destination, IRandomSource random)
        where T : struct, IBinaryInteger<T>
    {
        Span<ulong> words = stackalloc ulong[WordsFor(destination.Length)];
        try
        {
            FillBlocks(destination, random, words);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(words));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void FillBlocks<T>(Span<T> destination, IRandomSource random, Span<ulong> words)
        where T : struct, IBinaryInteger<T>
    {
        Span<long> block = stackalloc long[TableScan.Block];
        try
        {
            while (!destination.IsEmpty)
            {
                Span<ulong> batch = NextBatch(destination.Length, words, random);
                for (; !batch.IsEmpty; batch = batch[WordsPerBlock..])
                {
                    Combine(batch, block);
                    int count = Math.Min(destination.Length, block.Length);
                    Narrow(block[..count], destination);
                    destination = destination[count..];
                }
            }
        }
        finally
        {
            CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(block));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Narrow<T>(ReadOnlySpan<long> samples, Span<T> destination)
        where T : struct, IBinaryInteger<T>
    {
        destination = destination[..samples.Length];
        if (typeof(T) == typeof(long))
        {
            samples.CopyTo(MemoryMarshal.Cast<T, long>(destination));
            return;
        }

        for (int i = 0; i < destination.Length; i++) destination[i] = T.CreateTruncating(samples[i]);
    }

    /// <summary>Blocks per call of the source: all that is wanted, up to some 32 KiB of words, which cost it two thirds per byte of what 8 KiB cost.</summary>
    private int BatchFor(int samples) => Math.Min(Math.Max(1, MaxTermsPerBatch / coefficients.Length), 1 + (samples - 1) / TableScan.Block);

    private Span<ulong> NextBatch(int samples, Span<ulong> words, IRandomSource random)
    {
        Span<ulong> batch = words[..WordsFor(samples)];
        random.Fill(MemoryMarshal.AsBytes(batch));
        if (!BitConverter.IsLittleEndian) BinaryPrimitives.ReverseEndianness(batch, batch);
        return batch;
    }

    /// <summary>z = a_1 x_1 + ... + a_m x_m for 32 samples.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Combine(Span<ulong> words, Span<long> sums)
    {
        sums.Clear();
        for (int i = 0; i < coefficients.Length; i++) TableScan.Add(table, words[(i * TableScan.BlockWords)..], coefficients[i], sums, width);
    }
}
