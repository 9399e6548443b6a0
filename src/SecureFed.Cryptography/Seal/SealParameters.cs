using System.Collections.Immutable;
using System.Numerics;
using SecureFed.Cryptography.Rings;

namespace SecureFed.Cryptography.Seal;

/// <summary>Encryption parameters of BFV as Microsoft SEAL stores and names them.</summary>
/// <remarks>
/// <list type="table">
/// <item><term>Reference</term><description>SEAL 4.1, encryptionparams.cpp and context.cpp (validate).</description></item>
/// <item><term>N</term><description>Power of two, 1,024 to 32,768.</description></item>
/// <item><term>q_1 … q_k</term><description>1 to 16 distinct primes of at most 60 bits, each 1 mod 2N. With more than one the last serves keys only: ciphertexts
/// are at the data level, without it.</description></item>
/// <item><term>t</term><description>2 to 60 bits, no multiple of a prime of the set, below the product of the data level's primes.</description></item>
/// <item><term>Not checked</term><description>Security: SEAL's format does not carry a level, and its loader judges by table. Take sets that the parameter page
/// names.</description></item>
/// </list>
/// </remarks>
public sealed class SealParameters
{
    public const int LeastDegree = 1024;
    public const int GreatestDegree = 32768;
    public const int GreatestPrimes = 16;
    public const int GreatestModulusBits = 60;

    private const byte SchemeBfv = 1;
    private const int ModulusBytes = SealHeader.Bytes + sizeof(ulong);
    private const int FixedMemberBytes = 1 + sizeof(ulong) + sizeof(ulong) + ModulusBytes;

    private SealParameters(int degree, ImmutableArray<PrimeModulus> primes, ulong plainModulus)
    {
        Degree = degree;
        PlainModulus = plainModulus;
        KeyLevel = Level(degree, primes, plainModulus);
        DataLevel = primes.Length == 1 ? KeyLevel : Level(degree, primes[..^1], plainModulus);
    }

    /// <summary>N.</summary>
    public int Degree { get; }

    /// <summary>t.</summary>
    public ulong PlainModulus { get; }

    /// <summary>All primes; keys are of this level.</summary>
    public SealLevel KeyLevel { get; }

    /// <summary>SEAL's first level: ciphertexts are of this one.</summary>
    public SealLevel DataLevel { get; }

    /// <summary>Set S1: N = 2048, q = 0x3fffffff000001 (54 bits), t = 2^32.</summary>
    public static SealParameters S1 { get; } = Create(2048, [0x3fffffff000001], 1UL << 32);

    /// <summary>Set A1 at its largest t: N = 2048, q = 0x3ffffffffc001 (50 bits), t = 2^32.</summary>
    public static SealParameters A1 { get; } = Create(2048, [0x3ffffffffc001], 1UL << 32);

    /// <summary>The sets that are recognised by the name an object carries.</summary>
    public static ImmutableArray<SealParameters> BuiltIn { get; } = [S1, A1];

    /// <exception cref="ArgumentException">Outside the ranges above.</exception>
    public static SealParameters Create(int degree, ReadOnlySpan<ulong> primes, ulong plainModulus) =>
        TryCreate((ulong)degree, primes, plainModulus, out string reason) ?? throw new ArgumentException(reason);

    /// <summary>The built-in set that has <paramref name="id"/> at either level, or null.</summary>
    public static SealParameters? Find(SealParametersId id) => BuiltIn.FirstOrDefault(set => set.KeyLevel.Id == id || set.DataLevel.Id == id);

