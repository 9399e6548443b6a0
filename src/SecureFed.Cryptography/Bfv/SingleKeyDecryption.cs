using System.Runtime.InteropServices;
using System.Security.Cryptography;
using SecureFed.Cryptography.Rings;
using SecureFed.Cryptography.Seal;

namespace SecureFed.Cryptography.Bfv;

/// <summary>Decrypts ciphertexts and sums of a single key: round(t/q·(c₀ + c₁·s)) mod t.</summary>
/// <remarks>
/// Exact while the noise stays below q/2t; the noise itself is never given out, since it tells about the key (Li and Micciancio 2021 for approximate schemes; Cheon et
/// al. 2024, eprint 2024/127, for exact ones). So it is not noticed if a sender spoils the sum. Time depends on N only. Not thread safe.
/// </remarks>
public sealed class SingleKeyDecryption : IDisposable
{
    private readonly SealSecretKey key;
    private readonly SingleKeyRing ring;
    private readonly ulong[] phases;
    private bool isDisposed;

    /// <param name="key">The caller's to dispose.</param>
    /// <exception cref="ArgumentException">No set for single keys has the key's parameters.</exception>
    public SingleKeyDecryption(SealSecretKey key)
    {
        this.key = key;
        ring = SingleKeyRing.Of(key.Parameters);
        phases = GC.AllocateArray<ulong>(ring.Degree, pinned: true);
    }

    /// <param name="ciphertext">Under the key's parameters.</param>
    /// <param name="values">The first of at most N values, overwritten.</param>
    /// <exception cref="ArgumentException">Other parameters, or more than N values.</exception>
    /// <exception cref="ObjectDisposedException">The decryption or the key has been disposed.</exception>
    public void Decrypt(SealCiphertext ciphertext, Span<uint> values)
    {
        ObjectDisposedException.ThrowIf(isDisposed, this);
        if (ciphertext.Parameters.KeyLevel.Id != key.Parameters.KeyLevel.Id) throw new ArgumentException("The ciphertext is under other parameters.", nameof(ciphertext));
        ciphertext.Second.CopyTo(phases);
        ring.Transform.Forward(phases);
        ring.Transform.Multiply(phases, key.Words, phases);
        ring.Transform.Inverse(phases);
        ResidueVector.Add(phases, ciphertext.First, ring.Modulus);
        ring.Decode(phases, values);
    }

    public void Dispose()
    {
        isDisposed = true;
        CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(phases.AsSpan()));
    }
}
