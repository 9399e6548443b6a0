using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace SecureFed.Cryptography.Sharing;

/// <summary>Recovers a shared secret although some shares are wrong, and says which.</summary>
/// <remarks>
/// <list type="table">
/// <item><term>Reference</term><description>McEliece and Sarwate, On sharing secrets and Reed-Solomon codes, CACM 24(9), 1981; decoder of Gao, A new algorithm for
/// decoding Reed-Solomon codes, 2003, section 2, Algorithm 1a.</description></item>
/// <item><term>Code</term><description>m shares at distinct points are the values of a polynomial of degree below t, except for e errors.</description></item>
/// <item><term>Radius</term><description>Finds the secret whenever e is at most floor((m - t) / 2). With m = t every set of shares is consistent.</description></item>
/// <item><term>Beyond it</term><description>Usually fails, but with more errors another polynomial can be nearer: the caller checks the secret against a commitment or
/// a public key.</description></item>
/// <item><term>Cost</term><description>O(m^2) field operations, two inversions and one for each error; about 7 m field elements of memory.</description></item>
/// <item><term>Constant time</term><description>No: time tells how many shares are wrong. Whoever calls this holds m of m shares and so the secret itself.</description></item>
/// </list>
/// Measured on one Zen 4 core: m = 138, t = 102 with 18 errors in 1.4 ms.
/// </remarks>
public static class ShareErrorCorrection
{
    /// <summary>Most wrong shares that are corrected and named for certain: floor((m - t) / 2).</summary>
    /// <param name="shares">m, at least <paramref name="threshold"/>.</param>
    /// <param name="threshold">t.</param>
    public static int Radius(int shares, int threshold) => (shares - threshold) / 2;

