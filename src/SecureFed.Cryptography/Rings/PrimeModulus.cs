using System.Numerics;

namespace SecureFed.Cryptography.Rings;

/// <summary>Arithmetic in the field Z_q for one prime q of at most 62 bits.</summary>
/// <remarks>
/// <list type="table">
/// <item><term>References</term><description>Barrett 1986; the 128-bit reduction as in Menezes, van Oorschot and Vanstone 1996, algorithm 14.42, with b = 2^64.</description></item>
/// <item><term>Time</term><description>Additions, products and powers neither branch nor index on their operands; the exponent of a power is public.</description></item>
/// <item><term>Operands</term><description>In [0, q) unless a member says otherwise; not checked here. Readers of foreign bytes check the range once.</description></item>
/// </list>
/// </remarks>
public readonly struct PrimeModulus : IEquatable<PrimeModulus>
{
    public const int GreatestBits = 62;
    private readonly ulong ratioLow;
    private readonly ulong ratioHigh;

    private PrimeModulus(ulong value)
    {
        Value = value;
        UInt128 ratio = UInt128.MaxValue / value; // ⌊2^128 / q⌋, for q is odd and greater than 1.
        ratioLow = (ulong)(ratio & ulong.MaxValue);
        ratioHigh = (ulong)(ratio >> 64);
    }

    /// <summary>q.</summary>
    public ulong Value { get; }

    /// <summary>Bits of q.</summary>
    public int Bits => 64 - BitOperations.LeadingZeroCount(Value);

    /// <exception cref="ArgumentOutOfRangeException">No odd prime below 2^62.</exception>
    public static PrimeModulus Create(ulong value) => value is > 2 and < 1UL << GreatestBits && IsPrime(value)
        ? new PrimeModulus(value)
        : throw new ArgumentOutOfRangeException(nameof(value), value, "The modulus is an odd prime below 2^62.");

    public ulong Add(ulong a, ulong b) => ReduceOnce(a + b);

    public ulong Subtract(ulong a, ulong b) => ReduceOnce(unchecked(a - b + Value));

    public ulong Negate(ulong a) => ReduceOnce(Value - a);

    public ulong Multiply(ulong a, ulong b)
    {
        ulong high = Math.BigMul(a, b, out ulong low);
        return Reduce(high, low);
    }

    /// <summary>(high·2^64 + low) mod q for any two words.</summary>
    public ulong Reduce(ulong high, ulong low)
    {
        unchecked
        {
            // The quotient's estimate ⌊x·ratio / 2^128⌋ is at most one too small.
            ulong carry = Math.BigMul(low, ratioLow, out _);
            ulong upper = Math.BigMul(low, ratioHigh, out ulong lower);
            ulong middle = lower + carry;
            upper += Less(middle, lower);
            ulong upper2 = Math.BigMul(high, ratioLow, out ulong lower2);
            upper2 += Less(middle + lower2, middle);
            ulong quotient = (high * ratioHigh) + upper + upper2;
            return ReduceOnce(low - (quotient * Value));
        }
    }

    /// <summary>a mod q for any word.</summary>
    public ulong Reduce(ulong a) => Reduce(0, a);

    /// <param name="a">In [0, q).</param>
    /// <param name="exponent">Public.</param>
    public ulong Power(ulong a, ulong exponent)
    {
        ulong result = 1;
        for (int bit = 64 - BitOperations.LeadingZeroCount(exponent); bit-- > 0;)
        {
            result = Multiply(result, result);
            if (((exponent >> bit) & 1) == 1)
                result = Multiply(result, a);
        }

        return result;
    }

    /// <summary>a^(q−2), the inverse of every a but 0 (Fermat); 0 for 0.</summary>
    public ulong Invert(ulong a) => Power(a, Value - 2);

    /// <summary>The representative in (−q/2, q/2).</summary>
    public long Center(ulong a) => unchecked((long)(a - (Value & (0 - Less(Value >> 1, a)))));

    /// <summary>The residue of a signed integer of absolute value below q.</summary>
    public ulong FromSigned(long a) => unchecked((ulong)a + (Value & (ulong)(a >> 63)));

    public bool Equals(PrimeModulus other) => Value == other.Value;

    public override bool Equals(object? obj) => obj is PrimeModulus other && Equals(other);

    public override int GetHashCode() => Value.GetHashCode();

    public override string ToString() => $"0x{Value:x}";

    public static bool operator ==(PrimeModulus left, PrimeModulus right) => left.Equals(right);

    public static bool operator !=(PrimeModulus left, PrimeModulus right) => !left.Equals(right);

    /// <summary>a or a − q for a in [0, 2q). Constant time: a comparison could become a branch on a secret.</summary>
    private ulong ReduceOnce(ulong a)
    {
        unchecked
        {
            ulong reduced = a - Value;
            return reduced + (Value & (ulong)((long)reduced >> 63));
        }
    }

    /// <summary>1 if a &lt; b, else 0, without a branch (Hacker's Delight, section 2-12).</summary>
    private static ulong Less(ulong a, ulong b) => unchecked(((~a & b) | ((~a | b) & (a - b))) >> 63);

    /// <summary>Miller and Rabin with the first twelve primes as bases, exact below 3.3·10^24 (Sorenson and Webster 2017). The modulus is public.</summary>
    private static bool IsPrime(ulong n)
    {
        ReadOnlySpan<uint> bases = [2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37];
        foreach (uint prime in bases)
        {
            if (n % prime == 0)
                return n == prime;
        }

        int twos = BitOperations.TrailingZeroCount(n - 1);
        foreach (uint prime in bases)
        {
            BigInteger x = BigInteger.ModPow(prime, (n - 1) >> twos, n);
            bool isWitness = x != 1 && x != n - 1;
            for (int i = 1; i < twos && isWitness; i++)
            {
                x = x * x % n;
                isWitness = x != n - 1;
            }

            if (isWitness)
                return false;
        }

        return true;
    }
}
