using System.Numerics;
using System.Runtime.Intrinsics.X86;

namespace SecureFed.Cryptography.Rings;

/// <summary>The negacyclic transform of Z_q[x]/(x^N + 1) for one N and one prime q with 2N | q − 1: products of polynomials become products of values.</summary>
/// <remarks>
/// <list type="table">
/// <item><term>References</term><description>Longa and Naehrig 2016 (eprint 2016/504), algorithms 1 and 2; lazy butterflies: Harvey 2014 (arXiv 1205.2926).</description></item>
/// <item><term>Order</term><description>That of Microsoft SEAL: with ψ the smallest primitive 2N-th root of unity mod q, index i holds A(ψ^(2·bitrev(i)+1)), fully reduced.</description></item>
/// <item><term>Parameters</term><description>N a power of two from 1024 to 8192; q at most 62 bits.</description></item>
/// <item><term>Time</term><description>Neither branches nor indices depend on coefficients. Doubles only hold integers below 2^53, so none is denormal, infinite or not a number.</description></item>
/// <item><term>Assumes</term><description>Coefficients in [0, q); not checked here.</description></item>
/// </list>
/// Instances hold no secret and may be shared between threads. The tables take some milliseconds: keep the instance.
/// </remarks>
public sealed class NumberTheoreticTransform
{
    public const int LeastDegree = 1024;
    public const int GreatestDegree = 8192;

    private readonly TransformPath path;
    private readonly WordTable words;
    private readonly WordTable inverseWords;
    private readonly DoubleTable? doubles;
    private readonly DoubleTable? inverseDoubles;

    /// <exception cref="ArgumentOutOfRangeException">The degree is no power of two in the range, or 2N does not divide q − 1.</exception>
    public NumberTheoreticTransform(PrimeModulus modulus, int degree)
        : this(modulus, degree, BestPath(modulus))
    {
    }

    /// <summary>With a given arithmetic, whether the processor has it or not; what it lacks is emulated, slowly, to the same result.</summary>
    internal NumberTheoreticTransform(PrimeModulus modulus, int degree, TransformPath path)
    {
        if (!BitOperations.IsPow2(degree) || degree is < LeastDegree or > GreatestDegree)
            throw new ArgumentOutOfRangeException(nameof(degree), degree, $"The degree is a power of two from {LeastDegree} to {GreatestDegree}.");
        if ((modulus.Value - 1) % (2 * (ulong)degree) != 0)
            throw new ArgumentOutOfRangeException(nameof(modulus), modulus, $"2N = {2 * degree} must divide q - 1.");
        if (path == TransformPath.Double256 && modulus.Bits > FusedButterflies.GreatestBits)
            throw new ArgumentOutOfRangeException(nameof(path), path, $"Doubles carry moduli of at most {FusedButterflies.GreatestBits} bits.");

        Modulus = modulus;
        Degree = degree;
        Root = SmallestRoot(modulus, degree);
        this.path = path;
        ulong[] powers = BitReversedPowers(modulus, degree, Root);
        ulong[] inverses = BitReversedPowers(modulus, degree, modulus.Invert(Root));
        // Index 0 serves no butterfly: it takes 1/N, and the last stage's only root is multiplied by it, so that scaling costs no pass of its own.
        inverses[0] = modulus.Invert((ulong)degree);
        inverses[1] = modulus.Multiply(inverses[1], inverses[0]);
        words = new WordTable(powers, modulus);
        inverseWords = new WordTable(inverses, modulus);
        if (path != TransformPath.Double256) return;
        doubles = new DoubleTable(powers, modulus);
        inverseDoubles = new DoubleTable(inverses, modulus);
    }

    public PrimeModulus Modulus { get; }

    /// <summary>N.</summary>
    public int Degree { get; }

    /// <summary>ψ.</summary>
    public ulong Root { get; }

    internal TransformPath Path => path;

    /// <summary>From coefficients to values, in place.</summary>
    /// <param name="polynomial">N coefficients in [0, q).</param>
    /// <exception cref="ArgumentException">The polynomial has another length.</exception>
    public void Forward(Span<ulong> polynomial)
    {
        RequireDegree(polynomial);
        switch (path)
        {
            case TransformPath.Double256:
                FusedButterflies.Forward(polynomial, doubles!.Roots, doubles.Ratios, doubles.Modulus);
                break;
            case TransformPath.Word512:
                WideButterflies.Forward(polynomial, words.Roots, words.Quotients, Modulus.Value);
                break;
            default:
                WordButterflies.Forward(polynomial, words.Roots, words.Quotients, Modulus.Value);
                break;
        }
    }