    /// <summary>The secret of the only polynomial of degree below t that agrees with all but <see cref="Radius"/> shares, if there is one.</summary>
    /// <param name="points">Point of each share: distinct, 1 to <see cref="ShamirSecretSharing.MaxPoint"/>.</param>
    /// <param name="shares">points.Length * <see cref="ShamirSecretSharing.ShareBytes"/> bytes.</param>
    /// <param name="threshold">t, 1 to points.Length.</param>
    /// <param name="secret">Exactly 32 bytes; overwritten, zero after a failure.</param>
    /// <param name="isWrong">One place for each point; overwritten, all false after a failure.</param>
    /// <returns>False if too many shares are wrong, a share is not canonical, a point is out of range or repeats, a length or the threshold does not fit, or the
    /// result is no 32-byte string.</returns>
    /// <exception cref="ArgumentException"><paramref name="secret"/> or <paramref name="isWrong"/> has another length.</exception>
    public static bool TryCombine(ReadOnlySpan<int> points, ReadOnlySpan<byte> shares, int threshold, Span<byte> secret, Span<bool> isWrong)
    {
        LagrangeInterpolation.RequireSecretLength(secret);
        if (isWrong.Length != points.Length) throw new ArgumentException("There is one answer for each point.", nameof(isWrong));
        CryptographicOperations.ZeroMemory(secret);
        isWrong.Clear();
        int m = points.Length;
        if (threshold < 1 || threshold > m || shares.Length != (long)m * ShamirSecretSharing.ShareBytes || !SharePoints.AreValid(points)) return false;

        // Six polynomials in one pinned array, so that one call zeroes them all.
        int locatorLength = Radius(m, threshold) + 1;
        FieldElement[] memory = GC.AllocateArray<FieldElement>(m + 2 * (m + 1) + 2 * locatorLength + threshold, pinned: true);
        try
        {
            Span<FieldElement> free = memory;
            Span<FieldElement> values = Take(ref free, m);
            for (int i = 0; i < m; i++)
            {
                if (!FieldElement.TryFromCanonical(shares.Slice(i * ShamirSecretSharing.ShareBytes, ShamirSecretSharing.ShareBytes), out values[i])) return false;
            }

            Span<FieldElement> vanishing = Take(ref free, m + 1);
            Span<FieldElement> received = Take(ref free, m + 1);
            Span<FieldElement> locator = Take(ref free, locatorLength);
            Span<FieldElement> message = Take(ref free, threshold);
            Vanish(points, vanishing);
            Interpolate(points, values, vanishing, received);
            return TryDivide(vanishing, received, Take(ref free, locatorLength), locator, message)
                && TryCompare(points, values, message, isWrong)
                && TryWrite(message[0], secret, isWrong);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(memory.AsSpan()));
        }
    }

    private static Span<FieldElement> Take(ref Span<FieldElement> free, int count)
    {
        Span<FieldElement> taken = free[..count];
        free = free[count..];
        return taken;
    }

    /// <summary>g0(x) = product of (x - x_i), lowest coefficient first.</summary>
    private static void Vanish(ReadOnlySpan<int> points, Span<FieldElement> g0)
    {
        g0[0] = FieldElement.One;
        for (int i = 0; i < points.Length; i++)
        {
            ulong x = (ulong)points[i];
            for (int j = i + 1; j > 0; j--) g0[j] = g0[j - 1] - g0[j].Multiply(x);
            g0[0] = FieldElement.Zero - g0[0].Multiply(x);
        }
    }

    /// <summary>g1, of degree below m, with g1(x_i) = y_i: the sum of y_i / g0'(x_i) * g0(x) / (x - x_i).</summary>
    private static void Interpolate(ReadOnlySpan<int> points, ReadOnlySpan<FieldElement> values, ReadOnlySpan<FieldElement> g0, Span<FieldElement> g1)
    {
        // g0'(x_i) = product over j != i of (x_i - x_j), and lambda_i = product of x_j / x_i / product over j != i of (x_j - x_i); g0(0) = (-1)^m product of x_j.
        FieldElement[] lambdas = LagrangeInterpolation.Lambdas(points);
        FieldElement scale = (FieldElement.Zero - g0[0]).Inverse();
        for (int i = 0; i < points.Length; i++)
        {
            ulong x = (ulong)points[i];
            FieldElement weight = lambdas[i].Multiply(x) * scale * values[i];
            FieldElement quotient = FieldElement.Zero;
            for (int j = points.Length - 1; j >= 0; j--)
            {
                quotient = quotient.MultiplyAdd(x, g0[j + 1]);
                g1[j] += weight * quotient;
            }
        }
    }

    /// <summary>Partial extended Euclid on g0 and g1 until the remainder g = u g0 + v g1 has degree below (m + t) / 2; then f = g / v.</summary>
    /// <remarks>The remainder of g / v is not looked at: whether f agrees with enough shares is compared afterwards, and only one polynomial can.</remarks>
    /// <returns>False if the quotient has degree t or more.</returns>
    private static bool TryDivide(Span<FieldElement> g0, Span<FieldElement> g1, Span<FieldElement> v0, Span<FieldElement> v1, Span<FieldElement> message)
    {
        int m = g0.Length - 1;
        int stop = m + message.Length;
        int degree0 = m;
        int degree1 = DegreeOf(g1, m - 1);
        v1[0] = FieldElement.One;
        while (2 * degree1 >= stop)
        {
            FieldElement inverse = g1[degree1].Inverse();
            for (int shift = degree0 - degree1; shift >= 0; shift--)
            {
                FieldElement factor = g0[degree1 + shift] * inverse;
                SubtractMultiple(g0[shift..], factor, g1[..(degree1 + 1)]);
                // deg v0 = m - deg g1 from here on, at most (m - t) / 2, so what the slices leave out is zero.
                SubtractMultiple(v0[shift..], factor, v1[..(v1.Length - shift)]);
            }

            int degree = DegreeOf(g0, degree1 - 1);
            Span<FieldElement> g = g0;
            g0 = g1;
            g1 = g;
            Span<FieldElement> v = v0;
            v0 = v1;
            v1 = v;
            (degree0, degree1) = (degree1, degree);
        }

        int divisor = DegreeOf(v1, v1.Length - 1);
        if (degree1 - divisor >= message.Length) return false;
        FieldElement lead = v1[divisor].Inverse();
        for (int shift = degree1 - divisor; shift >= 0; shift--)
        {
            message[shift] = g1[divisor + shift] * lead;
            SubtractMultiple(g1[shift..], message[shift], v1[..(divisor + 1)]);
        }

        return true;
    }

    /// <summary>a -= factor * b, coefficient by coefficient.</summary>
    private static void SubtractMultiple(Span<FieldElement> a, in FieldElement factor, ReadOnlySpan<FieldElement> b)
    {
        for (int i = 0; i < b.Length; i++) a[i] -= factor * b[i];
    }

    /// <summary>Highest place up to <paramref name="greatest"/> that is not zero; -1 for the zero polynomial.</summary>
    private static int DegreeOf(ReadOnlySpan<FieldElement> polynomial, int greatest)
    {
        int degree = greatest;
        while (degree >= 0 && polynomial[degree].IsZero) degree--;
        return degree;
    }

    private static bool TryCompare(ReadOnlySpan<int> points, ReadOnlySpan<FieldElement> values, ReadOnlySpan<FieldElement> message, Span<bool> isWrong)
    {
        int wrong = 0;
        for (int i = 0; i < points.Length; i++)
        {
            isWrong[i] = !(ShamirSecretSharing.Evaluate(message, points[i]) - values[i]).IsZero;
            if (isWrong[i]) wrong++;
        }

        if (wrong <= Radius(points.Length, message.Length)) return true;
        isWrong.Clear();
        return false;
    }

    private static bool TryWrite(in FieldElement element, Span<byte> secret, Span<bool> isWrong)
    {
        Span<byte> canonical = stackalloc byte[ShamirSecretSharing.ShareBytes];
        element.WriteCanonical(canonical);
        bool isSecret = canonical[0] == 0;
        if (isSecret) canonical[1..].CopyTo(secret);
        else isWrong.Clear();
        CryptographicOperations.ZeroMemory(canonical);
        return isSecret;
    }
}
