namespace SecureFed.Cryptography.Seal;

/// <summary>What every reader asks of the words it took.</summary>
internal static class SealWords
{
    /// <summary>Index of the first word at or above its modulus, or −1. No early exit: the words may be a secret key.</summary>
    /// <param name="polynomial">k·N words, prime-major.</param>
    /// <param name="degree">N.</param>
    /// <param name="level">The k primes.</param>
    public static int FirstUnreduced(ReadOnlySpan<ulong> polynomial, int degree, SealLevel level)
    {
        int first = -1;
        for (int i = polynomial.Length - 1; i >= 0; i--)
        {
            if (polynomial[i] >= level.Primes[i / degree].Value) first = i;
        }

        return first;
    }

    /// <exception cref="SealFormatException">A word is not below its modulus.</exception>
    public static void RequireReduced(ReadOnlySpan<ulong> polynomial, int degree, SealLevel level)
    {
        int at = FirstUnreduced(polynomial, degree, level);
        if (at >= 0)
        {
            throw new SealFormatException(
                SealErrorCodes.CoefficientRange, $"Coefficient {at % degree} of prime {at / degree} is not below its modulus.", "Refuse the sender's object: SEAL writes reduced coefficients only.");
        }
    }

    /// <exception cref="SealFormatException">The object names another level or other parameters.</exception>
    public static void RequireLevel(SealParametersId found, SealParametersId expected)
    {
        if (found != expected)
        {
            throw new SealFormatException(
                SealErrorCodes.ParametersMismatch,
                $"The object was made under parameters {found}; expected {expected}.",
                "Use the same parameters on both sides, and objects that were not switched to another modulus.");
        }
    }

    public static bool IsZero(ReadOnlySpan<ulong> words) => !words.ContainsAnyExcept(0UL);
}
