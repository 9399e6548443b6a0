using System.Diagnostics.CodeAnalysis;
using SecureFed.Cryptography.Rings;

namespace SecureFed.Cryptography.Sharing;

/// <summary>Interpolation at 0, coordinate by coordinate, of vectors that were shared at fixed points.</summary>
/// <remarks>
/// secret = Σ λ_k · share_k with λ_k = Π over j ≠ k of x_j / (x_j − x_k). Uses all shares given; with more than t of them a wrong one still gives a wrong secret, so
/// <see cref="VectorErrorCorrection"/> looks first. Constant time in the shares. Immutable.
/// </remarks>
public sealed class VectorInterpolation
{
    private readonly PrimeModulus q;

    // Points are public, so these are too.
    private readonly ulong[] lambdas;

    private VectorInterpolation(PrimeModulus q, ulong[] lambdas)
    {
        this.q = q;
        this.lambdas = lambdas;
    }

    /// <returns>False if there is no point, a point repeats, or one is not from 1 to <see cref="VectorSharing.GreatestHolders"/> and below q.</returns>
    public static bool TryCreate(PrimeModulus q, ReadOnlySpan<int> points, [NotNullWhen(true)] out VectorInterpolation? interpolation)
    {
        bool isValid = !points.IsEmpty && AreValid(q, points);
        interpolation = isValid ? new VectorInterpolation(q, Lambdas(q, points)) : null;
        return isValid;
    }

    /// <summary>The vector that the polynomials through all shares have at 0.</summary>
    /// <param name="shares">One stretch of N elements of [0, q) for each point, in the order of the points.</param>
    /// <param name="secret">N elements; overwritten.</param>
    /// <exception cref="ArgumentException">The lengths do not fit.</exception>
    public void Combine(ReadOnlySpan<ulong> shares, Span<ulong> secret)
    {
        if (shares.Length != (long)lambdas.Length * secret.Length) throw new ArgumentException("There is one share for each point.", nameof(shares));
        secret.Clear();
        for (int k = 0; k < lambdas.Length; k++) AddMultiple(lambdas[k], shares.Slice(k * secret.Length, secret.Length), secret);
    }

    internal static bool AreValid(PrimeModulus q, ReadOnlySpan<int> points)
    {
        foreach (int point in points)
        {
            if (point > VectorSharing.GreatestHolders || (ulong)point >= q.Value)
                return false;
        }

        return SharePoints.AreValid(points);
    }

    /// <summary>secret += λ · share.</summary>
    private void AddMultiple(ulong lambda, ReadOnlySpan<ulong> share, Span<ulong> secret)
    {
        for (int i = 0; i < secret.Length; i++) secret[i] = q.Add(secret[i], q.Multiply(lambda, share[i]));
    }

    private static ulong[] Lambdas(PrimeModulus q, ReadOnlySpan<int> points)
    {
        var factors = new ulong[points.Length];
        for (int k = 0; k < points.Length; k++)
        {
            ulong numerator = 1;
            ulong denominator = 1;
            foreach (int point in points)
            {
                if (point == points[k])
                    continue;
                numerator = q.Multiply(numerator, (ulong)point);
                denominator = q.Multiply(denominator, q.Subtract((ulong)point, (ulong)points[k]));
            }

            factors[k] = q.Multiply(numerator, q.Invert(denominator));
        }

        return factors;
    }
}
