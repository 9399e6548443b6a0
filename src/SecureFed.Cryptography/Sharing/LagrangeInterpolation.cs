using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;

namespace SecureFed.Cryptography.Sharing;

/// <summary>Interpolation at 0 through fixed points, for many secrets that were shared at the same points.</summary>
/// <remarks>
/// <list type="table">
/// <item><term>Formula</term><description>secret = sum of lambda_i * share_i with lambda_i = product over j != i of x_j / (x_j - x_i).</description></item>
/// <item><term>Cost</term><description>t^2/2 small multiplications and one inversion to create (all inverses from one, Montgomery 1987, section 10.3.1); t
/// multiplications per secret.</description></item>
/// <item><term>Thread safety</term><description>Immutable once created.</description></item>
/// </list>
/// </remarks>
public sealed class LagrangeInterpolation
{
    // Points are public, so these are too.
    private readonly FieldElement[] lambdas;

    private LagrangeInterpolation(FieldElement[] lambdas) => this.lambdas = lambdas;

    /// <returns>False if there is no point, or a point repeats or is not in 1 to <see cref="ShamirSecretSharing.MaxPoint"/>.</returns>
    public static bool TryCreate(ReadOnlySpan<int> points, [NotNullWhen(true)] out LagrangeInterpolation? interpolation)
    {
        bool isValid = !points.IsEmpty && SharePoints.AreValid(points);
        interpolation = isValid ? new LagrangeInterpolation(Lambdas(points)) : null;
        return isValid;
    }

    /// <summary>The secret that the polynomial through all shares has at 0.</summary>
    /// <param name="shares">One share of 33 bytes per point, in the order of the points.</param>
    /// <param name="secret">Exactly 32 bytes; overwritten, zero after a failure.</param>
    /// <returns>False if a share is not canonical, the length does not fit, or the result is no 32-byte string.</returns>
    /// <exception cref="ArgumentException"><paramref name="secret"/> has another length.</exception>
    public bool TryCombine(ReadOnlySpan<byte> shares, Span<byte> secret)
    {
        RequireSecretLength(secret);
        CryptographicOperations.ZeroMemory(secret);
        if (shares.Length != (long)lambdas.Length * ShamirSecretSharing.ShareBytes) return false;

        FieldElement sum = FieldElement.Zero;
        for (int i = 0; i < lambdas.Length; i++)
        {
            if (!FieldElement.TryFromCanonical(shares.Slice(i * ShamirSecretSharing.ShareBytes, ShamirSecretSharing.ShareBytes), out FieldElement share))
            {
                return false;
            }

            sum += lambdas[i] * share;
        }

        Span<byte> canonical = stackalloc byte[ShamirSecretSharing.ShareBytes];
        sum.WriteCanonical(canonical);
        // The first byte is set only for the 297 field elements that no 32-byte secret maps to: shares that were not made by Split.
        bool isSecret = canonical[0] == 0;
        if (isSecret) canonical[1..].CopyTo(secret);
        CryptographicOperations.ZeroMemory(canonical);
        return isSecret;
    }

    internal static void RequireSecretLength(ReadOnlySpan<byte> secret)
    {
        if (secret.Length != ShamirSecretSharing.SecretBytes)
        {
            throw new ArgumentException($"A secret has {ShamirSecretSharing.SecretBytes} bytes.", nameof(secret));
        }
    }

    /// <summary>lambda_i = (product of all x_j) / (x_i * product over j != i of (x_j - x_i)).</summary>
    internal static FieldElement[] Lambdas(ReadOnlySpan<int> points)
    {
        var denominators = new FieldElement[points.Length];
        FieldElement product = FieldElement.One;
        for (int i = 0; i < points.Length; i++)
        {
            denominators[i] = Denominator(points, i);
            product = product.Multiply((ulong)points[i]);
        }

        // prefixes[i] = product of denominators 0 to i-1; walking back from the inverse of all yields each inverse in turn.
        var prefixes = new FieldElement[points.Length];
        FieldElement running = FieldElement.One;
        for (int i = 0; i < points.Length; i++)
        {
            prefixes[i] = running;
            running *= denominators[i];
        }

        FieldElement inverse = running.Inverse();
        for (int i = points.Length - 1; i >= 0; i--)
        {
            FieldElement suffix = inverse * denominators[i];
            prefixes[i] = prefixes[i] * inverse * product;
            inverse = suffix;
        }

        return prefixes;
    }

    private static FieldElement Denominator(ReadOnlySpan<int> points, int i)
    {
        FieldElement denominator = FieldElement.One;
        // Differences are below 2^20, so two of them fit one small factor. Their signs are public.
        ulong factor = (ulong)points[i];
        bool isNegative = false;
        foreach (int point in points)
        {
            int difference = point - points[i];
            if (difference == 0) continue;
            isNegative ^= difference < 0;
            factor *= (ulong)Math.Abs(difference);
            if (factor < 1UL << 28) continue;
            denominator = denominator.Multiply(factor);
            factor = 1;
        }

        denominator = denominator.Multiply(factor);
        return isNegative ? FieldElement.Zero - denominator : denominator;
    }
}
