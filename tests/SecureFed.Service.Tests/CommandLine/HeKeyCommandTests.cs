using System.IO.Compression;
using System.Text.Json;
using SecureFed.Cryptography.Bfv;
using SecureFed.Cryptography.Randomness;
using SecureFed.Cryptography.Seal;

namespace SecureFed.Service.Tests.CommandLine;

/// <summary>Keys, encryption and decryption on the command line; that Microsoft SEAL agrees is tested beside the scheme.</summary>
public sealed class HeKeyCommandTests : IDisposable
{
    private const int FirstWord = 113;
    private const int SecondWord = FirstWord + (2048 * sizeof(ulong));
    private readonly string directory = Directory.CreateTempSubdirectory("securefed-he-").FullName;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private string Keys => Path.Combine(directory, "keys");

    public void Dispose() => Directory.Delete(directory, recursive: true);

    [Theory]
    [InlineData("A1", 0x3ffffffffc001)]
    [InlineData("S1", 0x3fffffff000001)]
    [InlineData("S2", 0x3ffffffffc001)]
    public async Task Keys_of_every_set_are_written_in_SEALs_form(string set, ulong q)
    {
        Transcript made = await RunAsync("keygen", "--set", set, "--out", Keys);
        Assert.Equal(0, made.ExitCode);
        SealParameters parameters = SealParameters.Read(await File.ReadAllBytesAsync(Path.Combine(Keys, "parameters.seal"), Cancellation));
        Assert.Equal((2048, q, 1UL << 32), (parameters.Degree, Assert.Single(parameters.KeyLevel.Primes).Value, parameters.PlainModulus));
        Assert.Equal(parameters.KeyLevel.Id.ToString(), made.Json.GetProperty("parametersId").GetString());
        foreach ((string name, string kind) in ((string, string)[])[("parameters", "parameters"), ("public", "public-key"), ("secret", "secret-key")])
        {
            Transcript inspected = await RunAsync("inspect", Path.Combine(Keys, name + ".seal"));
            Assert.Equal((0, kind), (inspected.ExitCode, inspected.Json.GetProperty("kind").GetString()));
            Assert.True(inspected.Json.GetProperty("isChecked").GetBoolean());
        }
    }

