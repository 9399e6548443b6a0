using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace SecureFed.Cryptography.Seal;

/// <summary>A secret key of the key level in NTT form, as Microsoft SEAL stores it.</summary>
/// <remarks>Pinned and zeroed on <see cref="Dispose"/>. Files hold it in the clear: whoever writes one protects it. NTT order as in
/// <see cref="SealPublicKey"/>. That s is small is not checked: the sum of many keys is a key too.</remarks>
public sealed class SealSecretKey : IDisposable
{
    private readonly ulong[] words;
    private bool disposed;

    private SealSecretKey(SealParameters parameters)
    {
        Parameters = parameters;
        words = GC.AllocateArray<ulong>(parameters.KeyLevel.Primes.Length * parameters.Degree, pinned: true);
    }

    public SealParameters Parameters { get; }

    /// <summary>k·N residues of s in NTT form, prime-major.</summary>
    /// <exception cref="ObjectDisposedException">The key has been disposed.</exception>
    public ReadOnlySpan<ulong> Words
    {
        get
        {
            ObjectDisposedException.ThrowIf(disposed, this);
            return words;
        }
    }

    /// <param name="parameters">N, and the k primes of the key level.</param>
    /// <param name="words">k·N residues in NTT form, copied; the original is the caller's to clear.</param>
    /// <exception cref="ArgumentException">Another length or a word that is not reduced.</exception>
    public static SealSecretKey Create(SealParameters parameters, ReadOnlySpan<ulong> words)
    {
        var key = new SealSecretKey(parameters);
        if (words.Length != key.words.Length) throw new ArgumentException($"The level needs {key.words.Length} words.", nameof(words));
        if (SealWords.FirstUnreduced(words, parameters.Degree, parameters.KeyLevel) >= 0) throw new ArgumentException("A word is not below its modulus.", nameof(words));
        words.CopyTo(key.words);
        return key;
    }

    /// <summary>Reads what SecretKey::save wrote.</summary>
    /// <exception cref="SealFormatException">Not exactly one valid secret key under <paramref name="parameters"/>.</exception>
    public static SealSecretKey Read(ReadOnlySpan<byte> file, SealParameters parameters)
    {
        int count = parameters.KeyLevel.Primes.Length * parameters.Degree;
        using SealMembers members = SealMembers.Open(file, SealPolynomial.MemberBytes(count));
        var reader = new SealReader(members.Span);
        if (SealPolynomial.TakeMetadata(ref reader, parameters.KeyLevel.Id, count) != count)
            throw SealFormatException.Length("A secret key has N coefficients for each prime; this object has fewer.");
        var key = new SealSecretKey(parameters);
        try
        {
            reader.TakeArray(key.words);
            reader.End();
            SealWords.RequireReduced(key.words, parameters.Degree, parameters.KeyLevel);
        }
        catch (SealFormatException)
        {
            key.Dispose();
            throw;
        }

        return key;
    }

    /// <summary>The bytes that SecretKey::load takes, for the caller to protect and to clear.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A compression that is not written.</exception>
    /// <exception cref="ObjectDisposedException">The key has been disposed.</exception>
    public byte[] Write(SealCompression compression = SealCompression.None)
    {
        byte[] members = SealPolynomial.Members(Parameters.KeyLevel.Id, Words);
        try
        {
            return SealMembers.Close(members, compression);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(members);
        }
    }

    /// <summary>The level and nothing else.</summary>
    public override string ToString() => $"SealSecretKey({Parameters.KeyLevel.Id})";

    public void Dispose()
    {
        disposed = true;
        CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(words.AsSpan()));
    }
}
