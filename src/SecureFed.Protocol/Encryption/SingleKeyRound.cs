using System.Diagnostics.CodeAnalysis;
using SecureFed.Cryptography.Bfv;
using SecureFed.Cryptography.Seal;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Tasks;

namespace SecureFed.Protocol.Encryption;

/// <summary>What client, server and holder of a round under a single key read alike: its parameters, and the one form in which keys and ciphertexts are taken.</summary>
/// <remarks>
/// SEAL's format has many encodings of one object. Taken is what <see cref="SealCiphertext.Write"/> writes: header 4.1, uncompressed, exact size, every residue below q, a
/// second component that is not zero. So nothing is inflated, a digest names one ciphertext, and what reaches an engine has been read in full.
/// </remarks>
internal static class SingleKeyRound
{
    /// <summary>Outer header and members before the words: parms_id, form, five words, the header and count of the array.</summary>
    private const int OverheadBytes = SealHeader.Bytes + SealParametersId.Bytes + 1 + (5 * sizeof(ulong)) + SealHeader.Bytes + sizeof(ulong);

    public static SealParameters ParametersOf(TaskParameters task) => task.Encryption!.Ring.ToSeal(task.RingBits);

    public static SealParameters ParametersOf(RoundParameters round) => round.Encryption!.Specification.Ring.ToSeal(round.Layout.RingBits);

    /// <summary>⌈d/N⌉ ciphertexts in an upload.</summary>
    public static int CountOf(RoundParameters round) => CheckedSingleKeyEngine.CountOf(ParametersOf(round), round.Layout.Dimension);

    /// <summary>32,881 at N = 2048.</summary>
    public static int CiphertextBytes(SealParameters parameters) => OverheadBytes + (2 * parameters.Degree * parameters.DataLevel.Primes.Length * sizeof(ulong));

    /// <summary>Reads the ciphertexts of one upload.</summary>
    /// <param name="vector">A peer's bytes: whole objects, one after the other.</param>
    /// <param name="round">The round.</param>
    /// <param name="ciphertexts">⌈d/N⌉; empty if something is wrong.</param>
    /// <returns>Null, or what is wrong.</returns>
    public static string? FindFault(ReadOnlySpan<byte> vector, RoundParameters round, out IReadOnlyList<SealCiphertext> ciphertexts)
    {
        ciphertexts = [];
        SealParameters parameters = ParametersOf(round);
        int size = CiphertextBytes(parameters);
        if (vector.Length != CountOf(round) * size)
            return $"this round takes {CountOf(round)} ciphertexts of {size} bytes";
        SealCiphertext[] read = new SealCiphertext[CountOf(round)];
        for (int i = 0; i < read.Length; i++)
        {
            if (FindFault(vector.Slice(i * size, size), parameters, out SealCiphertext? ciphertext) is { } fault)
                return $"ciphertext {i}: {fault}";
            read[i] = ciphertext!;
        }

        ciphertexts = read;
        return null;
    }

    /// <param name="bytes">A peer's.</param>
    /// <param name="parameters">The round's.</param>
    /// <param name="ciphertext">What they hold.</param>
    /// <returns>Null, or what is wrong.</returns>
    public static string? FindFault(ReadOnlySpan<byte> bytes, SealParameters parameters, out SealCiphertext? ciphertext)
    {
        ciphertext = null;
        try
        {
            if (FindFormFault(bytes) is { } form)
                return form;
            if (bytes.Length != CiphertextBytes(parameters))
                return $"it has {bytes.Length} bytes, and a ciphertext of this round has {CiphertextBytes(parameters)}";
            SealCiphertext read = SealCiphertext.Read(bytes, parameters);
            if (!bytes.SequenceEqual(read.Write()))
                return NotCanonical;
            ciphertext = read;
            return null;
        }
        catch (SealFormatException exception)
        {
            return Clause(exception);
        }
    }

    /// <inheritdoc cref="FindFault(ReadOnlySpan{byte}, SealParameters, out SealCiphertext?)"/>
    /// <param name="bytes">A peer's.</param>
    /// <param name="parameters">The task's.</param>
    /// <param name="key">What they hold, seeded or in full.</param>
    public static string? FindFault(ReadOnlySpan<byte> bytes, SealParameters parameters, out SealPublicKey? key)
    {
        key = null;
        try
        {
            if (FindFormFault(bytes) is { } form)
                return form;
            SealPublicKey read = SealPublicKey.Read(bytes, parameters);
            if (!bytes.SequenceEqual(read.Write()))
                return NotCanonical;
            key = read;
            return null;
        }
        catch (SealFormatException exception)
        {
            return Clause(exception);
        }
    }

    private static string NotCanonical => "it is not encoded as SEAL 4.1 saves it";

    /// <summary>Looked at before anything else, so that no stream of a peer is inflated.</summary>
    private static string? FindFormFault(ReadOnlySpan<byte> bytes) => SealHeader.Read(bytes) switch
    {
        { Compression: not SealCompression.None } => "it is compressed; save it without compression",
        { Major: SealHeader.WrittenMajor, Minor: SealHeader.WrittenMinor } => null,
        _ => $"its header is not of version {SealHeader.WrittenMajor}.{SealHeader.WrittenMinor}",
    };

    [SuppressMessage("Globalization", "CA1308", Justification = "The first letter of a sentence that becomes a clause.")]
    private static string Clause(SealFormatException exception) => char.ToLowerInvariant(exception.Message[0]) + exception.Message[1..].TrimEnd('.');
}
