using System.ComponentModel;
using System.Diagnostics;
using SecureFed.Cryptography.Randomness;
using SecureFed.Cryptography.Signing;

namespace SecureFed.Cryptography.Tests.Signing;

/// <summary>Ed25519 beside the openssl command, another implementation. Skipped where that is absent, but failing in continuous integration.</summary>
public sealed class OpenSslTests : IDisposable
{
    // RFC 8410, sections 4 and 7: what stands before the key in SubjectPublicKeyInfo and in PKCS#8.
    private static readonly byte[] PublicKeyHeader = Convert.FromHexString("302a300506032b6570032100");
    private static readonly byte[] PrivateKeyHeader = Convert.FromHexString("302e020100300506032b657004220420");

    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("ed25519");

    [Fact]
    public void OpenSSL_makes_the_same_keys_and_signatures_and_accepts_ours()
    {
        RequireOpenSsl();
        using KeyedRandomSource random = Seeded.Source("openssl");
        for (int i = 0; i < 12; i++)
        {
            byte[] seed = random.Bytes(Ed25519.SeedBytes);
            byte[] message = random.Bytes(1 + i * i * 10);
            Write("key", [.. PrivateKeyHeader, .. seed]);
            Write("message", message);
            Assert.Equal(0, Run("pkey", "-inform", "DER", "-in", "key", "-pubout", "-outform", "DER", "-out", "public"));
            byte[] key = Ed25519.PublicKeyOf(seed);
            Assert.Equal([.. PublicKeyHeader, .. key], Read("public"));

            Assert.Equal(0, Run("pkeyutl", "-sign", "-keyform", "DER", "-inkey", "key", "-rawin", "-in", "message", "-out", "signature"));
            byte[] signature = Ed25519.Sign(seed, message);
            Assert.Equal(Read("signature"), signature);

            Write("ours", signature);
            Assert.Equal(0, Verify("ours"));
            signature[i * 5] ^= 4;
            Write("ours", signature);
            Assert.NotEqual(0, Verify("ours"));
            Assert.False(Ed25519.Verify(key, message, signature));
        }
    }

    [Fact]
    public void Signatures_under_keys_that_OpenSSL_draws_verify()
    {
        RequireOpenSsl();
        for (int i = 0; i < 6; i++)
        {
            byte[] message = Seeded.Source("drawn" + i).Bytes(100 * i + 1);
            Write("message", message);
            Assert.Equal(0, Run("genpkey", "-algorithm", "ed25519", "-outform", "DER", "-out", "key"));
            Assert.Equal(0, Run("pkey", "-inform", "DER", "-in", "key", "-pubout", "-outform", "DER", "-out", "public"));
            Assert.Equal(0, Run("pkeyutl", "-sign", "-keyform", "DER", "-inkey", "key", "-rawin", "-in", "message", "-out", "signature"));
            byte[] key = Read("public")[PublicKeyHeader.Length..];
            Assert.True(Ed25519.Verify(key, message, Read("signature")));
            message[0] ^= 1;
            Assert.False(Ed25519.Verify(key, message, Read("signature")));
        }
    }

    public void Dispose() => folder.Delete(recursive: true);

    private int Verify(string signature) =>
        Run("pkeyutl", "-verify", "-keyform", "DER", "-pubin", "-inkey", "public", "-rawin", "-in", "message", "-sigfile", signature);

    private void RequireOpenSsl()
    {
        try
        {
            if (Run("version") == 0) return;
        }
        catch (Win32Exception)
        {
            // No such command; said below.
        }

        Assert.SkipWhen(
            !string.Equals(Environment.GetEnvironmentVariable("CI"), "true", StringComparison.OrdinalIgnoreCase),
            "The openssl command is not on the path; install OpenSSL 3.");
        Assert.Fail("The openssl command must be present in continuous integration.");
    }

    private int Run(params string[] arguments)
    {
        ProcessStartInfo start = new("openssl", arguments)
        {
            WorkingDirectory = folder.FullName,
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using Process process = Process.Start(start)!;
        // Both are a line or two, below the size of a pipe.
        process.WaitForExit();
        return process.ExitCode;
    }

    private void Write(string file, byte[] bytes) => File.WriteAllBytes(Path.Combine(folder.FullName, file), bytes);

    private byte[] Read(string file) => File.ReadAllBytes(Path.Combine(folder.FullName, file));
}
