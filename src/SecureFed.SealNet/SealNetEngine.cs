using System.Collections.Concurrent;
using System.Diagnostics;
using System.Security.Cryptography;
using Microsoft.Research.SEAL;
using SecureFed.Cryptography.Bfv;
using SecureFed.Cryptography.Randomness;
using SecureFed.Cryptography.Seal;
using SecureFed.Protocol.Errors;

namespace SecureFed.SealNet;

/// <summary>Single keys by Microsoft SEAL itself, native code behind its .NET wrapper.</summary>
/// <remarks>
/// <list type="table">
/// <item><term>Randomness</term><description>SEAL's own: BLAKE2xb, seeded by the operating system for each encryption (SEAL 4, randomgen.cpp). The source that callers hand over is not used,
/// so nothing here can be repeated from a seed.</description></item>
/// <item><term>Bytes in</term><description>Only what <see cref="CheckedSingleKeyEngine"/> wrote anew from objects that our parser had read. SEAL checks them once more when it loads them.</description></item>
/// <item><term>Secrets</term><description>Native memory is cleared when it is freed, managed buffers before they are dropped. Values cross over one by one, since the wrapper would leave a copy
/// of an array behind.</description></item>
/// <item><term>Time</term><description>SEAL promises no constant time; that of our engine depends on N only.</description></item>
/// </list>
/// Thread safe: contexts are tables that SEAL only reads, everything else lives for one call.
/// </remarks>
internal sealed class SealNetEngine : ISingleKeyEngine
{
    private static readonly Lazy<SealNetEngine> One = new(() => new SealNetEngine());

    /// <summary>One for each plaintext modulus of S1 and S2, 64 at most; kept as long as the process lives.</summary>
    private readonly ConcurrentDictionary<SealParametersId, SEALContext> contexts = new();

    private SealNetEngine() => Name = $"Microsoft SEAL {NativeVersion()}";

    /// <exception cref="SecureFedException">The package has no native library that loads on this platform.</exception>
    public static SealNetEngine Instance => One.Value;

    public string Name { get; }

    public (byte[] SecretKey, byte[] PublicKey) DrawKeys(SealParameters parameters, IRandomSource random)
    {
        using KeyGenerator generator = new(ContextOf(parameters));
        using SecretKey secretKey = generator.SecretKey;
        generator.CreatePublicKey(out PublicKey publicKey);
        using (publicKey)
            return (Save(secretKey.SaveSize, secretKey.Save), Save(publicKey.SaveSize, publicKey.Save));
    }

    public IReadOnlyList<byte[]> Encrypt(SealParameters parameters, ReadOnlySpan<byte> publicKey, ReadOnlySpan<uint> values, IRandomSource random)
    {
        SEALContext context = ContextOf(parameters);
        using PublicKey key = new();
        using (MemoryStream stream = new(publicKey.ToArray())) key.Load(context, stream);
        using Encryptor encryptor = new(context, key);
        using MemoryPoolHandle pool = MemoryPoolHandle.New(clearOnDestruction: true);
        byte[][] ciphertexts = new byte[CheckedSingleKeyEngine.CountOf(parameters, values.Length)][];
        for (int i = 0; i < ciphertexts.Length; i++)
        {
            ReadOnlySpan<uint> stretch = values[(i * parameters.Degree)..];
            if (stretch.Length > parameters.Degree) stretch = stretch[..parameters.Degree];
            using Plaintext plaintext = new((ulong)parameters.Degree, (ulong)stretch.Length, pool);
            for (int j = 0; j < stretch.Length; j++) plaintext[(ulong)j] = stretch[j];
            using Ciphertext ciphertext = new();
            encryptor.Encrypt(plaintext, ciphertext, pool);
            ciphertexts[i] = Save(ciphertext.SaveSize, ciphertext.Save);
        }

        return ciphertexts;
    }

    public void Decrypt(SealParameters parameters, ReadOnlySpan<byte> secretKey, IReadOnlyList<byte[]> ciphertexts, Span<uint> values)
    {
        SEALContext context = ContextOf(parameters);
        using SecretKey key = Load(context, secretKey);
        using Decryptor decryptor = new(context, key);
        using MemoryPoolHandle pool = MemoryPoolHandle.New(clearOnDestruction: true);
        using Plaintext plaintext = new(pool);
        using Ciphertext ciphertext = new();
        values.Clear();
        for (int i = 0; i < ciphertexts.Count; i++)
        {
            using (MemoryStream stream = new(ciphertexts[i])) ciphertext.Load(context, stream);
            decryptor.Decrypt(ciphertext, plaintext);
            Span<uint> stretch = values[(i * parameters.Degree)..];
            // SEAL trims a plaintext to its highest coefficient that is not zero.
            int count = (int)Math.Min((ulong)Math.Min(stretch.Length, parameters.Degree), plaintext.CoeffCount);
            for (int j = 0; j < count; j++) stretch[j] = checked((uint)plaintext[(ulong)j]);
        }
    }

    public override string ToString() => Name;

    /// <exception cref="InvalidOperationException">SEAL does not take the parameters for 128 bits: they are none of our sets, or its tables have changed.</exception>
    private SEALContext ContextOf(SealParameters parameters) => contexts.GetOrAdd(parameters.KeyLevel.Id, static (_, parameters) =>
    {
        using EncryptionParameters written = new(SchemeType.BFV);
        using MemoryStream stream = new(parameters.Write());
        written.Load(stream);
        SEALContext context = new(written, expandModChain: false, SecLevelType.TC128);
        return context.ParametersSet ? context : throw new InvalidOperationException($"Microsoft SEAL refuses these parameters: {context.ParameterErrorMessage()}");
    }, parameters);

    private static SecretKey Load(SEALContext context, ReadOnlySpan<byte> file)
    {
        byte[] copy = GC.AllocateUninitializedArray<byte>(file.Length, pinned: true);
        file.CopyTo(copy);
        SecretKey key = new();
        try
        {
            using MemoryStream stream = new(copy, writable: false);
            key.Load(context, stream);
            return key;
        }
        catch
        {
            key.Dispose();
            throw;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(copy);
        }
    }

    /// <summary>The object's file, uncompressed; nothing of it stays behind.</summary>
    private static byte[] Save(Func<ComprModeType?, long> size, Func<Stream, ComprModeType?, long> save)
    {
        // Without compression the bound is exact, and a stream over an array of that length never moves to a larger one.
        byte[] file = new byte[size(ComprModeType.None)];
        using MemoryStream stream = new(file);
        return save(stream, ComprModeType.None) == file.Length ? file : throw new UnreachableException("SEAL wrote less than it had announced.");
    }

    private static string NativeVersion()
    {
        try
        {
            return SEALVersion.Version;
        }
        catch (Exception exception) when (exception is DllNotFoundException or BadImageFormatException or EntryPointNotFoundException)
        {
            throw new SecureFedException(
                ErrorCodes.InvalidConfiguration,
                "Microsoft.Research.SEALNet brings no native library that loads here. Build the package for this platform, or leave UseSealNet() out.",
                innerException: exception);
        }
    }
}
