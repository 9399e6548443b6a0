using Microsoft.Research.SEAL;
using SecureFed.Cryptography.Bfv;
using SecureFed.Cryptography.Rings;
using SecureFed.Cryptography.Seal;

namespace SecureFed.SealNet.Tests;

/// <summary>Whoever draws the keys, encrypts, adds and decrypts: the sum is the same.</summary>
public class SealNetAgainstManagedTests
{
    private const int Clients = 6;
    private static readonly CheckedSingleKeyEngine Native = new(SealNetEngine.Instance);
    private static readonly CheckedSingleKeyEngine Managed = new();

    public static TheoryData<string, int, bool> Cases => new() { { "S1", 32, true }, { "S1", 32, false }, { "S2", 32, true }, { "S2", 30, false }, { "S1", 17, true }, { "S2", 1, false } };

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_sum_is_exact_whichever_engine_does_which_step(string set, int bits, bool drawsNative)
    {
        using Peer peer = new(BfvSet.Named(set), bits, $"steps {set} {bits}", drawsNative ? Native : Managed);
        SingleKeySum managedSum = new(BfvParameters.Create(BfvSet.Named(set), bits, Clients));
        List<SealCiphertext> terms = [];
        var expected = new uint[peer.Parameters.Degree];
        for (int i = 0; i < Clients; i++)
        {
            uint[] values = peer.Values(expected.Length);
            Ring.Add(expected, values);
            terms.Add((i % 2 == 0 ? Native : Managed).Encrypt(peer.PublicKey, values, peer.Random)[0]);
            managedSum.Add(terms[^1]);
        }

        Ring.Reduce(expected, bits);
        SealCiphertext nativeSum = NativeSum(peer.Parameters, terms);
        Assert.Equal(managedSum.ToCiphertext().Write(), nativeSum.Write());
        foreach (CheckedSingleKeyEngine engine in (CheckedSingleKeyEngine[])[Native, Managed])
        {
            var decrypted = new uint[expected.Length];
            engine.Decrypt(peer.SecretKey, [nativeSum], decrypted);
            Assert.Equal(expected, decrypted);
        }
    }

    /// <summary>The decoding agrees on every phase, not only on those near a multiple of q/t: (c₀, c₁) uniform.</summary>
    [Theory]
    [MemberData(nameof(Cases))]
    public void Both_decrypt_any_residues_alike(string set, int bits, bool drawsNative)
    {
        using Peer peer = new(BfvSet.Named(set), bits, $"residues {set} {bits}", drawsNative ? Native : Managed);
        ulong q = peer.Parameters.KeyLevel.Primes[0].Value;
        var bytes = new byte[2 * peer.Parameters.Degree * sizeof(ulong)];
        peer.Random.Fill(bytes);
        ulong[] words = [.. bytes.Chunk(sizeof(ulong)).Select(c => BitConverter.ToUInt64(c) % q)];
        // c₁ = X^0 has phase c₀ + s: the ends of the range as well.
        (words[0], words[1], words[2]) = (0, q - 1, q / 2);
        ulong[] small = [.. words[..peer.Parameters.Degree], 1, .. new ulong[peer.Parameters.Degree - 1]];
        foreach (ulong[] pair in (ulong[][])[words, small])
        {
            SealCiphertext ciphertext = SealCiphertext.Create(peer.Parameters, pair);
            uint[] native = new uint[peer.Parameters.Degree], managed = new uint[peer.Parameters.Degree];
            Native.Decrypt(peer.SecretKey, [ciphertext], native);
            Managed.Decrypt(peer.SecretKey, [ciphertext], managed);
            Assert.Equal(managed, native);
        }
    }

    /// <summary>Variance 10.5·(4N/3 + 1) of a fresh public-key encryption, by our own key: what the parameters' bounds on failures rest on.</summary>
    [Theory]
    [InlineData("S1")]
    [InlineData("S2")]
    public void Its_noise_is_what_our_bounds_assume(string set)
    {
        const int polynomials = 8;
        BfvSet ring = BfvSet.Named(set);
        using Peer peer = new(ring, 32, $"noise {set}", Managed);
        double squares = 0;
        foreach (SealCiphertext ciphertext in Native.Encrypt(peer.PublicKey, new uint[polynomials * ring.Degree], peer.Random))
        {
            ulong[] phases = ciphertext.Second.ToArray();
            ring.Transform.Forward(phases);
            ring.Transform.Multiply(phases, peer.SecretKey.Words, phases);
            ring.Transform.Inverse(phases);
            for (int i = 0; i < phases.Length; i++) squares += Math.Pow(ring.Modulus.Center(ring.Modulus.Add(phases[i], ciphertext.First[i])), 2);
        }

        // The deviation of 16,384 coefficients is off by 0.6 % (one standard deviation); they are not quite independent.
        Assert.Equal(1, Math.Sqrt(squares / (polynomials * ring.Degree)) / BfvParameters.Create(ring, 32, 1).NoiseDeviation, 0.05);
    }

    /// <summary>By SEAL's evaluator, from and to its files.</summary>
    private static SealCiphertext NativeSum(SealParameters parameters, IEnumerable<SealCiphertext> terms)
    {
        using EncryptionParameters written = new(SchemeType.BFV)
        {
            PolyModulusDegree = (ulong)parameters.Degree,
            CoeffModulus = [new Modulus(parameters.KeyLevel.Primes[0].Value)],
            PlainModulus = new Modulus(parameters.PlainModulus),
        };
        using SEALContext context = new(written);
        Assert.True(context.ParametersSet);
        using Evaluator evaluator = new(context);
        List<Ciphertext> loaded = [];
        foreach (SealCiphertext term in terms)
        {
            loaded.Add(new Ciphertext());
            loaded[^1].Load(context, new MemoryStream(term.Write()));
        }

        using Ciphertext sum = new();
        evaluator.AddMany(loaded, sum);
        loaded.ForEach(c => c.Dispose());
        using MemoryStream stream = new();
        sum.Save(stream, ComprModeType.None);
        return SealCiphertext.Read(stream.ToArray(), parameters);
    }
}
