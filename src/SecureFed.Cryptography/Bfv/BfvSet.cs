using System.Numerics;
using SecureFed.Cryptography.Rings;
using SecureFed.Cryptography.Sampling;
using SecureFed.Cryptography.Seal;

namespace SecureFed.Cryptography.Bfv;

/// <summary>One of the rings that have been examined, with what is known of its security. There are no others.</summary>
/// <remarks>
/// <para>"2018" is the table of the Homomorphic Encryption Security Standard (HomomorphicEncryption.org, November 2018), as Microsoft SEAL and OpenFHE carry
/// it; "2024/463" the table of Bossuat et al., Security Guidelines for Implementing Homomorphic Encryption (eprint 2024/463), as its authors' published
/// estimates give it: the largest log₂ q for 128 bits at N = 2048 with errors of width 3.19 is, for ternary secrets, 53 classical and 50 quantum; for Gaussian
/// ones of the errors' width 55 and 53. 2018 has 54 and 51, or 56 and 53.</para>
/// <para><b>Why σ = 4.6 for one-time keys.</b> Given every revealed sum, one of two honest clients' keys and errors still have width σ/√2 = 3.25, above the tables' 3.19:
/// <see cref="BfvSecurity.OneTimeKeys"/> has the argument and what of it is proven.</para>
/// </remarks>
public sealed class BfvSet
{
    private static readonly Lazy<ConstantTimeDiscreteGaussian> OneTimeSampler = new(() => new ConstantTimeDiscreteGaussian(Rational.FromDecimal(21.16m)));

    private readonly SealParameters seal;
    private readonly SealParameters?[] named = new SealParameters?[BfvParameters.GreatestPlainBits + 1];
    private readonly Lazy<NumberTheoreticTransform> transform;

    /// <remarks>N, q (one prime) and the greatest t, 2^32, are those of <paramref name="seal"/>.</remarks>
    private BfvSet(string name, BfvKeys keys, SealParameters seal, double sigma, string description, params string[] security)
    {
        (Name, Keys, Sigma, Description, Security) = (name, keys, sigma, description, security);
        this.seal = seal;
        named[^1] = seal;
        Degree = seal.Degree;
        Modulus = seal.KeyLevel.Primes[0];
        transform = new Lazy<NumberTheoreticTransform>(() => new NumberTheoreticTransform(Modulus, Degree));
    }

    /// <summary>The default: one-time keys, 50 bits.</summary>
    public static BfvSet A1 { get; } = new(
        "A1",
        BfvKeys.OneTime,
        SealParameters.A1,
        4.6,
        "One-time keys: Gaussian secrets and errors of width 4.6; given every revealed sum one honest client's still have width 3.25 (hint-LWE).",
        "2018: 128 bits, classical (q of 56 bits at most) and quantum (53), Gaussian secret",
        "eprint 2024/463: 128 bits, classical (55) and quantum (53), Gaussian secret of width 3.19 or more: the width left, 3.25, is above it",
        "by the provable width 2.3 no table has a row; own estimate of the primal attack 2^144 operations (width 3.25: 2^147)");

    /// <summary>Single key, 54 bits: the greatest q that SEAL admits at N = 2048.</summary>
    public static BfvSet S1 { get; } = new(
        "S1",
        BfvKeys.Single,
        SealParameters.S1,
        SealSigma,
        "Single key, SEAL's own form: ternary secret, errors binomial of variance 10.5.",
        "2018: 128 bits classical (q of 54 bits at most); not quantum (51)",
        "eprint 2024/463: just below 128 bits classical (53 at most) and below 128 quantum (50)");

    /// <summary>Single key, 50 bits.</summary>
    public static BfvSet S2 { get; } = new(
        "S2",
        BfvKeys.Single,
        SealParameters.A1,
        SealSigma,
        "Single key, SEAL's own form: ternary secret, errors binomial of variance 10.5.",
        "2018: 128 bits, classical (q of 54 bits at most) and quantum (51)",
        "eprint 2024/463: 128 bits, classical (53) and quantum (50)");

    public static IReadOnlyList<BfvSet> All { get; } = [A1, S1, S2];

    /// <summary>"A1", "S1" or "S2".</summary>
    public string Name { get; }

    public BfvKeys Keys { get; }

    /// <summary>N.</summary>
    public int Degree { get; }

    /// <summary>q.</summary>
    public PrimeModulus Modulus { get; }

    /// <summary>σ of the errors, and of the secrets of one-time keys.</summary>
    public double Sigma { get; }

    public string Description { get; }

    /// <summary>One line per source.</summary>
    public IReadOnlyList<string> Security { get; }

    /// <summary>Tables of this ring, made when first asked for.</summary>
    public NumberTheoreticTransform Transform => transform.Value;

    /// <summary>√10.5: SEAL's centred binomial of 2 × 21 bits.</summary>
    private static double SealSigma => Math.Sqrt(10.5);

    /// <summary>σ² = 4.6², exact and in constant time.</summary>
    internal static ConstantTimeDiscreteGaussian Sampler => OneTimeSampler.Value;

    /// <summary>The set of that name.</summary>
    /// <exception cref="ArgumentException">There is none.</exception>
    public static BfvSet Named(string name) => All.FirstOrDefault(s => string.Equals(s.Name, name, StringComparison.Ordinal))
        ?? throw new ArgumentException($"The parameter sets are {string.Join(", ", All.Select(s => s.Name))}.", nameof(name));

    /// <summary>The set for a single key whose ring and plaintexts these are, or null: t = 2^b, b from 1 to 32, and one prime. A1's ring is S2's.</summary>
    public static BfvSet? Find(SealParameters parameters) => !BitOperations.IsPow2(parameters.PlainModulus) || parameters.PlainModulus > S1.seal.PlainModulus
        ? null
        : All.FirstOrDefault(s => s.Keys == BfvKeys.Single && parameters.Degree == s.Degree && parameters.KeyLevel.Primes is [PrimeModulus q] && q == s.Modulus);

    /// <summary>The ring with t = 2^b, as SEAL names it.</summary>
    /// <exception cref="ArgumentOutOfRangeException">b is not from 1 to 32.</exception>
    public SealParameters ToSeal(int plainBits)
    {
        if (plainBits is < 1 or > BfvParameters.GreatestPlainBits) throw new ArgumentOutOfRangeException(nameof(plainBits), plainBits, $"From 1 to {BfvParameters.GreatestPlainBits}.");
        // Two threads may make the same one twice.
        return named[plainBits] ??= SealParameters.Create(Degree, [Modulus.Value], 1UL << plainBits);
    }

    public override string ToString() => Name;
}
