using System.Buffers.Binary;
using System.Text.Json;
using SecureFed.Cryptography.Seal;
using SecureFed.Cryptography.Tests.Seal.NodeSeal;

namespace SecureFed.Cryptography.Tests.Seal;

/// <summary>Microsoft SEAL judges: what it writes we read and write again, what we write it loads.</summary>
public sealed class SealAgainstMicrosoftTests(SealJudge judge) : IClassFixture<SealJudge>
{
    [Theory]
    [MemberData(nameof(SealSet.Names), MemberType = typeof(SealSet))]
    public void Parameters_and_their_names_are_SEALs(string set)
    {
        var session = new SealSession(judge, SealSet.Named(set));
        SealParameters ours = session.Parameters;
        Assert.Equal(session.Context.GetProperty("keyId").GetString(), ours.KeyLevel.Id.ToString());
        Assert.Equal(session.Context.GetProperty("dataId").GetString(), ours.DataLevel.Id.ToString());

        JsonElement files = session.Context.GetProperty("parameters");
        byte[] plain = SealSession.File(files, "none");
        Assert.Equal(plain, ours.Write());
        Assert.Equal(plain, SealParameters.Read(plain).Write());
        Assert.Equal(plain, SealParameters.Read(SealSession.File(files, "zlib")).Write());
        foreach (SealCompression compression in new[] { SealCompression.None, SealCompression.Zlib })
        {
            JsonElement loaded = judge.Do("parameters", new() { ["file"] = Convert.ToBase64String(ours.Write(compression)) });
            Assert.Equal(plain, SealSession.File(loaded, "file"));
            Assert.Equal(ours.KeyLevel.Id.ToString(), loaded.GetProperty("id").GetString());
        }
    }

    [Theory]
    [MemberData(nameof(SealSet.Names), MemberType = typeof(SealSet))]
    public void Keys_that_SEAL_wrote_are_written_again_byte_for_byte(string set)
    {
        var session = new SealSession(judge, SealSet.Named(set));
        foreach (string mode in new[] { "none", "zlib" })
        {
            using SealSecretKey secretKey = SealSecretKey.Read(session.SecretKey(mode), session.Parameters);
            Assert.Equal(session.SecretKey(), secretKey.Write());
            Assert.Equal(session.SecretKey(), SealSession.File(session.Load("secretKey", secretKey.Write(SealCompression.Zlib)), "file"));

            SealPublicKey publicKey = SealPublicKey.Read(session.PublicKey(mode), session.Parameters);
            Assert.Null(publicKey.Seed);
            Assert.Equal(session.PublicKey(), publicKey.Write());
            Assert.Equal(session.PublicKey(), SealSession.File(session.Load("publicKey", publicKey.Write(SealCompression.Zlib)), "file"));

            SealPublicKey seeded = SealPublicKey.Read(session.SeededPublicKey(mode), session.Parameters);
            Assert.NotNull(seeded.Seed);
            Assert.Equal(session.SeededPublicKey(), seeded.Write());
            AssertExpands(session, "publicKey", seeded.Write(), seeded.First, seeded.Second);
        }
    }

    [Theory]
    [MemberData(nameof(SealSet.Names), MemberType = typeof(SealSet))]
    public void Plaintexts_mean_the_same_to_both(string set)
    {
        var session = new SealSession(judge, SealSet.Named(set));
        foreach (int count in new[] { 1, 5, session.Parameters.Degree })
        {
            ulong[] values = SealSet.Named(set).Values($"plaintext {count}", count);
            SealPlaintext ours = SealPlaintext.Create(session.Parameters, values);
            foreach (SealCompression compression in new[] { SealCompression.None, SealCompression.Zlib })
            {
                JsonElement loaded = session.Load("plaintext", ours.Write(compression));
                Assert.Equal(Polynomial(values), loaded.GetProperty("text").GetString());
                Assert.Equal(ours.Write(), SealSession.File(loaded, "file"));
            }
        }
    }

