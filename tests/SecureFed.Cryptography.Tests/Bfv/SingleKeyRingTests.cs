using System.Numerics;
using SecureFed.Cryptography.Bfv;
using SecureFed.Cryptography.Randomness;

namespace SecureFed.Cryptography.Tests.Bfv;

/// <summary>Scaling and rounding against the formulas in integers of any size.</summary>
public class SingleKeyRingTests
{
    public static TheoryData<string, int> Cases => [.. new[] { "S1", "S2" }.SelectMany(set => new[] { 1, 2, 17, 31, 32 }, (set, bits) => (set, bits))];

    [Theory]
    [MemberData(nameof(Cases))]
    public void Plaintexts_are_scaled_by_SEALs_formula(string name, int plainBits)
    {
        SingleKeyRing ring = SingleKeyRing.Of(BfvSet.Named(name).ToSeal(plainBits));
        using KeyedRandomSource random = Seeded.Source($"scale {name} {plainBits}");
        uint[] values = random.Words(2048);
        (values[0], values[1], values[2], values[3]) = (0, 1, uint.MaxValue, 1U << (plainBits - 1));
        ulong[] before = Residues(random, ring.Modulus.Value), words = [.. before];
        ring.AddPlain(values, words);
        BigInteger q = ring.Modulus.Value, t = BigInteger.One << plainBits;
        for (int i = 0; i < words.Length; i++)
        {
            // ⌊q/t⌋·m + ⌊((q mod t)·m + ⌊(t+1)/2⌋)/t⌋, util/scalingvariant.cpp.
            BigInteger m = values[i] % t;
            BigInteger scaled = (q / t * m) + (((q % t * m) + ((t + 1) / 2)) / t);
            Assert.Equal((before[i] + scaled) % q, words[i]);
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Phases_are_rounded_to_the_nearest_multiple_also_at_the_borders(string name, int plainBits)
    {
        SingleKeyRing ring = SingleKeyRing.Of(BfvSet.Named(name).ToSeal(plainBits));
        using KeyedRandomSource random = Seeded.Source($"round {name} {plainBits}");
        ulong modulus = ring.Modulus.Value;
        BigInteger q = modulus, t = BigInteger.One << plainBits;
        ulong[] phases = Residues(random, modulus);
        (phases[0], phases[1], phases[2]) = (0, modulus - 1, modulus / 2);
        for (int i = 3; i < 1000; i++)
        {
            // The last phase that rounds to k, and the first that does not: around q(2k + 1)/2t.
            BigInteger k = i < 6 ? t - (i % 2) - 1 : phases[i] % t;
            phases[i] = (ulong)BigInteger.Min((q * ((2 * k) + 1) / (2 * t)) + (i % 2), q - 1);
        }

        var values = new uint[2048];
        ring.Decode(phases, values);
        for (int i = 0; i < values.Length; i++) Assert.Equal(((2 * t * phases[i]) + q) / (2 * q) % t, values[i]);
    }

    private static ulong[] Residues(KeyedRandomSource random, ulong q)
    {
        uint[] words = random.Words(4096);
        return [.. Enumerable.Range(0, 2048).Select(i => (((ulong)words[2 * i] << 32) | words[(2 * i) + 1]) % q)];
    }
}
