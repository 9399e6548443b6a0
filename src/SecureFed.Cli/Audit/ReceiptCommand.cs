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
        Option<string> policy = CommandOptions.Optional("--policy", "tlog-policy file: the log's key, witnesses and quorum.");
        Option<string> upload = CommandOptions.Optional("--upload", "The message as the client sent it: must be the one that the entry names.");
        Command command = new("receipt", "Verifies offline that a receipt's entry stands in the log, and says what that proves. Exit code 3 if it does not.") { receipt, verifierKey, policy, upload, CommandOptions.Json() };
        command.SetAction(parsed =>
        {
            if (parsed.GetValue(verifierKey) is null == parsed.GetValue(policy) is null)
                throw CommandException.Misuse("A receipt is verified under a key that you pinned.", "Give --vkey or --policy.");
            TlogPolicy trusted = AuditTrust.LoadLog(parsed.GetValue(verifierKey), parsed.GetValue(policy));
            byte[]? message = parsed.GetValue(upload) is { } file ? File.ReadAllBytes(file) : null;
            return Write(Verify(File.ReadAllBytes(parsed.GetValue(receipt)!), trusted, message), terminal);
        });
        return command;
    }

    /// <summary>What a receipt proves, or why it proves nothing.</summary>
    private static (TlogProof Proof, LogEntry Entry, SignedCheckpoint Checkpoint, bool HasUpload) Verify(byte[] bytes, TlogPolicy policy, byte[]? upload)
    {
        if (!TlogProof.TryParse(bytes, out TlogProof? proof))
            throw Refuse(ErrorCodes.LogProofInvalid, "The file is no tlog-proof of version 1.", "Compare it with the one that the client stored.");
        if (proof!.Extra is not { } bytesOfEntry || !LogEntry.TryDecode(bytesOfEntry, out LogEntry? entry))
            throw Refuse(ErrorCodes.LogProofInvalid, "The receipt does not carry the entry that it proves.", "Clients of SecureFed store it as the proof's extra data.");
        if (proof.Verify(policy, bytesOfEntry, out SignedCheckpoint? checkpoint) is { } rejection)
            throw Refuse(rejection.Code, rejection.Detail, "Compare the pinned key with the log's owner, and the file with the one that the client stored.");
        if (!IsOfTask(checkpoint!, policy, entry!.TaskId))
            throw Refuse(ErrorCodes.CheckpointUntrusted, $"The log {checkpoint!.Checkpoint.Origin} is not the one of the entry's task {entry.TaskId} under its key.", "The receipt was put together from two logs.");
        if (upload is not null && !IsNamedBy(entry, upload))
            throw Refuse("upload-differs", "The entry names another message than the given one.", "Compare with the message that the client stored before it sent it.");
        return (proof, entry, checkpoint!, upload is not null);
    }

    private static bool IsOfTask(SignedCheckpoint checkpoint, TlogPolicy policy, Identifier task) =>
        checkpoint.Signers.Any(s => policy.Logs.Contains(s)
            && s.Type == NoteKeyType.Ecdsa
            && EcdsaDer.TryReadKey(s.Key.Span, out ReadOnlySpan<byte> key)
            && string.Equals(LogOrigin.Of(key, task), checkpoint.Checkpoint.Origin, StringComparison.Ordinal));

    private static bool IsNamedBy(LogEntry entry, byte[] upload) =>
        entry.Event is TaskEvent.MessageAccepted accepted
        && SignedMessage.TryDecode(upload, out SignedMessage? message) is null
        && message!.Digest == accepted.MessageDigest
        && message.Header.TaskId == entry.TaskId
        && message.Header.RoundId == accepted.RoundId;

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
            terminal.WriteLine($"  It records that the server accepted in round {message.RoundId} from pseudonym {message.Pseudonym} the message with SHA-256 {message.MessageDigest}.");
            terminal.WriteLine(hasUpload ? "  That is the given message." : "  Give the message with --upload to see that it is this one.");
        }

        return SecureFedCommand.Done;
    }

    private static CommandException Refuse(string code, string message, string hint) => new(new CommandFailure(code, message, hint, SecureFedCommand.VerificationFailed));
}
