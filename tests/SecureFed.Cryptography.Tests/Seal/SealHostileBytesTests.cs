using System.Buffers.Binary;
using System.IO.Compression;
using SecureFed.Cryptography.Seal;

namespace SecureFed.Cryptography.Tests.Seal;

/// <summary>Whatever the bytes are: an object or a <see cref="SealFormatException"/>, and never much memory.</summary>
public sealed class SealHostileBytesTests
{
    private const int GreatestAllocation = 300_000;

    private static SealParameters Parameters => SealFiles.Parameters;

    [Theory]
    [MemberData(nameof(SealFiles.Readable), MemberType = typeof(SealFiles))]
    public void Any_changed_byte_is_refused_with_a_code_or_harmless(string name, string kind)
    {
        byte[] file = SealFiles.Read(name);
        int refused = 0;
        for (int i = 0; i < file.Length; i++)
        {
            byte original = file[i];
            foreach (byte changed in Changes(original, isHeader: i < 160 || i >= file.Length - 100))
            {
                file[i] = changed;
                refused += IsRefused(kind, file) ? 1 : 0;
            }

            file[i] = original;
        }

        Assert.False(IsRefused(kind, file));
        Assert.True(refused > 16, "Hardly any change is noticed.");
    }

    [Theory]
    [MemberData(nameof(SealFiles.Readable), MemberType = typeof(SealFiles))]
    public void Every_shorter_and_every_longer_file_is_refused(string name, string kind)
    {
        byte[] file = SealFiles.Read(name);
        for (int length = 0; length < file.Length; length++)
        {
            Assert.True(IsRefused(kind, file[..length]), $"{length} bytes are taken.");
            // The same with a header that agrees with the length.
            if (length >= SealHeader.Bytes) Assert.True(IsRefused(kind, Sized(file[..length])), $"{length} announced bytes are taken.");
        }

        foreach (int more in new[] { 1, 4, 8, 63, 64, 65, 200 })
        {
            Assert.True(IsRefused(kind, [.. file, .. new byte[more]]));
            Assert.True(IsRefused(kind, Sized([.. file, .. new byte[more]])));
            // The last four bytes of the stream again: its checksum then still stands at the end.
            Assert.True(IsRefused(kind, Sized([.. file, .. new byte[more], .. file[^4..]])));
        }
    }

    [Theory]
    [MemberData(nameof(SealFiles.Readable), MemberType = typeof(SealFiles))]
    public void No_kind_is_taken_for_another(string name, string kind)
    {
        byte[] file = SealFiles.Read(name);
        foreach (string other in new[] { "parameters", "ciphertext", "plaintext", "publicKey", "secretKey" })
            Assert.Equal(other != kind, IsRefused(other, file));
    }

    [Theory]
    [InlineData("parameters")]
    [InlineData("ciphertext")]
    [InlineData("plaintext")]
    [InlineData("publicKey")]
    [InlineData("secretKey")]
    public void A_stream_that_inflates_to_a_hundred_megabytes_costs_nothing(string kind)
    {
        using var bomb = new MemoryStream();
        bomb.Write(new byte[SealHeader.Bytes]);
        using (var zlib = new ZLibStream(bomb, CompressionLevel.Optimal, leaveOpen: true))
        {
            byte[] zeros = new byte[1 << 20];
            for (int i = 0; i < 100; i++) zlib.Write(zeros);
        }

        byte[] file = bomb.ToArray();
        SealFiles.Read("ciphertext-zlib").AsSpan(0, SealHeader.Bytes).CopyTo(file);
        Assert.Equal(SealErrorCodes.Length, Refusal(kind, Sized(file)));
    }

    [Theory]
    [InlineData("parameters")]
    [InlineData("ciphertext")]
    [InlineData("plaintext")]
    [InlineData("secretKey")]
    public void Counts_beyond_all_memory_are_refused_before_anything_is_allocated(string kind)
    {
        byte[] plain = kind switch
        {
            "parameters" => SealFiles.Read("parameters"),
            "ciphertext" => SealFiles.Read("ciphertext"),
            "plaintext" => SealPlaintext.Read(SealFiles.Read("plaintext-zlib"), Parameters).Write(),
            _ => WriteSecretKey(),
        };
        // Every aligned word of the first 160 bytes, wherever counts and sizes may stand.
        for (int at = 0; at <= 160 - sizeof(ulong) && at <= plain.Length - sizeof(ulong); at++)
        {
            foreach (ulong huge in new ulong[] { ulong.MaxValue, long.MaxValue, 1UL << 32, int.MaxValue, (1UL << 61) + 1 })
            {
                byte[] file = [.. plain];
                BinaryPrimitives.WriteUInt64LittleEndian(file.AsSpan(at), huge);
                IsRefused(kind, file);
            }
        }
    }

