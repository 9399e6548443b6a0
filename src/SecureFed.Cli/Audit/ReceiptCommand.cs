using System.CommandLine;
using System.Globalization;
using SecureFed.Cli.Commands;
using SecureFed.Cli.Output;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Messages;
using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Transparency.Log;
using SecureFed.Protocol.Wire;

namespace SecureFed.Cli.Audit;

/// <summary><c>securefed audit receipt</c>: one client's proof that its message stands in the log, without network.</summary>
internal static class ReceiptCommand
{
    public static Command Create(Terminal terminal)
    {
        Argument<string> receipt = new("receipt") { Description = "The client's .tlog-proof file." };
        Option<string> verifierKey = CommandOptions.Optional("--vkey", "File with the log's verifier key, got from somebody other than the server.");
        Option<string> policy = CommandOptions.Optional("--policy", "tlog-policy file: the log's key, witnesses and quorum; or a client policy (JSON), which pins them too.");
        Option<string> upload = CommandOptions.Optional("--upload", "The message as the client sent it, or its record as an auditor's copy holds it (blobs/DIGEST): must be the one that the entry names.");
        Command command = new("receipt", "Verifies offline that a receipt's entry stands in the log, and says what that proves. Exit code 3 if it does not.") { receipt, verifierKey, policy, upload, CommandOptions.Json() };
        command.SetAction(parsed =>
        {
            if (parsed.GetValue(verifierKey) is null == parsed.GetValue(policy) is null)
                throw CommandException.Misuse("A receipt is verified under a key that you pinned.", "Give --vkey or --policy.");
            Func<Identifier, TlogPolicy> trusted = AuditTrust.LoadLogOf(parsed.GetValue(verifierKey), parsed.GetValue(policy));
            byte[]? message = parsed.GetValue(upload) is { } file ? File.ReadAllBytes(file) : null;
            return Write(Verify(File.ReadAllBytes(parsed.GetValue(receipt)!), trusted, message), terminal);
        });
        return command;
    }

    /// <summary>What a receipt proves, or why it proves nothing.</summary>
    private static (TlogProof Proof, LogEntry Entry, SignedCheckpoint Checkpoint, bool HasUpload) Verify(byte[] bytes, Func<Identifier, TlogPolicy> policyOf, byte[]? upload)
    {
        if (!TlogProof.TryParse(bytes, out TlogProof? proof))
            throw Refuse(ErrorCodes.LogProofInvalid, "The file is no tlog-proof of version 1.", "Compare it with the one that the client stored.");
        if (proof!.Extra is not { } bytesOfEntry || !LogEntry.TryDecode(bytesOfEntry, out LogEntry? entry))
            throw Refuse(ErrorCodes.LogProofInvalid, "The receipt does not carry the entry that it proves.", "Clients of SecureFed store it as the proof's extra data.");
        TlogPolicy policy = policyOf(entry!.TaskId);
        if (proof.Verify(policy, bytesOfEntry, out SignedCheckpoint? checkpoint) is { } rejection)
            throw Refuse(rejection.Code, rejection.Detail, "Compare the pinned key with the log's owner, and the file with the one that the client stored.");
        if (!IsOfTask(checkpoint!, policy, entry.TaskId))
            throw Refuse(ErrorCodes.CheckpointUntrusted, $"The log {checkpoint!.Checkpoint.Origin} is not the one of the entry's task {entry.TaskId} under its key.", "The receipt was put together from two logs.");
        if (upload is not null && FindDifference(entry, upload) is { } difference)
            throw Refuse("upload-differs", difference, "Give the bytes that this client sent in this round, or the blob that the entry names; anything that was changed or re-encoded is another message.");
        return (proof, entry, checkpoint!, upload is not null);
    }

    private static bool IsOfTask(SignedCheckpoint checkpoint, TlogPolicy policy, Identifier task) =>
        checkpoint.Signers.Any(s => policy.Logs.Contains(s)
            && s.Type == NoteKeyType.Ecdsa
            && EcdsaDer.TryReadKey(s.Key.Span, out ReadOnlySpan<byte> key)
            && string.Equals(LogOrigin.Of(key, task), checkpoint.Checkpoint.Origin, StringComparison.Ordinal));

    /// <summary>Why the entry does not name the message; null if it does. Nothing of the message is shown: it can hold an update.</summary>
    private static string? FindDifference(LogEntry entry, byte[] upload)
    {
        if (entry.Event is not TaskEvent.MessageAccepted accepted)
            return $"The entry is {entry.Event.Type} and names no message.";
        if (SignedMessage.TryDecode(upload, out SignedMessage? message) is not null && SignedMessage.TryDecodeRecord(upload, out message) is not null)
            return "The given file is no message of a client.";
        if (message!.Header.TaskId != entry.TaskId)
            return $"The given message is of task {message.Header.TaskId}, the receipt of {entry.TaskId}.";
        if (message.Header.RoundId != accepted.RoundId)
            return $"The given message is of round {message.Header.RoundId}, the receipt of {accepted.RoundId}.";
        return message.Digest == accepted.MessageDigest ? null : $"The given message has the digest {message.Digest}, the entry names {accepted.MessageDigest}.";
    }

    private static int Write((TlogProof Proof, LogEntry Entry, SignedCheckpoint Checkpoint, bool HasUpload) proven, Terminal terminal)
    {
        (TlogProof proof, LogEntry entry, SignedCheckpoint checkpoint, bool hasUpload) = proven;
        TaskEvent.MessageAccepted? message = entry.Event as TaskEvent.MessageAccepted;
        Checkpoint tree = checkpoint.Checkpoint;
        int witnesses = checkpoint.Signers.Count(s => s.Type == NoteKeyType.Cosignature);
        if (terminal.IsJson)
        {
            terminal.WriteJson(new
            {
                verified = true,
                task = entry.TaskId.ToString(),
                index = proof.Index,
                type = entry.Event.Type.ToString(),
                round = message?.RoundId.ToString(),
                pseudonym = message?.Pseudonym.ToString(),
                messageDigest = message?.MessageDigest.ToString(),
                uploadMatches = hasUpload ? true : (bool?)null,
                origin = tree.Origin,
                entries = tree.Size,
                root = tree.Root.ToString(),
                cosignatures = witnesses,
            });
            return SecureFedCommand.Done;
        }

        terminal.WriteLine(string.Create(CultureInfo.InvariantCulture, $"Verified: entry {proof.Index} of {tree.Origin} is {entry.Event.Type}, under a checkpoint of {tree.Size} entries with {witnesses} cosignatures of witnesses."));
        if (message is not null)
        {
            terminal.WriteLine($"  It records that the server accepted in round {message.RoundId} from pseudonym {message.Pseudonym} the message whose record (the digest of its vector in the vector's place) has SHA-256 {message.MessageDigest}.");
            terminal.WriteLine(hasUpload ? "  That is the given message." : "  Give the message with --upload to see that it is this one.");
        }

        return SecureFedCommand.Done;
    }

    private static CommandException Refuse(string code, string message, string hint) => new(new CommandFailure(code, message, hint, SecureFedCommand.VerificationFailed));
}
