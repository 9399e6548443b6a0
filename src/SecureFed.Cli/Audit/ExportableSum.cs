using System.Runtime.InteropServices;
using System.Security.Cryptography;
using SecureFed.Cli.Output;
using SecureFed.Cryptography.Bfv;
using SecureFed.Cryptography.Sharing;
using SecureFed.Protocol.Encryption;
using SecureFed.Protocol.Encryption.Messages;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Messages;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Transparency.Log;
using SecureFed.Protocol.Wire;

namespace SecureFed.Cli.Audit;

/// <summary>The sum of one closed round with one-time keys as its log and blobs hold it: the survivors' ciphertexts added up, and the sum of keys that opens them.</summary>
/// <remarks>Every blob is what the log's digest says, and the keys open the ciphertexts to the very sum that the log names; who signed what is for <see cref="AuditRun"/> to verify.</remarks>
internal sealed class ExportableSum : IDisposable
{
    /// <summary>The round has no one-time keys.</summary>
    public const string WrongProtection = "wrong-protection";

    /// <summary>The uploads were deleted by a logged rule.</summary>
    public const string VectorsDeleted = "vectors-deleted";

    private ExportableSum(RoundParameters round, Digest openDigest, CiphertextSum ciphertexts, ulong[] sumOfKeys, Digest aggregate)
    {
        Round = round;
        OpenDigest = openDigest;
        Ciphertexts = ciphertexts;
        SumOfKeys = sumOfKeys;
        AggregateDigest = aggregate;
    }

    public RoundParameters Round { get; }

    public Digest OpenDigest { get; }

    public CiphertextSum Ciphertexts { get; }

    /// <summary>S, N coefficients. Zeroed on dispose.</summary>
    public ulong[] SumOfKeys { get; }

    /// <summary>Blob of the sum that the keys open.</summary>
    public Digest AggregateDigest { get; }

    /// <param name="place">Log and blobs.</param>
    /// <param name="trust">Whose checkpoints count.</param>
    /// <param name="number">Of the round.</param>
    /// <exception cref="CommandException">There is no such sum here, or what is here is not what the log says (exit code 3).</exception>
    public static ExportableSum Read(AuditPlace place, AuditTrust trust, int number)
    {
        EntryAudit entries = new(digest => FindBlob(place, digest));
        RoundTrace trace = new(number);
        LogVerification verified = new LogVerifier(place.Log, trust.Policy).Verify((index, entry) =>
        {
            trace.Add(index, entry.Span);
            return entries.Add(index, entry.Span);
        });
        if (verified.Fault is { } fault)
            throw Untrue(fault.Rejection.Code, $"{place.PathOf(fault.Place)}: {fault.Rejection.Detail}");
        RequireOneTimeKeys(entries.Rounds.FirstOrDefault(r => r.Number == number), trace, number);
        if (place.Blobs is null)
            throw CommandException.Refuse("not-found", $"'{place.Name}' holds no blobs.", $"Take a directory that holds them: {place.WithoutBlobs}.");
        return Add(place, trace);
    }