    [Fact]
    public void Each_kind_of_damage_has_its_code()
    {
        byte[] file = SealFiles.Read("ciphertext");
        Assert.Equal(SealErrorCodes.Truncated, Refusal("ciphertext", file[..10]));
        Assert.Equal(SealErrorCodes.Truncated, Refusal("ciphertext", file[..^1]));
        Assert.Equal(SealErrorCodes.Header, Refusal("ciphertext", With(file, 0, 0x5f)));
        Assert.Equal(SealErrorCodes.Header, Refusal("ciphertext", With(file, 6, 1)));
        Assert.Equal(SealErrorCodes.Version, Refusal("ciphertext", With(file, 3, 3)));
        Assert.Equal(SealErrorCodes.Compression, Refusal("ciphertext", With(file, 5, 3)));
        Assert.Equal(SealErrorCodes.Compression, Refusal("ciphertext", SealFiles.Read("ciphertext-zstd")));
        Assert.Equal(SealErrorCodes.Length, Refusal("ciphertext", [.. file, 0]));
        Assert.Equal(SealErrorCodes.ParametersMismatch, Refusal("ciphertext", With(file, 16, (byte)(file[16] ^ 1))));
        foreach (int field in new[] { 48, 49, 57, 65, 73, 81 })
            Assert.Equal(SealErrorCodes.Metadata, Refusal("ciphertext", With(file, field, (byte)(file[field] ^ 1))));
        Assert.Equal(SealErrorCodes.Compression, Refusal("ciphertext", With(file, 94, 1)));
        Assert.Equal(SealErrorCodes.Length, Refusal("ciphertext", With(file, 105, (byte)(file[105] ^ 1))));
        Assert.Equal(SealErrorCodes.Generator, Refusal("ciphertext", With(SealFiles.Read("ciphertext-seeded"), ^65, 3)));
        Assert.Equal(SealErrorCodes.Parameters, Refusal("parameters", With(SealFiles.Read("parameters"), 16, 2)));
    }

    /// <summary>The modulus itself is the least word that is too large, in the first and in the last place.</summary>
    [Theory]
    [InlineData(113)]
    [InlineData(113 + (8 * 2047))]
    public void A_coefficient_equal_to_its_modulus_is_refused(int at)
    {
        byte[] file = SealFiles.Read("ciphertext");
        BinaryPrimitives.WriteUInt64LittleEndian(file.AsSpan(at), 132120577);
        Assert.Equal(SealErrorCodes.CoefficientRange, Refusal("ciphertext", file));
        BinaryPrimitives.WriteUInt64LittleEndian(file.AsSpan(at), 132120576);
        Assert.False(IsRefused("ciphertext", file));
    }

    [Fact]
    public void Plaintext_and_key_words_must_be_below_their_modulus()
    {
        byte[] plaintext = SealPlaintext.Create(Parameters, [1, 2, 12288]).Write();
        BinaryPrimitives.WriteUInt64LittleEndian(plaintext.AsSpan(^8), 12289);
        Assert.Equal(SealErrorCodes.CoefficientRange, Refusal("plaintext", plaintext));
        byte[] secretKey = WriteSecretKey();
        BinaryPrimitives.WriteUInt64LittleEndian(secretKey.AsSpan(^8), 132120577);
        Assert.Equal(SealErrorCodes.CoefficientRange, Refusal("secretKey", secretKey));
    }