    /// <summary>Reads what EncryptionParameters::save wrote.</summary>
    /// <exception cref="SealFormatException">Not exactly one valid BFV set.</exception>
    public static SealParameters Read(ReadOnlySpan<byte> file)
    {
        using SealMembers members = SealMembers.Open(file, FixedMemberBytes + (GreatestPrimes * ModulusBytes));
        var reader = new SealReader(members.Span);
        byte scheme = reader.TakeByte();
        if (scheme != SchemeBfv) throw Refused($"The scheme is number {scheme}; only BFV (1) is read.");
        ulong degree = reader.TakeWord();
        ulong count = reader.TakeWord();
        if (count is 0 or > GreatestPrimes) throw Refused($"The set has {count} primes; 1 to {GreatestPrimes} are read.");
        Span<ulong> primes = stackalloc ulong[(int)count];
        foreach (ref ulong prime in primes) prime = TakeModulus(ref reader);
        ulong plainModulus = TakeModulus(ref reader);
        reader.End();
        return TryCreate(degree, primes, plainModulus, out string reason) ?? throw Refused(reason);
    }

    /// <summary>The bytes that EncryptionParameters::load takes.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A compression that is not written.</exception>
    public byte[] Write(SealCompression compression = SealCompression.None)
    {
        byte[] members = new byte[FixedMemberBytes + (KeyLevel.Primes.Length * ModulusBytes)];
        var writer = new SealWriter(members);
        writer.PutByte(SchemeBfv);
        writer.PutWord((ulong)Degree);
        writer.PutWord((ulong)KeyLevel.Primes.Length);
        foreach (PrimeModulus prime in KeyLevel.Primes) PutModulus(ref writer, prime.Value);
        PutModulus(ref writer, PlainModulus);
        return SealMembers.Close(members, compression);
    }

    private static ulong TakeModulus(ref SealReader reader)
    {
        reader.TakeNestedHeader(ModulusBytes);
        return reader.TakeWord();
    }

    private static void PutModulus(ref SealWriter writer, ulong value)
    {
        writer.PutNestedHeader(ModulusBytes);
        writer.PutWord(value);
    }

    private static SealParameters? TryCreate(ulong degree, ReadOnlySpan<ulong> primes, ulong plainModulus, out string reason)
    {
        reason = Reject(degree, primes, plainModulus) ?? string.Empty;
        if (reason.Length > 0) return null;
        var moduli = ImmutableArray.CreateBuilder<PrimeModulus>(primes.Length);
        foreach (ulong prime in primes)
        {
            try
            {
                moduli.Add(PrimeModulus.Create(prime));
            }
            catch (ArgumentOutOfRangeException)
            {
                reason = "A coefficient modulus is not prime.";
                return null;
            }
        }

        return new SealParameters((int)degree, moduli.MoveToImmutable(), plainModulus);
    }

    /// <summary>What is wrong with a set but for the primality of its primes; null if nothing.</summary>
    private static string? Reject(ulong degree, ReadOnlySpan<ulong> primes, ulong plainModulus)
    {
        if (degree is < LeastDegree or > GreatestDegree || !BitOperations.IsPow2(degree))
            return $"N is not a power of two from {LeastDegree} to {GreatestDegree}.";
        if (primes.Length is 0 or > GreatestPrimes) return $"The set needs 1 to {GreatestPrimes} primes.";
        if (plainModulus is < 2 or >= 1UL << GreatestModulusBits) return $"t does not have 2 to {GreatestModulusBits} bits.";
        BigInteger product = 1;
        for (int i = 0; i < primes.Length; i++)
        {
            if (primes[i] is < 2 or >= 1UL << GreatestModulusBits || primes[i] % (2 * degree) != 1)
                return $"A coefficient modulus is not 1 mod 2N, or has more than {GreatestModulusBits} bits.";
            if (primes[..i].Contains(primes[i])) return "A coefficient modulus occurs twice.";
            if (plainModulus % primes[i] == 0) return "t is a multiple of a coefficient modulus.";
            if (i == 0 || i < primes.Length - 1) product *= primes[i];
        }

        return plainModulus < product ? null : "t is not below the coefficient modulus of the data level.";
    }

    private static SealLevel Level(int degree, ImmutableArray<PrimeModulus> primes, ulong plainModulus) =>
        new(SealParametersId.Compute([SchemeBfv, (ulong)degree, .. primes.Select(prime => prime.Value), plainModulus]), primes);

    private static SealFormatException Refused(string message) =>
        new(SealErrorCodes.Parameters, message, "Use a BFV set that 'securefed he parameters' names.");
}
