using SecureFed.Cryptography.Bfv;
using SecureFed.Cryptography.Randomness;
using SecureFed.Cryptography.Rings;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Tests.Encryption;

/// <summary>The attempt of <see cref="SingleKeyAttackTests"/> against one-time keys: there is no second component to shift, since a is public and nobody sends it. Whatever one client
/// sends shifts the sum by what that client knows already, or loses the round; the other clients' keys are not in it.</summary>
public sealed class OneTimeKeyAttackTests
{
    private const int Degree = 2048;
    private static readonly BfvParameters Parameters = BfvParameters.Create(BfvSet.A1, 32, 8, 4);
    private static readonly PrimeModulus Q = BfvSet.A1.Modulus;

    /// <summary>2^26·Δ, which the sum can hold without a trace; ⌊2^26·q/t⌋ is 256 less, and 256 times a key in the residue is enough to lose the round.</summary>
    private static readonly ulong Shift = Parameters.Delta << 26;

    /// <summary>c₀ of a ciphertext whose second component would be a + 2^26·Δ: the sum moves by −2^26 times the sender's own key.</summary>
    [Fact]
    public void A_shifted_second_component_adds_the_senders_own_key_and_nobody_elses()
    {
        uint[] first = Attack("honest keys", OwnKey, dealsOther: false)!;
        Assert.Equal(first, Attack("other honest keys", OwnKey, dealsOther: false));
        using OneTimeSecretKey own = Draw("attacker");
        Assert.Equal([.. own.Coefficients.ToArray().Select(s => unchecked((uint)(-Q.Center(s) << 26)))], first);

        static ulong[] OwnKey(OneTimeSecretKey own) => [.. own.Coefficients.ToArray().Select(s => Q.Multiply(Q.Negate(s), Shift))];
    }

    [Fact]
    public void The_very_shift_that_reads_a_single_key_loses_the_round()
    {
        ulong shift = (ulong)(((UInt128)Q.Value << 26) >> 32);
        Assert.Equal(Shift - 256, shift);
        Assert.Null(Attack("honest keys", own => [.. own.Coefficients.ToArray().Select(s => Q.Multiply(Q.Negate(s), shift))], dealsOther: false));
    }

    [Fact]
    public void A_shifted_first_component_moves_the_sum_by_that_constant()
    {
        uint[] expected = [1U << 26, .. new uint[Degree - 1]];
        Assert.Equal(expected, Attack("honest keys", Constant, dealsOther: false));
        Assert.Equal(expected, Attack("other honest keys", Constant, dealsOther: false));

        static ulong[] Constant(OneTimeSecretKey own) => [Shift, .. new ulong[Degree - 1]];
    }

    /// <summary>Shares of another key than the one used put a·δ into the phase, which is uniform: the residue shows it, and there is no sum.</summary>
    [Fact]
    public void Shares_of_a_shifted_key_lose_the_round()
    {
        Assert.Null(Attack("honest keys", own => new ulong[Degree], dealsOther: true));
        Assert.Null(Attack("other honest keys", own => new ulong[Degree], dealsOther: true));
    }

    /// <summary>The decoded sum of three honest updates and the attacker's zeros, less the honest sum; null if the residue is not honest.</summary>
    /// <param name="honestSeed">Of the honest clients' keys and errors; their updates stay the same.</param>
    /// <param name="shiftOf">What the attacker adds to its ciphertext, mod q.</param>
    /// <param name="dealsOther">Whether the attacker shares its key plus 2^26·Δ.</param>
    private static uint[]? Attack(string honestSeed, Func<OneTimeSecretKey, ulong[]> shiftOf, bool dealsOther)
    {
        using KeyedRandomSource honest = Seeded.Source(honestSeed);
        using KeyedRandomSource updates = Seeded.Source("updates");
        using PublicPolynomials polynomials = new(BfvSet.A1, Digest.Of("open"u8).ToArray());
        CiphertextSum sum = new(Parameters, Degree);
        ulong[] sumOfKeys = new ulong[Degree];
        uint[] honestSum = new uint[Degree];
        for (int i = 0; i < 3; i++)
        {
            uint[] update = [.. Enumerable.Range(0, Degree).Select(_ => (uint)updates.Below(1 << 20))];
            Ring.Add(honestSum, update);
            using OneTimeSecretKey key = OneTimeSecretKey.Draw(BfvSet.A1, honest);
            Assert.True(sum.TryAdd(Encrypt(key, polynomials, update, honest)));
            ResidueVector.Add(sumOfKeys, key.Coefficients, Q);
        }

        using OneTimeSecretKey own = Draw("attacker");
        using KeyedRandomSource errors = Seeded.Source("attacker's errors");
        Assert.True(sum.TryAdd(Add(Encrypt(own, polynomials, new uint[Degree], errors), shiftOf(own))));
        ResidueVector.Add(sumOfKeys, own.Coefficients, Q);
        if (dealsOther)
            sumOfKeys[0] = Q.Add(sumOfKeys[0], Shift);
        uint[] decoded = new uint[Degree];
        return OneTimeDecryption.TryDecrypt(sum, polynomials, sumOfKeys, 0, decoded, out _) ? [.. decoded.Zip(honestSum, (d, h) => unchecked(d - h))] : null;
    }

    private static OneTimeSecretKey Draw(string seed)
    {
        using KeyedRandomSource random = Seeded.Source(seed);
        return OneTimeSecretKey.Draw(BfvSet.A1, random);
    }

    private static byte[] Encrypt(OneTimeSecretKey key, PublicPolynomials polynomials, uint[] update, KeyedRandomSource random)
    {
        using OneTimeEncryption encryption = new(Parameters, key, polynomials, random);
        byte[] packed = new byte[WidePacking.PackedBytes(Degree, Parameters.PackedBits)];
        encryption.Encrypt(update, packed);
        return packed;
    }

    /// <summary>Adds to the ciphertext that the words stand for, and rounds again.</summary>
    private static byte[] Add(byte[] packed, ulong[] shift)
    {
        ulong[] words = new ulong[Degree];
        Assert.True(WidePacking.TryUnpack(packed, Parameters.PackedBits, words));
        for (int i = 0; i < Degree; i++)
        {
            ulong residue = (words[i] << Parameters.DroppedBits) % Q.Value;
            words[i] = Q.Add(residue, shift[i]) >> Parameters.DroppedBits;
        }

        WidePacking.Pack(words, Parameters.PackedBits, packed);
        return packed;
    }
}