    [Theory]
    [MemberData(nameof(SealSet.Names), MemberType = typeof(SealSet))]
    public void Ciphertexts_that_SEAL_wrote_are_written_again_byte_for_byte_and_decrypt(string set)
    {
        var session = new SealSession(judge, SealSet.Named(set));
        ulong[] values = SealSet.Named(set).Values("ciphertexts", session.Parameters.Degree);
        (JsonElement full, JsonElement seeded) = session.Encrypt(SealPlaintext.Create(session.Parameters, values).Write());
        foreach (string mode in new[] { "none", "zlib" })
        {
            SealCiphertext read = SealCiphertext.Read(SealSession.File(full, mode), session.Parameters);
            Assert.Null(read.Seed);
            Assert.Equal(SealSession.File(full, "none"), read.Write());

            SealCiphertext expanded = SealCiphertext.Read(SealSession.File(seeded, mode), session.Parameters);
            Assert.NotNull(expanded.Seed);
            Assert.Equal(SealSession.File(seeded, "none"), expanded.Write());
            AssertExpands(session, "ciphertext", expanded.Write(), expanded.First, expanded.Second);

            foreach (SealCiphertext ciphertext in new[] { read, expanded })
            {
                JsonElement decrypted = session.Decrypt(ciphertext.Write(SealCompression.Zlib));
                foreach (string plainMode in new[] { "none", "zlib" })
                    Assert.Equal(values, SealPlaintext.Read(SealSession.File(decrypted.GetProperty("file"), plainMode), session.Parameters).Coefficients);
            }
        }
    }

    [Fact]
    public void A_seed_for_SHAKE256_expands_to_what_SEAL_expands()
    {
        var session = new SealSession(judge, SealSet.Three);
        int words = session.Parameters.DataLevel.Primes.Length * session.Parameters.Degree;
        var seed = new SealSeed(SealGenerator.Shake256, Seeded.Source("shake").Bytes(SealSeed.SeedBytes));
        SealCiphertext ours = SealCiphertext.CreateSeeded(session.Parameters, new ulong[words], seed);
        AssertExpands(session, "ciphertext", ours.Write(), ours.First, ours.Second);
    }

    /// <summary>A prime of just over 2^59 rejects about one word in 32; the other sets hardly ever do.</summary>
    [Theory]
    [InlineData(SealGenerator.Blake2xb)]
    [InlineData(SealGenerator.Shake256)]
    public void Rejected_words_are_replaced_as_SEAL_replaces_them(SealGenerator generator)
    {
        var set = new SealSet("rejecting", 1024, [RejectingPrime(), 0x7e00001], 1 << 12, false);
        var session = new SealSession(judge, set);
        var seed = new SealSeed(generator, Seeded.Source($"rejection {generator}").Bytes(SealSeed.SeedBytes));
        SealCiphertext ours = SealCiphertext.CreateSeeded(session.Parameters, new ulong[set.Degree], seed);
        AssertExpands(session, "ciphertext", ours.Write(), ours.First, ours.Second);
    }

    [Theory]
    [MemberData(nameof(SealSet.Names), MemberType = typeof(SealSet))]
    public void Our_sum_is_SEALs_sum_and_decrypts_in_SEAL(string set)
    {
        var session = new SealSession(judge, SealSet.Named(set));
        ulong t = session.Parameters.PlainModulus;
        byte[][] files = new byte[4][];
        ulong[] expected = new ulong[session.Parameters.Degree];
        for (int i = 0; i < files.Length; i++)
        {
            ulong[] values = SealSet.Named(set).Values($"term {i}", expected.Length);
            for (int j = 0; j < values.Length; j++) expected[j] = (expected[j] + values[j]) % t;
            (JsonElement full, JsonElement seeded) = session.Encrypt(SealPlaintext.Create(session.Parameters, values).Write());
            files[i] = SealSession.File(i % 2 == 0 ? full : seeded, i < 2 ? "none" : "zlib");
        }

        byte[] sum = SealCiphertext.Sum([.. files.Select(file => SealCiphertext.Read(file, session.Parameters))]).Write();
        Assert.Equal(session.Add(files), sum);
        Assert.Equal(Polynomial(expected), session.Decrypt(sum).GetProperty("text").GetString());
    }

