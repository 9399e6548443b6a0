using System.Buffers.Binary;

namespace SecureFed.Cryptography.Seal;

/// <summary>What a SEAL file says about itself, without its coefficients.</summary>
/// <remarks>Where the parameters are known, the file has been read in full, as strictly as by the reader of its kind; otherwise only its layout has been
/// recognised and <see cref="Parameters"/> is null. Products, relinearisation and Galois keys are not recognised.</remarks>
/// <param name="Header">The outer header.</param>
/// <param name="Kind">What it holds.</param>
/// <param name="ParametersId">parms_id that it carries; zero for plaintexts, the key level for parameters.</param>
/// <param name="Parameters">The set under which it was checked, or null.</param>
/// <param name="IsSeeded">Whether the second polynomial is a seed.</param>
/// <param name="WordCount">Coefficients that are stored, each prime counted.</param>
public sealed record SealInspection(
    SealHeader Header, SealObjectKind Kind, SealParametersId ParametersId, SealParameters? Parameters, bool IsSeeded, int WordCount)
{
    private const int SchemeDegreeAndCount = 1 + sizeof(ulong) + sizeof(ulong);
    private static readonly int GreatestMemberBytes =
        SealPair.FixedBytes + SealReader.ArrayOverheadBytes + (SealPair.Components * SealParameters.GreatestPrimes * SealParameters.GreatestDegree * sizeof(ulong));

    /// <param name="file">Header and members.</param>
    /// <param name="parameters">What the file was made under; null to look among the built-in sets.</param>
    /// <exception cref="SealFormatException">No object of a known layout, or one that is not valid under its parameters.</exception>
    public static SealInspection Inspect(ReadOnlySpan<byte> file, SealParameters? parameters = null)
    {
        SealInspection found = Recognise(file);
        SealParameters? set = found.Kind == SealObjectKind.Parameters ? SealParameters.Read(file) : parameters ?? SealParameters.Find(found.ParametersId);
        if (set is null) return found;
        switch (found.Kind)
        {
            case SealObjectKind.Parameters: return found with { Parameters = set, ParametersId = set.KeyLevel.Id };
            case SealObjectKind.Plaintext: SealPlaintext.Read(file, set); break;
            case SealObjectKind.SecretKey: SealSecretKey.Read(file, set).Dispose(); break;
            case SealObjectKind.Ciphertext: SealCiphertext.Read(file, set); break;
            default: SealPublicKey.Read(file, set); break;
        }

        return found with { Parameters = set };
    }

    /// <summary>The layout, told by where the first nested header stands.</summary>
    private static SealInspection Recognise(ReadOnlySpan<byte> file)
    {
        SealHeader header = SealHeader.Read(file);
        using SealMembers opened = SealMembers.Open(file, GreatestMemberBytes);
        ReadOnlySpan<byte> members = opened.Span;
        if (HasHeader(members, SchemeDegreeAndCount)) return new SealInspection(header, SealObjectKind.Parameters, default, null, false, 0);
        bool isPair = HasHeader(members, SealPair.FixedBytes);
        if (!isPair && !HasHeader(members, SealPolynomial.FixedBytes))
        {
            throw new SealFormatException(
                SealErrorCodes.Metadata, "No layout of parameters, keys, plaintexts or ciphertexts fits this file.", "Inspect files that SEAL saved as one of these.");
        }

        var reader = new SealReader(members);
        var id = new SealParametersId(reader.Take(SealParametersId.Bytes));
        bool isNttForm = isPair && reader.TakeByte() != 0;
        ulong first = reader.TakeWord();
        ulong degree = isPair ? reader.TakeWord() : first;
        ulong primes = isPair ? reader.TakeWord() : 1;
        reader.Take((isPair ? SealPair.FixedBytes : SealPolynomial.FixedBytes) - (members.Length - reader.Remaining) + SealHeader.Bytes);
        ulong words = reader.TakeWord();
        if (words > int.MaxValue / sizeof(ulong)) throw SealFormatException.Length("The count of coefficients does not fit the object.");
        SealObjectKind kind = (isPair, isNttForm) switch
        {
            (true, true) => SealObjectKind.PublicKey,
            (true, false) => SealObjectKind.Ciphertext,
            _ => id.IsZero ? SealObjectKind.Plaintext : SealObjectKind.SecretKey,
        };
        return new SealInspection(header, kind, id, null, isPair && (UInt128)words == (UInt128)degree * primes, (int)words);
    }

    private static bool HasHeader(ReadOnlySpan<byte> members, int at) =>
        members.Length >= at + SealHeader.Bytes
        && BinaryPrimitives.ReadUInt16LittleEndian(members[at..]) == SealHeader.Magic
        && members[at + 2] == SealHeader.Bytes;
}
