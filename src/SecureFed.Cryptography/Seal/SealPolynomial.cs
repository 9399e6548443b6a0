namespace SecureFed.Cryptography.Seal;

/// <summary>One polynomial as SEAL's Plaintext stores it; plaintexts and secret keys share the layout.</summary>
/// <remarks>SEAL 4.1, plaintext.cpp, save_members: parms_id, coefficients, scale (double), then the words.</remarks>
internal static class SealPolynomial
{
    /// <summary>Members before the words.</summary>
    public const int FixedBytes = SealParametersId.Bytes + (2 * sizeof(ulong));
    private static readonly ulong UnitScale = BitConverter.DoubleToUInt64Bits(1.0);

    /// <summary>Most bytes that members with this many words have.</summary>
    public static int MemberBytes(int words) => FixedBytes + SealReader.ArrayOverheadBytes + (words * sizeof(ulong));

    /// <summary>The number of words to come, which the object's size confirms.</summary>
    /// <param name="reader">At the front of the members.</param>
    /// <param name="id">What the object must name.</param>
    /// <param name="greatestWords">Most that are allowed.</param>
    /// <exception cref="SealFormatException">Anything that does not fit.</exception>
    public static int TakeMetadata(ref SealReader reader, SealParametersId id, int greatestWords)
    {
        int bytes = reader.Remaining;
        SealWords.RequireLevel(new SealParametersId(reader.Take(SealParametersId.Bytes)), id);
        ulong count = reader.TakeWord();
        if (reader.TakeWord() != UnitScale) throw SealFormatException.Metadata("The scale of a BFV object is 1.0; this one differs.");
        if (count > (ulong)greatestWords) throw SealFormatException.Length("The object has more coefficients than its parameters allow.");
        int expected = MemberBytes((int)count);
        if (bytes != expected)
            throw bytes < expected ? SealFormatException.Truncated() : SealFormatException.Length("The object has fewer coefficients than bytes for them.");
        return (int)count;
    }

    /// <summary>The members; the caller clears them if they are secret.</summary>
    public static byte[] Members(SealParametersId id, ReadOnlySpan<ulong> words)
    {
        byte[] members = new byte[MemberBytes(words.Length)];
        id.CopyTo(members);
        var writer = new SealWriter(members.AsSpan(SealParametersId.Bytes));
        writer.PutWord((ulong)words.Length);
        writer.PutWord(UnitScale);
        writer.PutArray(words);
        return members;
    }
}