    /// <summary>Structure only: the format has no checksum, so a changed coefficient below q loads in both.</summary>
    [Fact]
    public void Files_that_are_broken_in_structure_are_refused_by_both()
    {
        var session = new SealSession(judge, SealSet.TwoPrimes);
        byte[] plaintext = SealPlaintext.Create(session.Parameters, SealSet.TwoPrimes.Values("broken", 1024)).Write();
        (JsonElement full, JsonElement seeded) = session.Encrypt(plaintext);
        var cases = new List<(string Kind, string Name, byte[] File)>();
        void Add(string kind, byte[] file, params (string Name, Action<byte[]> Break)[] breaks)
        {
            foreach ((string name, Action<byte[]> action) in breaks)
            {
                byte[] broken = [.. file];
                action(broken);
                cases.Add((kind, name, broken));
            }

            cases.Add((kind, "cut short", file[..^1]));
            cases.Add((kind, "header only", file[..16]));
        }

        (string, Action<byte[]>)[] header = [("magic", b => b[0] ^= 1), ("header size", b => b[2]++), ("major", b => b[3]++), ("compression", b => b[5] = 7)];
        const int Id = 16;
        const int Fields = Id + SealParametersId.Bytes;
        Add("ciphertext", SealSession.File(full, "none"),
            [.. header, ("parms_id", b => b[Id] ^= 1), ("components", b => b[Fields + 1] = 1), ("N", b => b[Fields + 10] ^= 8), ("k", b => b[Fields + 17]++),
             ("scale", b => b[Fields + 32] ^= 1), ("correction factor", b => b[Fields + 33]++), ("array header", b => b[Fields + 41] ^= 1),
             ("count", b => b[Fields + 57]++), ("coefficient", b => b.AsSpan(^8).Fill(0xff))]);
        Add("ciphertext", SealSession.File(seeded, "none"), [.. header, ("generator", b => b[^65] = 9), ("coefficient", b => b.AsSpan(Fields + 65, 8).Fill(0xff))]);
        Add("plaintext", plaintext, [.. header, ("parms_id", b => b[Id] ^= 1), ("count", b => b[Fields] ^= 1), ("coefficient", b => b.AsSpan(^8).Fill(0xff))]);
        Add("publicKey", session.PublicKey(), [.. header, ("form", b => b[Fields] = 0), ("coefficient", b => b.AsSpan(^8).Fill(0xff))]);
        Add("secretKey", session.SecretKey(), [.. header, ("parms_id", b => b[Id] ^= 1), ("coefficient", b => b.AsSpan(^8).Fill(0xff))]);
        Add("ciphertext", SealSession.File(full, "zlib"), ("stream", b => b[100] ^= 1), ("checksum", b => b[^1] ^= 1));

        Assert.Multiple([.. cases.Select<(string Kind, string Name, byte[] File), Action>(broken => () =>
        {
            Assert.False(session.Loads(broken.Kind, broken.File), $"Microsoft SEAL takes a {broken.Kind} with a broken {broken.Name}.");
            Assert.Throws<SealFormatException>(() => SealFiles.Read(broken.Kind, broken.File, session.Parameters));
        })]);
    }

    [Fact]
    public void Zstandard_is_recognised_and_refused_with_what_to_do()
    {
        var session = new SealSession(judge, SealSet.Small);
        SealFormatException refusal = Assert.Throws<SealFormatException>(() => SealSecretKey.Read(session.SecretKey("zstd"), session.Parameters));
        Assert.Equal(SealErrorCodes.Compression, refusal.Code);
        Assert.Contains("none or zlib", refusal.Hint, StringComparison.Ordinal);
    }

    /// <summary>SEAL loads a seeded object and saves it in full; its words must be ours.</summary>
    private static void AssertExpands(SealSession session, string kind, byte[] file, ReadOnlySpan<ulong> first, ReadOnlySpan<ulong> second)
    {
        byte[] full = SealSession.File(session.Load(kind, file), "file");
        ReadOnlySpan<byte> words = full.AsSpan(full.Length - ((first.Length + second.Length) * sizeof(ulong)));
        foreach (ulong word in (ulong[])[.. first, .. second])
        {
            Assert.Equal(BinaryPrimitives.ReadUInt64LittleEndian(words), word);
            words = words[sizeof(ulong)..];
        }
    }

    /// <summary>Plaintext::to_string: hexadecimal, highest power first, zeros left out.</summary>
    private static string Polynomial(ulong[] values) => string.Join(" + ", values.Select((value, power) => (value, power)).Reverse().Where(term => term.value != 0)
        .Select(term => term.power == 0 ? $"{term.value:X}" : $"{term.value:X}x^{term.power}"));

    /// <summary>The least prime above 2^59 that is 1 mod 2048.</summary>
    private static ulong RejectingPrime()
    {
        for (ulong q = (1UL << 59) + 1; ; q += 2048)
        {
            try
            {
                return Cryptography.Rings.PrimeModulus.Create(q).Value;
            }
            catch (ArgumentOutOfRangeException)
            {
                // Composite; try the next.
            }
        }
    }
}