    [Fact]
    public async Task Older_files_are_overwritten_and_the_secret_key_is_its_owners_alone()
    {
        Directory.CreateDirectory(Keys);
        foreach (string name in new[] { "parameters", "public", "secret" })
            await File.WriteAllBytesAsync(Path.Combine(Keys, name + ".seal"), new byte[100_000], Cancellation);
        string secret = Path.Combine(Keys, "secret.seal");
        Assert.Equal(0, (await RunAsync("keygen", "--set", "S1", "--out", Keys)).ExitCode);
        byte[] first = await File.ReadAllBytesAsync(secret, Cancellation);
        Assert.Equal(0, (await RunAsync("keygen", "--set", "S1", "--out", Keys)).ExitCode);
        Assert.NotEqual(first, await File.ReadAllBytesAsync(secret, Cancellation));
        uint[] values = await DecryptAsync(await EncryptAsync("again", "[1]"));
        Assert.Equal([1U, .. new uint[2047]], values);
        if (!OperatingSystem.IsWindows())
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(secret));
    }

    [Theory]
    [InlineData("A1")]
    [InlineData("S1")]
    [InlineData("S2")]
    public async Task Sums_of_every_kind_of_ciphertext_decrypt_to_the_sums_mod_t(string set)
    {
        await RunAsync("keygen", "--set", set, "--out", Keys);
        uint[] whole = [.. Enumerable.Range(0, 2048).Select(i => unchecked((uint)(i * 2654435761L)))];
        string[] files =
        [
            await EncryptAsync("public", "[4294967295, 1, 2]"),
            await EncryptAsync("symmetric", "[2, 10]", "--symmetric"),
            await EncryptAsync("seeded", JsonSerializer.Serialize(whole), "--symmetric", "--seeded"),
            await EncryptAsync("empty", "[]"),
        ];
        Assert.Equal([32_881L, 32_881, 16_578, 32_881], files.Select(file => new FileInfo(file).Length));
        string sum = Path.Combine(directory, "sum.seal");
        Transcript added = await RunAsync(["add", .. files, "--out", sum]);
        Assert.Equal((0, 4), (added.ExitCode, added.Json.GetProperty("terms").GetInt32()));

        uint[] expected = [.. whole];
        expected[0] = unchecked(expected[0] + 1);
        expected[1] = unchecked(expected[1] + 11);
        expected[2] = unchecked(expected[2] + 2);
        Assert.Equal(expected, await DecryptAsync(sum));
        Assert.Equal(whole, await DecryptAsync(files[2]));
        Assert.Equal(new uint[2048], await DecryptAsync(files[3]));

        Transcript text = await Cli.RunAsync(Cancellation, "he", "decrypt", "--keys", Keys, "--in", files[0]);
        Assert.Equal(0, text.ExitCode);
        Assert.Equal([uint.MaxValue, 1U, 2U, .. new uint[2045]], JsonSerializer.Deserialize<uint[]>(text.Output)!);
    }

    [Theory]
    [InlineData("[4294967296]", "index 0")]
    [InlineData("[1, 2, -3]", "index 2")]
    [InlineData("[1, 1.5]", "index 1")]
    [InlineData("[1, \"2\"]", "index 1")]
    [InlineData("[1, null]", "index 1")]
    [InlineData("[[1]]", "index 0")]
    [InlineData("[99999999999999999999999]", "index 0")]
    [InlineData("{\"values\":[1]}", "no array")]
    [InlineData("7", "no array")]
    [InlineData("[1, 2", "no JSON (line 1)")]
    [InlineData("1, 2", "no JSON (line 1)")]
    [InlineData("", "no JSON (line 1)")]
    [InlineData("[1] [2]", "no JSON (line 1)")]
    public async Task Values_that_are_none_are_refused_by_place_and_not_by_value(string json, string expected)
    {
        await RunAsync("keygen", "--set", "S1", "--out", Keys);
        string output = Path.Combine(directory, "refused.seal");
        string said = (await RunAsync("encrypt", "--keys", Keys, "--in", await WriteAsync("values.json", json), "--out", output)).AssertFailure(1, "invalid-values");
        Assert.Contains(expected, said, StringComparison.Ordinal);
        Assert.DoesNotContain("9999999", said, StringComparison.Ordinal);
        Assert.False(File.Exists(output));
    }

    [Fact]
    public async Task Too_many_values_and_files_too_large_for_them_are_refused()
    {
        await RunAsync("keygen", "--set", "S1", "--out", Keys);
        string output = Path.Combine(directory, "refused.seal");
        string many = await WriteAsync("many.json", JsonSerializer.Serialize(new uint[2049]));
        Assert.Contains("2049", (await RunAsync("encrypt", "--keys", Keys, "--in", many, "--out", output)).AssertFailure(1, "invalid-values"), StringComparison.Ordinal);
        string large = await WriteAsync("large.json", $"[1{new string(' ', 1 << 20)}]");
        (await RunAsync("encrypt", "--keys", Keys, "--in", large, "--out", output)).AssertFailure(1, "invalid-values");
        (await RunAsync("encrypt", "--keys", Keys, "--in", Path.Combine(directory, "absent.json"), "--out", output)).AssertFailure(1, "input-output");
        Assert.Contains("--symmetric", (await RunAsync("encrypt", "--keys", Keys, "--in", many, "--out", output, "--seeded")).AssertFailure(2, "bad-usage"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Ciphertexts_that_are_none_are_refused_with_their_code()
    {
        await RunAsync("keygen", "--set", "S1", "--out", Keys);
        byte[] good = await File.ReadAllBytesAsync(await EncryptAsync("good", "[1, 2, 3]"), Cancellation);
        byte[] seeded = await File.ReadAllBytesAsync(await EncryptAsync("seeded", "[1]", "--symmetric", "--seeded"), Cancellation);
        await RefusedAsync(good, bytes => bytes[16] ^= 1, SealErrorCodes.ParametersMismatch);
        await RefusedAsync(good, bytes => bytes.AsSpan(FirstWord, 8).Fill(0xff), SealErrorCodes.CoefficientRange);
        await RefusedAsync(good, bytes => BitConverter.TryWriteBytes(bytes.AsSpan(^8), 0x3fffffff000001UL), SealErrorCodes.CoefficientRange);
        await RefusedAsync(good, bytes => bytes.AsSpan(SecondWord).Clear(), SealErrorCodes.Transparent);
        await RefusedAsync(good, bytes => bytes[49] = 3, SealErrorCodes.Metadata);
        await RefusedAsync(good, bytes => bytes[57] ^= 8, SealErrorCodes.Metadata);
        await RefusedAsync(good, bytes => bytes[FirstWord - 8]++, SealErrorCodes.Length);
        await RefusedAsync(good, bytes => bytes[8]++, SealErrorCodes.Truncated);
        await RefusedAsync(good[..^1], _ => { }, SealErrorCodes.Truncated);
        await RefusedAsync([.. good, 0], _ => { }, SealErrorCodes.Length);
        await RefusedAsync(seeded, bytes => bytes[^65] = 9, SealErrorCodes.Generator);
        await RefusedAsync(await File.ReadAllBytesAsync(Path.Combine(Keys, "secret.seal"), Cancellation), _ => { }, SealErrorCodes.Metadata);
        await RefusedAsync(Bomb(good), _ => { }, SealErrorCodes.Length);
        await RefusedAsync([], _ => { }, SealErrorCodes.Truncated);
    }

    [Fact]
    public async Task Keys_and_ciphertexts_of_different_sets_do_not_mix()
    {
        await RunAsync("keygen", "--set", "S1", "--out", Keys);
        string ciphertext = await EncryptAsync("one", "[1]");
        string other = Path.Combine(directory, "other");
        await RunAsync("keygen", "--set", "S2", "--out", other);
        (await RunAsync("decrypt", "--keys", other, "--in", ciphertext)).AssertFailure(1, SealErrorCodes.ParametersMismatch);
        File.Copy(Path.Combine(Keys, "secret.seal"), Path.Combine(other, "secret.seal"), overwrite: true);
        File.Copy(Path.Combine(Keys, "public.seal"), Path.Combine(other, "public.seal"), overwrite: true);
        string values = await WriteAsync("values.json", "[1]");
        (await RunAsync("encrypt", "--keys", other, "--in", values, "--out", ciphertext)).AssertFailure(1, SealErrorCodes.ParametersMismatch);
        (await RunAsync("encrypt", "--keys", other, "--in", values, "--out", ciphertext, "--symmetric")).AssertFailure(1, SealErrorCodes.ParametersMismatch);
        (await RunAsync("decrypt", "--keys", Path.Combine(directory, "absent"), "--in", ciphertext)).AssertFailure(1, "input-output");
    }

    /// <summary>A folder that another program made: S1's ring with a smaller t.</summary>
    [Fact]
    public async Task Values_are_below_the_t_of_the_keys_and_sums_wrap_there()
    {
        await RunAsync("keygen", "--set", "S1", "--out", Keys);
        SealParameters smaller = SealParameters.Create(2048, [0x3fffffff000001], 1 << 20);
        using SealSecretKey secretKey = SingleKeys.Draw(smaller, OperatingSystemRandomSource.Instance);
        await File.WriteAllBytesAsync(Path.Combine(Keys, "parameters.seal"), smaller.Write(SealCompression.Zlib), Cancellation);
        await File.WriteAllBytesAsync(Path.Combine(Keys, "secret.seal"), secretKey.Write(SealCompression.Zlib), Cancellation);
        await File.WriteAllBytesAsync(Path.Combine(Keys, "public.seal"), SingleKeys.PublicKeyOf(secretKey, OperatingSystemRandomSource.Instance).Write(), Cancellation);
        string one = await EncryptAsync("one", "[1048575, 5]"), two = await EncryptAsync("two", "[2, 5]", "--symmetric");
        (await RunAsync("encrypt", "--keys", Keys, "--in", await WriteAsync("values.json", "[1048576]"), "--out", one)).AssertFailure(1, "invalid-values");
        string sum = Path.Combine(directory, "sum.seal");
        (await RunAsync("add", one, two, "--out", sum)).AssertFailure(1, SealErrorCodes.ParametersMismatch);
        Assert.Equal(0, (await RunAsync("add", one, two, "--out", sum, "--parameters", Path.Combine(Keys, "parameters.seal"))).ExitCode);
        uint[] values = await DecryptAsync(sum);
        Assert.Equal([1U, 10U, .. new uint[2046]], values);
    }

    [Fact]
    public async Task Parameters_that_nobody_examined_are_refused()
    {
        await RunAsync("keygen", "--set", "S1", "--out", Keys);
        string values = await WriteAsync("values.json", "[1]");
        foreach (SealParameters weak in new[] { SealParameters.Create(1024, [0x3fffffff000001], 1UL << 32), SealParameters.Create(2048, [0x3fffffff000001], 65537) })
        {
            await File.WriteAllBytesAsync(Path.Combine(Keys, "parameters.seal"), weak.Write(), Cancellation);
            Assert.Contains("he parameters", (await RunAsync("encrypt", "--keys", Keys, "--in", values, "--out", values)).AssertFailure(1, SealErrorCodes.Parameters), StringComparison.Ordinal);
        }

        (await RunAsync("keygen", "--set", "T1", "--out", Keys)).AssertFailure(2, "bad-usage");
    }

    /// <summary>S2 at t = 2^32 carries 3,126 ciphertexts.</summary>
    [Fact]
    public async Task Sums_of_more_ciphertexts_than_the_set_carries_are_refused()
    {
        await RunAsync("keygen", "--set", "S2", "--out", Keys);
        string one = await EncryptAsync("one", "[1]", "--symmetric"), sum = Path.Combine(directory, "sum.seal");
        string said = (await RunAsync(["add", .. Enumerable.Repeat(one, 3127), "--out", sum])).AssertFailure(1, SealErrorCodes.Parameters);
        Assert.Contains("3126", said, StringComparison.Ordinal);
        Assert.False(File.Exists(sum));
        Assert.Equal(0, (await RunAsync(["add", .. Enumerable.Repeat(one, 3126), "--out", sum])).ExitCode);
        uint[] values = await DecryptAsync(sum);
        Assert.Equal([3126U, .. new uint[2047]], values);
    }

    [Fact]
    public async Task Parameters_page_gives_security_limits_failures_argument_and_references()
    {
        Transcript page = await RunAsync("parameters");
        Assert.Equal(0, page.ExitCode);
        JsonElement[] sets = [.. page.Json.GetProperty("sets").EnumerateArray()];
        Assert.Equal(["A1", "S1", "S2"], sets.Select(set => set.GetProperty("name").GetString()));
        Assert.All(sets, set => Assert.Contains(set.GetProperty("security").EnumerateArray(), line => line.GetString()!.Contains("2024/463", StringComparison.Ordinal)));
        // Figures of simulations and of scripts apart from this code.
        Assert.Equal(-192, Failure(sets[0], 32, 10_000), 1.5);
        Assert.Equal(-11_004, Failure(sets[1], 32, 10_000), 1.5);
        Assert.Equal(-423, Failure(sets[2], 32, 1_000), 1.5);
        Assert.Equal(-32, Failure(sets[2], 32, 10_000), 1.5);
        Assert.False(Choice(sets[2], 32, 10_000).GetProperty("isAllowed").GetBoolean());
        Assert.Contains(page.Json.GetProperty("oneTimeKeys").EnumerateArray(), line => line.GetString()!.Contains("hint-LWE", StringComparison.Ordinal));
        Assert.Contains(page.Json.GetProperty("references").EnumerateArray(), line => line.GetString()!.Contains("Hint-MLWE", StringComparison.Ordinal));

        Transcript text = await Cli.RunAsync(Cancellation, "he", "parameters", "--set", "S2");
        Assert.Contains("2^-32 refused", text.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("S1:", text.Output, StringComparison.Ordinal);
        Assert.Contains("References", text.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task One_choice_of_parameters_is_examined_or_refused()
    {
        Transcript allowed = await RunAsync("parameters", "--set", "A1", "--plain-bits", "32", "--clients", "1000", "--dropped-bits", "9");
        Assert.Equal(0, allowed.ExitCode);
        Assert.Equal(-525, allowed.Json.GetProperty("failureBits").GetDouble(), 60.0);
        Assert.Equal(41, allowed.Json.GetProperty("packedBits").GetInt32());
        int greatest = allowed.Json.GetProperty("greatestClients").GetInt32();
        Assert.Equal(0, (await RunAsync("parameters", "--dropped-bits", "9", "--clients", $"{greatest}")).ExitCode);
        string said = (await RunAsync("parameters", "--dropped-bits", "9", "--clients", $"{greatest + 1}")).AssertFailure(1, SealErrorCodes.Parameters);
        Assert.Contains($"{greatest} clients", said, StringComparison.Ordinal);

        foreach (string[] outside in (string[][])[["--plain-bits", "33"], ["--plain-bits", "0"], ["--clients", "10001"], ["--clients", "0"], ["--dropped-bits", "-1"], ["--dropped-bits", "18"], ["--set", "S1", "--dropped-bits", "1"]])
            (await RunAsync(["parameters", .. outside])).AssertFailure(2, "bad-usage");
        (await RunAsync("parameters", "--set", "T1")).AssertFailure(2, "bad-usage");
        (await RunAsync("parameters", "--clients", "many")).AssertFailure(2, "bad-usage");
    }

    private static Task<Transcript> RunAsync(params string[] arguments) => Cli.RunAsync(Cancellation, ["he", .. arguments, "--json"]);

    private static JsonElement Choice(JsonElement set, int plainBits, int clients) => Assert.Single(
        set.GetProperty("choices").EnumerateArray(), c => c.GetProperty("plainBits").GetInt32() == plainBits && c.GetProperty("clients").GetInt32() == clients);

    private static double Failure(JsonElement set, int plainBits, int clients) => Choice(set, plainBits, clients).GetProperty("failureBits").GetDouble();

    /// <summary>A compressed object of a few hundred KiB that inflates to 256 MiB.</summary>
    private static byte[] Bomb(byte[] header)
    {
        using MemoryStream bomb = new();
        bomb.Write(header.AsSpan(0, 16));
        using (ZLibStream zlib = new(bomb, CompressionLevel.SmallestSize, leaveOpen: true))
        {
            byte[] zeros = new byte[1 << 20];
            for (int i = 0; i < 256; i++)
                zlib.Write(zeros);
        }

        byte[] file = bomb.ToArray();
        file[5] = (byte)SealCompression.Zlib;
        BitConverter.TryWriteBytes(file.AsSpan(8), (ulong)file.Length);
        return file;
    }

    private async Task RefusedAsync(byte[] file, Action<byte[]> change, string code)
    {
        byte[] changed = [.. file];
        change(changed);
        string path = Path.Combine(directory, "changed.seal");
        await File.WriteAllBytesAsync(path, changed, Cancellation);
        (await RunAsync("decrypt", "--keys", Keys, "--in", path)).AssertFailure(1, code);
        (await RunAsync("add", path, path, "--parameters", Path.Combine(Keys, "parameters.seal"), "--out", Path.Combine(directory, "sum.seal"))).AssertFailure(1, code);
    }

    private async Task<string> EncryptAsync(string name, string json, params string[] options)
    {
        string output = Path.Combine(directory, name + ".seal");
        Transcript encrypted = await RunAsync(["encrypt", "--keys", Keys, "--in", await WriteAsync("values.json", json), "--out", output, .. options]);
        Assert.True(encrypted.ExitCode == 0, encrypted.Output + encrypted.Diagnostics);
        return output;
    }

    private async Task<uint[]> DecryptAsync(string file)
    {
        Transcript decrypted = await RunAsync("decrypt", "--keys", Keys, "--in", file);
        Assert.True(decrypted.ExitCode == 0, decrypted.Output + decrypted.Diagnostics);
        Assert.Equal(["values"], decrypted.Json.EnumerateObject().Select(property => property.Name));
        return [.. decrypted.Json.GetProperty("values").EnumerateArray().Select(value => value.GetUInt32())];
    }

    private async Task<string> WriteAsync(string name, string text)
    {
        string path = Path.Combine(directory, name);
        await File.WriteAllTextAsync(path, text, Cancellation);
        return path;
    }
}
