using System.Security.Cryptography;

namespace SecureFed.Cryptography.Seal;

/// <summary>A BFV plaintext: a polynomial over Z_t of at most N coefficients, not in NTT form, as Microsoft SEAL stores it.</summary>
/// <remarks>SEAL trims what it decrypts to the highest coefficient that is not zero, so the size of a saved plaintext tells something about it; ours is
/// written as long as it was given. Refuses to print its values.</remarks>
public sealed class SealPlaintext
{
    private readonly ulong[] coefficients;

    private SealPlaintext(SealParameters parameters, ulong[] coefficients)
    {
        Parameters = parameters;
        this.coefficients = coefficients;
    }

    public SealParameters Parameters { get; }

    /// <summary>0 to N coefficients in [0, t), the constant one first.</summary>
    public ReadOnlySpan<ulong> Coefficients => coefficients;

    /// <param name="parameters">N and t.</param>
    /// <param name="coefficients">0 to N in [0, t), copied.</param>
    /// <exception cref="ArgumentException">Too many, or one that is not below t.</exception>
    public static SealPlaintext Create(SealParameters parameters, ReadOnlySpan<ulong> coefficients)
    {
        if (coefficients.Length > parameters.Degree) throw new ArgumentException("There are more coefficients than N.", nameof(coefficients));
        if (coefficients.ContainsAnyExceptInRange(0UL, parameters.PlainModulus - 1)) throw new ArgumentException("A coefficient is not below t.", nameof(coefficients));
        return new SealPlaintext(parameters, coefficients.ToArray());
    }

    /// <summary>Reads what Plaintext::save wrote.</summary>
    /// <exception cref="SealFormatException">Not exactly one valid plaintext under <paramref name="parameters"/>.</exception>
    public static SealPlaintext Read(ReadOnlySpan<byte> file, SealParameters parameters)
    {
        using SealMembers members = SealMembers.Open(file, SealPolynomial.MemberBytes(parameters.Degree));
        var reader = new SealReader(members.Span);
        ulong[] taken = new ulong[SealPolynomial.TakeMetadata(ref reader, default, parameters.Degree)];
        reader.TakeArray(taken);
        reader.End();
        if (taken.AsSpan().ContainsAnyExceptInRange(0UL, parameters.PlainModulus - 1))
            throw new SealFormatException(SealErrorCodes.CoefficientRange, "A coefficient of the plaintext is not below t.", "Encode values in [0, t).");
        return new SealPlaintext(parameters, taken);
    }

    /// <summary>The bytes that Plaintext::load takes.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A compression that is not written.</exception>
    public byte[] Write(SealCompression compression = SealCompression.None)
    {
        byte[] members = SealPolynomial.Members(default, coefficients);
        try
        {
            return SealMembers.Close(members, compression);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(members);
        }
    }

    /// <summary>The number of coefficients and nothing else.</summary>
    public override string ToString() => $"SealPlaintext({coefficients.Length} coefficients)";
}
