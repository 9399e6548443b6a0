using System.Runtime.InteropServices;
using System.Security.Cryptography;
using SecureFed.Cryptography.Randomness;

namespace SecureFed.Cryptography.Bfv;

/// <summary>One client's secret polynomial s for one round: shared among the key holders, used by one encryption, and gone.</summary>
/// <remarks>Coefficients are discrete Gaussian of width σ, drawn in constant time. Memory is pinned and zeroed by <see cref="Dispose"/>.</remarks>
public sealed class OneTimeSecretKey : IDisposable
{
    private readonly ulong[] coefficients;
    private readonly ulong[] values;
    private bool isUsed;
    private bool isDisposed;

    private OneTimeSecretKey(BfvSet set)
    {
        Set = set;
        coefficients = GC.AllocateArray<ulong>(set.Degree, pinned: true);
        values = GC.AllocateArray<ulong>(set.Degree, pinned: true);
    }

    public BfvSet Set { get; }

    /// <summary>s, N coefficients in [0, q): what is shared.</summary>
    /// <exception cref="ObjectDisposedException">The key has been disposed.</exception>
    public ReadOnlySpan<ulong> Coefficients
    {
        get
        {
            ObjectDisposedException.ThrowIf(isDisposed, this);
            return coefficients;
        }
    }

    /// <summary>s, as values.</summary>
    internal ReadOnlySpan<ulong> Values
    {
        get
        {
            ObjectDisposedException.ThrowIf(isDisposed, this);
            return values;
        }
    }

    /// <exception cref="ArgumentException">The set is for a single key.</exception>
    public static OneTimeSecretKey Draw(BfvSet set, IRandomSource random)
    {
        if (set.Keys != BfvKeys.OneTime) throw new ArgumentException($"{set} is for a single key; one-time keys use {BfvSet.A1}.", nameof(set));
        OneTimeSecretKey key = new(set);
        Span<long> drawn = MemoryMarshal.Cast<ulong, long>(key.coefficients.AsSpan());
        BfvSet.Sampler.Fill(drawn, random);
        for (int i = 0; i < drawn.Length; i++) key.coefficients[i] = set.Modulus.FromSigned(drawn[i]);
        key.coefficients.CopyTo(key.values, 0);
        set.Transform.Forward(key.values);
        return key;
    }

    /// <summary>The type and nothing else.</summary>
    public override string ToString() => nameof(OneTimeSecretKey);

    public void Dispose()
    {
        isDisposed = true;
        CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(coefficients.AsSpan()));
        CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(values.AsSpan()));
    }

    /// <summary>Claims the key for the only encryption it may serve: two messages under one a_j and s differ by known multiples of Δ and two small errors.</summary>
    /// <exception cref="InvalidOperationException">It has served one.</exception>
    internal void Use()
    {
        ObjectDisposedException.ThrowIf(isDisposed, this);
        if (isUsed) throw new InvalidOperationException("A one-time key encrypts once; draw another one.");
        isUsed = true;
    }
}