    /// <summary>From values to coefficients, in place.</summary>
    /// <param name="values">N values in [0, q).</param>
    /// <exception cref="ArgumentException">There are more values or fewer.</exception>
    public void Inverse(Span<ulong> values)
    {
        RequireDegree(values);
        switch (path)
        {
            case TransformPath.Double256:
                FusedButterflies.Inverse(values, inverseDoubles!.Roots, inverseDoubles.Ratios, inverseDoubles.Modulus);
                break;
            case TransformPath.Word512:
                WideButterflies.Inverse(values, inverseWords.Roots, inverseWords.Quotients, Modulus.Value);
                break;
            default:
                WordButterflies.Inverse(values, inverseWords.Roots, inverseWords.Quotients, Modulus.Value);
                break;
        }
    }

    /// <summary>product[i] = left[i]·right[i] mod q: the product of polynomials, all three as values.</summary>
    /// <param name="left">N values in [0, q).</param>
    /// <param name="right">N values in [0, q).</param>
    /// <param name="product">N values; may be one of the factors.</param>
    /// <exception cref="ArgumentException">A length is not N.</exception>
    public void Multiply(ReadOnlySpan<ulong> left, ReadOnlySpan<ulong> right, Span<ulong> product)
    {
        RequireDegree(left);
        RequireDegree(right);
        RequireDegree(product);
        if (path == TransformPath.Double256)
        {
            FusedButterflies.Multiply(left, right, product, doubles!.Modulus);
            return;
        }

        PrimeModulus q = Modulus;
        for (int i = 0; i < product.Length; i++) product[i] = q.Multiply(left[i], right[i]);
    }

    private static TransformPath BestPath(PrimeModulus modulus)
    {
        // Measured at N = 2048: where both exist, four doubles are faster than eight words, whose products take four instructions for the upper half.
        if (modulus.Bits <= FusedButterflies.GreatestBits && Avx2.IsSupported && Fma.IsSupported) return TransformPath.Double256;
        return Avx512DQ.IsSupported ? TransformPath.Word512 : TransformPath.Word;
    }

    /// <summary>The least of the N primitive 2N-th roots, which are the odd powers of any one of them.</summary>
    private static ulong SmallestRoot(PrimeModulus modulus, int degree)
    {
        ulong exponent = (modulus.Value - 1) / (2 * (ulong)degree);
        ulong root = 0;
        for (ulong candidate = 2; root == 0; candidate++)
        {
            ulong power = modulus.Power(candidate, exponent);
            if (modulus.Power(power, (ulong)degree) == modulus.Value - 1) root = power;
        }

        ulong square = modulus.Multiply(root, root);
        ulong least = root;
        for (int i = 1; i < degree; i++)
        {
            root = modulus.Multiply(root, square);
            if (root < least) least = root;
        }

        return least;
    }

    /// <summary>Index i holds root^bitrev(i).</summary>
    private static ulong[] BitReversedPowers(PrimeModulus modulus, int degree, ulong root)
    {
        int bits = BitOperations.Log2((uint)degree);
        var powers = new ulong[degree];
        ulong power = 1;
        for (int i = 0; i < degree; i++)
        {
            int reversed = 0;
            for (int bit = 0; bit < bits; bit++) reversed |= ((i >> bit) & 1) << (bits - 1 - bit);
            powers[reversed] = power;
            power = modulus.Multiply(power, root);
        }

        return powers;
    }

    private void RequireDegree(ReadOnlySpan<ulong> polynomial)
    {
        if (polynomial.Length != Degree) throw new ArgumentException($"A polynomial has {Degree} coefficients here, not {polynomial.Length}.");
    }

    /// <summary>Roots w and Shoup's quotients ⌊w·2^64/q⌋.</summary>
    private sealed class WordTable
    {
        public WordTable(ulong[] powers, PrimeModulus modulus)
        {
            Roots = powers;
            Quotients = [.. powers.Select(w => (ulong)(((UInt128)w << 64) / modulus.Value))];
        }

        public ulong[] Roots { get; }

        public ulong[] Quotients { get; }
    }

    /// <summary>Roots w in (−q/2, q/2) and w/q rounded to nearest.</summary>
    private sealed class DoubleTable
    {
        public DoubleTable(ulong[] powers, PrimeModulus modulus)
        {
            Modulus = modulus.Value;
            Roots = [.. powers.Select(w => (double)modulus.Center(w))];
            Ratios = [.. Roots.Select(w => w / Modulus)];
        }

        public double Modulus { get; }

        public double[] Roots { get; }

        public double[] Ratios { get; }
    }
}