    [Fact]
    public void A_ciphertext_with_a_zero_second_component_is_refused_whether_read_made_or_summed()
    {
        byte[] file = SealFiles.Read("ciphertext");
        file.AsSpan(113 + (8 * 1024)).Clear();
        Assert.Equal(SealErrorCodes.Transparent, Refusal("ciphertext", file));

        SealCiphertext one = SealCiphertext.Read(SealFiles.Read("ciphertext"), Parameters);
        ulong[] negative = [.. one.First.ToArray().Concat(one.Second.ToArray()).Select(word => word == 0 ? 0 : 132120577 - word)];
        Assert.Throws<ArgumentException>(() => SealCiphertext.Create(Parameters, new ulong[2048]));
        SealFormatException refusal = Assert.Throws<SealFormatException>(() => SealCiphertext.Sum([one, SealCiphertext.Create(Parameters, negative)]));
        Assert.Equal(SealErrorCodes.Transparent, refusal.Code);
    }

    /// <summary>Composite, not 1 mod 2N, twice the same, t too large or a multiple, N out of range.</summary>
    [Theory]
    [InlineData(1024, new ulong[] { 132120579 }, 12289)]
    [InlineData(1024, new ulong[] { 2049 }, 17)]
    [InlineData(1024, new ulong[] { 132120577, 132120577 }, 12289)]
    [InlineData(1024, new ulong[] { 132120577 }, 1)]
    [InlineData(1024, new ulong[] { 132120577 }, 132120577)]
    [InlineData(1024, new ulong[] { 132120577 }, 1UL << 32)]
    [InlineData(1000, new ulong[] { 132120577 }, 12289)]
    [InlineData(512, new ulong[] { 132120577 }, 12289)]
    [InlineData(65536, new ulong[] { 132120577 }, 12289)]
    [InlineData(1024, new ulong[0], 12289)]
    public void Parameters_that_BFV_cannot_use_are_refused(int degree, ulong[] primes, ulong plainModulus)
    {
        Assert.Throws<ArgumentException>(() => SealParameters.Create(degree, primes, plainModulus));
        if (primes.Length != 1) return;
        byte[] file = SealFiles.Read("parameters");
        BinaryPrimitives.WriteUInt64LittleEndian(file.AsSpan(17), (ulong)degree);
        BinaryPrimitives.WriteUInt64LittleEndian(file.AsSpan(49), primes[0]);
        BinaryPrimitives.WriteUInt64LittleEndian(file.AsSpan(73), plainModulus);
        Assert.Equal(SealErrorCodes.Parameters, Refusal("parameters", file));
    }

    [Fact]
    public void Refusals_name_what_to_do_and_secrets_do_not_print()
    {
        SealFormatException refusal = Assert.Throws<SealFormatException>(() => SealSecretKey.Read([1, 2, 3], Parameters));
        Assert.NotEmpty(refusal.Hint);
        SealSecretKey key = SealSecretKey.Read(SealFiles.Read("secret-key-zlib"), Parameters);
        Assert.DoesNotContain(key.Words[0].ToString(System.Globalization.CultureInfo.InvariantCulture), key.ToString(), StringComparison.Ordinal);
        key.Dispose();
        Assert.Throws<ObjectDisposedException>(() => key.Write());
    }

    /// <summary>The bits of a header each, elsewhere the lowest and all of them.</summary>
    private static IEnumerable<byte> Changes(byte original, bool isHeader)
    {
        if (isHeader)
        {
            for (int bit = 0; bit < 8; bit++) yield return (byte)(original ^ (1 << bit));
            yield return 0;
        }
        else
        {
            yield return (byte)(original ^ 1);
        }

        yield return 0xff;
    }

    private static bool IsRefused(string kind, byte[] file) => Refusal(kind, file) is not null;

    /// <summary>The code, or null if the bytes are taken. Any other exception fails the test, and so does a large allocation.</summary>
    private static string? Refusal(string kind, byte[] file)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        string? code = null;
        try
        {
            SealFiles.Read(kind, file, Parameters);
        }
        catch (SealFormatException refusal)
        {
            code = refusal.Code;
        }

        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.True(allocated - file.Length < GreatestAllocation, $"{allocated} bytes were allocated for {file.Length}.");
        return code;
    }

    private static byte[] Sized(byte[] file)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(file.AsSpan(8), (ulong)file.Length);
        return file;
    }

    private static byte[] With(byte[] file, Index index, byte value)
    {
        byte[] changed = [.. file];
        changed[index] = value;
        return changed;
    }

    private static byte[] WriteSecretKey()
    {
        using SealSecretKey key = SealSecretKey.Read(SealFiles.Read("secret-key-zlib"), Parameters);
        return key.Write();
    }
}
