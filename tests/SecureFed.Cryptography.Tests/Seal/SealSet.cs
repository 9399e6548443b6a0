using SecureFed.Cryptography.Seal;

namespace SecureFed.Cryptography.Tests.Seal;

/// <summary>Parameters for tests. The small ones are not secure and keep files small.</summary>
public sealed record SealSet(string Name, int Degree, ulong[] Primes, ulong PlainModulus, bool IsSecure)
{
    /// <summary>N = 1024 with SEAL's default 27-bit prime.</summary>
    public static readonly SealSet Small = new("small", 1024, [0x7e00001], 1 << 12, true);

    /// <summary>Two primes, so that key level and data level differ.</summary>
    public static readonly SealSet TwoPrimes = new("two primes", 1024, [0x3fffffff000001, 0x7e00001], 1UL << 32, false);

    public static readonly SealSet S1 = new("S1", 2048, [0x3fffffff000001], 1UL << 32, true);

    public static readonly SealSet A1 = new("A1", 2048, [0x3ffffffffc001], 1UL << 32, true);

    /// <summary>SEAL's default at N = 4096, odd t.</summary>
    public static readonly SealSet Three = new("three primes", 4096, [0xffffee001, 0xffffc4001, 0x1ffffe0001], 786433, true);

    public static TheoryData<string> Names => [.. All.Keys];

    public static SealSet Named(string name) => All[name];

    private static Dictionary<string, SealSet> All => new[] { Small, TwoPrimes, S1, A1, Three }.ToDictionary(set => set.Name, StringComparer.Ordinal);

    public SealParameters Create() => SealParameters.Create(Degree, Primes, PlainModulus);

    /// <summary>Coefficients that a test can repeat, all below t; the last is not zero, so that SEAL trims nothing.</summary>
    public ulong[] Values(string seed, int count)
    {
        uint[] words = Seeded.Source(seed).Words(2 * count);
        ulong[] values = new ulong[count];
        for (int i = 0; i < count; i++) values[i] = (((ulong)words[2 * i] << 32) | words[(2 * i) + 1]) % PlainModulus;
        values[^1] = 1 + (values[^1] % (PlainModulus - 1));
        return values;
    }
}