    public void Dispose() => CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(SumOfKeys.AsSpan()));

    public override string ToString() => "ExportableSum(hidden)";

    private static void RequireOneTimeKeys(AuditedRound? audited, RoundTrace trace, int number)
    {
        if (audited is null || trace.Opened is not { } round)
            throw CommandException.Refuse(ErrorCodes.UnknownRound, $"The log has no round {number}.", "'securefed audit verify' lists the rounds.");
        if (round.Protection != ProtectionKind.Encryption)
        {
            throw CommandException.Refuse(WrongProtection, round.Protection == ProtectionKind.Masking
                ? $"Round {number} is masked: it has neither ciphertexts nor keys."
                : $"Round {number} is encrypted under one holder's own key, which is in no log.", "Only rounds with protection 'encryption' can be exported.");
        }

        if (audited.Phase == RoundPhase.Aborted)
            throw CommandException.Refuse(ErrorCodes.RoundAborted, $"Round {number} was aborted ({audited.AbortReason}): there is no sum of its keys.", "Export a round that was closed.");
        if (audited.Phase != RoundPhase.Closed)
            throw CommandException.Refuse(ErrorCodes.NotReady, $"Round {number} has no sum yet: it is in {audited.Phase}.", "Export it from a later copy of the log.");
        if (audited.VectorsDeleted is { } entry)
            throw CommandException.Refuse(VectorsDeleted, $"The uploads of round {number} were deleted (entry {entry}); their sum cannot be made again.", "Copy a task's blobs with 'securefed audit fetch' before the deletion that it announces.");
    }

    private static ExportableSum Add(AuditPlace place, RoundTrace trace)
    {
        RoundParameters round = trace.Opened!;
        CheckedBlobs blobs = new(place.Blobs!);
        try
        {
            BfvParameters arithmetic = EncryptedRound.ParametersOf(round);
            CiphertextSum sum = new(arithmetic, EncryptedRound.LengthOf(round));
            if (!UploadList.TryDecode(blobs.Get(trace.Survivors).Span, out UploadList? survivors) || survivors!.OpenDigest != trace.OpenDigest || survivors.Uploads.Count != trace.Clients)
                throw Untrue(ErrorCodes.InvalidSurvivors, $"Blob {trace.Survivors} is no list of this round's survivors.");
            foreach (ListedUpload listed in survivors.Uploads)
            {
                if (!sum.TryAdd(CiphertextsOf(blobs, listed).Span))
                    throw Untrue(ErrorCodes.InvalidCiphertext, $"What client {listed.Client} uploaded is no ciphertext of this round.");
            }

            ulong[] keys = new ulong[arithmetic.Set.Degree];
            if (!ResiduePacking.TryUnpack(arithmetic.Set.Modulus, blobs.Get(trace.SumOfKeys).Span, keys))
                throw Untrue(ErrorCodes.InvalidAnswer, $"Blob {trace.SumOfKeys} is no sum of keys.");
            ExportableSum exported = new(round, trace.OpenDigest, sum, keys, trace.Aggregate);
            if (exported.Opens(blobs.Get(trace.Aggregate).Span))
                return exported;
            exported.Dispose();
            throw Untrue(ErrorCodes.InvalidAggregate, "The sum of keys does not open the survivors' ciphertexts to the sum that the log names.");
        }
        catch (KeyNotFoundException exception)
        {
            throw CommandException.Refuse("not-found", exception.Message, "Copy the task again with 'securefed audit fetch', as an auditor of the roster.");
        }
        catch (InvalidOperationException exception)
        {
            throw Untrue(ErrorCodes.IllegalEntry, exception.Message);
        }
    }

    private static ReadOnlyMemory<byte> CiphertextsOf(CheckedBlobs blobs, ListedUpload listed) =>
        SignedMessage.TryDecodeRecord(blobs.Get(listed.UploadDigest), out SignedMessage? record) is null && record!.Body is EncryptedUploadStatement statement && record.Header.Sender == listed.Client
            ? blobs.Get(statement.CiphertextsDigest)
            : throw Untrue(ErrorCodes.InvalidMessage, $"Blob {listed.UploadDigest} is no upload of client {listed.Client}.");

    /// <summary>Whether the keys open the ciphertexts to those words, and the padding to zeros.</summary>
    private bool Opens(ReadOnlySpan<byte> aggregate)
    {
        uint[] expected = new uint[Round.Layout.Dimension];
        uint[] values = new uint[Ciphertexts.Dimension];
        using PublicPolynomials polynomials = new(Ciphertexts.Parameters.Set, OpenDigest.ToArray());
        return RingVector.TryDecode(aggregate, expected)
            && OneTimeDecryption.TryDecrypt(Ciphertexts, polynomials, SumOfKeys, 0, values, out _)
            && values.AsSpan(0, expected.Length).SequenceEqual(expected)
            && !values.AsSpan(expected.Length).ContainsAnyExcept(0U);
    }

    private static ReadOnlyMemory<byte>? FindBlob(AuditPlace place, Digest digest)
    {
        try
        {
            return place.Blobs is { } blobs ? blobs.Get(digest) : default(ReadOnlyMemory<byte>?);
        }
        catch (KeyNotFoundException)
        {
            return null;
        }
    }

    private static CommandException Untrue(string code, string message) =>
        new(new CommandFailure(code, message, "Nothing was written. 'securefed audit verify' examines the whole log.", SecureFedCommand.VerificationFailed));
}
