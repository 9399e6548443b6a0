using System.Runtime.CompilerServices;
using SecureFed.Cryptography.Rings;

namespace SecureFed.Cryptography.Bfv;

/// <summary>Recovers the sum of updates mod 2^b from the sum of ciphertexts and the sum of keys.</summary>
/// <remarks>
/// phase_j = 2^r·Σu_j + a_j·S − ⌊n/2⌋ mod q, the last term the known mean of rounding; M = round(phase/Δ), exact while the noise stays within
/// <see cref="BfvParameters.Margin"/>. All of it is known to the server: nothing here is secret, and nothing runs in constant time.
/// </remarks>
public static class OneTimeDecryption
{
    /// <param name="sum">At least one ciphertext.</param>
    /// <param name="polynomials">Of the round.</param>
    /// <param name="sumOfKeys">S = Σ s_i over the same clients, N coefficients.</param>
    /// <param name="wraps">How often the integer sum may have left [−2^(b−1), 2^(b−1)): 0 where the ring was sized for the sum, at most
    /// <see cref="BfvParameters.GreatestWraps"/>. Every wrap allowed makes the check coarser.</param>
    /// <param name="values">Length d; the sum mod 2^b, or zeros if the check refuses.</param>
    /// <param name="check">What the residue says.</param>
    /// <returns>False if the residue is not what honest errors give, or a coefficient of <paramref name="sumOfKeys"/> is not below q.</returns>
    /// <exception cref="ArgumentException">Lengths or sets differ, or there is nothing in the sum.</exception>
    /// <exception cref="ArgumentOutOfRangeException">More wraps than can be told from noise.</exception>
    public static bool TryDecrypt(CiphertextSum sum, PublicPolynomials polynomials, ReadOnlySpan<ulong> sumOfKeys, int wraps, Span<uint> values, out ResidueCheck check)
    {
        BfvParameters parameters = sum.Parameters;
        int degree = parameters.Set.Degree;
        if (sum.Clients == 0) throw new ArgumentException("No ciphertext has been added.", nameof(sum));
        if (polynomials.Set != parameters.Set) throw new ArgumentException("Sum and polynomials are of one set.", nameof(polynomials));
        if (sumOfKeys.Length != degree) throw new ArgumentException($"The sum of keys has {degree} coefficients.", nameof(sumOfKeys));
        if (values.Length != sum.Dimension) throw new ArgumentException($"The sum has {sum.Dimension} coefficients.", nameof(values));
        if (wraps < 0 || wraps > parameters.GreatestWraps) throw new ArgumentOutOfRangeException(nameof(wraps), wraps, $"From 0 to {parameters.GreatestWraps}.");

        double deviation = parameters.NoiseDeviationOf(sum.Clients);
        check = new ResidueCheck(0, 0, 0, deviation);
        values.Clear();
        foreach (ulong coefficient in sumOfKeys)
        {
            if (coefficient >= parameters.Set.Modulus.Value) return false;
        }

        ulong[] keys = sumOfKeys.ToArray();
        parameters.Set.Transform.Forward(keys);
        var words = new ulong[degree];
        int refused = 0, polynomial = 0;
        double squares = 0;
        for (int at = 0; at < values.Length; at += degree, polynomial++)
        {
            int count = Math.Min(degree, values.Length - at);
            polynomials.Expand(polynomial, words);
            parameters.Set.Transform.Multiply(words, keys, words);
            parameters.Set.Transform.Inverse(words);
            double squaresHere = Decode(sum.Totals.Slice(at, count), words, values.Slice(at, count), sum, wraps);
            if (squaresHere > ResidueCheck.Bound(count, deviation * deviation)) refused++;
            squares += squaresHere;
        }

        check = new ResidueCheck(polynomial, refused, Math.Sqrt(squares / values.Length), deviation);
        if (!check.IsHonest) values.Clear();
        return check.IsHonest;
    }

    /// <summary>Rounds phases to multiples of Δ.</summary>
    /// <returns>The sum of squares of what is left.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static double Decode(ReadOnlySpan<ulong> totals, ReadOnlySpan<ulong> products, Span<uint> values, CiphertextSum sum, int wraps)
    {
        BfvParameters parameters = sum.Parameters;
        PrimeModulus q = parameters.Set.Modulus;
        double delta = parameters.Delta;
        double gap = Math.Max(1, Math.Abs(parameters.Gap));
        uint mask = Ring.Mask(parameters.PlainBits);
        // The mean of rounding is n/2; its half beyond the integer is taken from the residue.
        ulong mean = parameters.DroppedBits == 0 ? 0 : (ulong)sum.Clients / 2;
        double rest = parameters.DroppedBits == 0 ? 0 : (sum.Clients % 2) / 2.0;
        ulong halfDelta = parameters.Delta / 2;
        ulong shift = halfDelta >= mean ? halfDelta - mean : q.Negate(mean - halfDelta);
        int dropped = parameters.DroppedBits;
        double squares = 0;
        for (int i = 0; i < values.Length; i++)
        {
            ulong total = totals[i];
            ulong phase = q.Reduce(dropped == 0 ? 0 : total >> (64 - dropped), unchecked(total << dropped));
            // Centred after adding Δ/2: so the 2^b intervals of length Δ, which do not quite fill q, lose the same at both ends.
            long y = q.Center(q.Add(q.Add(phase, products[i]), shift));
            // Exact: y has at most 50 bits, and a quotient just below an integer is farther from it than half a unit in the last place.
            double multiple = Math.Floor(y / delta);
            values[i] = unchecked((uint)(long)multiple) & mask;
            double residue = y - (multiple * delta) - halfDelta - rest;
            if (wraps > 0) residue -= gap * Math.Clamp(Math.Round(residue / gap), -wraps, wraps);
            squares += residue * residue;
        }

        return squares;
    }
}
