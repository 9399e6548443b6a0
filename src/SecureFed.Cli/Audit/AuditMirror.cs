using SecureFed.Cli.Output;
using SecureFed.Protocol.Encryption.Messages;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Masking.Messages;
using SecureFed.Protocol.Messages;
using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Transparency.Log;
using SecureFed.Protocol.Wire;

namespace SecureFed.Cli.Audit;

/// <summary>Copies a log with the blobs that its entries name into a directory, in the layout of <see cref="DirectoryPlace"/>.</summary>
/// <remarks>Believes and checks nothing but names of files: what arrived is for <see cref="AuditRun"/> to verify.</remarks>
internal static class AuditMirror
{
    private const string CheckpointPath = "checkpoint";
    private const string VerifierKeyPath = "vkey";

    /// <exception cref="CommandException">The directory is not empty, or the place has no log.</exception>
    public static void Copy(AuditPlace place, string directory)
    {
        RequireEmpty(directory);
        CopyTo(place, directory);
    }

    /// <summary>The same beside what the directory holds already.</summary>
    public static void CopyTo(AuditPlace place, string directory)
    {
        string log = Path.Combine(directory, DirectoryPlace.LogFolder);
        byte[] note = place.Log.Read(CheckpointPath) ?? throw CommandException.Refuse(ErrorCodes.NotReady, "There is no checkpoint yet.", "Try again in a second.");
        if (!SignedNote.TryParse(note, out SignedNote? signed) || !Checkpoint.TryParse(signed!.Text.Span, out Checkpoint? tree))
            throw CommandException.Refuse(ErrorCodes.CheckpointUntrusted, "The checkpoint is malformed.", "Ask the server's operator; the address may be that of something else.");
        Write(log, CheckpointPath, note);
        if (place.Log.Read(VerifierKeyPath) is { } key)
            Write(log, VerifierKeyPath, key);
        foreach (TilePath path in TilePlan.Between(0, tree!.Size))
        {
            if (place.Log.Read(path.ToString()) is not { } file)
                break; // The verification names what is missing; a checkpoint alone must not keep us asking.
            Write(log, path.ToString(), file);
            if (path.IsEntryBundle && place.Blobs is { } blobs && EntryBundle.TryDecode(file, path.Width, out ReadOnlyMemory<byte>[] entries))
                CopyBlobs(entries, blobs, Path.Combine(directory, DirectoryPlace.BlobFolder));
        }

        if (place.Blobs is not null && LogOriginTask(tree.Origin) is { } task && place.ReadPublishedBudget(task) is { } budget)
            Write(directory, DirectoryPlace.BudgetFile, budget);
    }

    /// <exception cref="CommandException">It holds something.</exception>
    public static void RequireEmpty(string directory)
    {
        if (File.Exists(directory) || (Directory.Exists(directory) && Directory.EnumerateFileSystemEntries(directory).Any()))
            throw CommandException.Refuse("not-empty", $"'{directory}' is not an empty directory; nothing is overwritten.", "Choose a new directory.");
    }

    private static Identifier? LogOriginTask(string origin) => Identifier.TryParse(origin[(origin.LastIndexOf('/') + 1)..], out Identifier task) ? task : null;

    private static void CopyBlobs(IEnumerable<ReadOnlyMemory<byte>> entries, IBlobSource blobs, string directory)
    {
        foreach (ReadOnlyMemory<byte> bytes in entries)
        {
            if (!LogEntry.TryDecode(bytes.Span, out LogEntry? entry))
                continue;
            foreach (Digest digest in DigestsIn(entry!.Event))
            {
                ReadOnlyMemory<byte>? blob = CopyBlob(digest, blobs, directory);
                if (entry.Event is TaskEvent.MessageAccepted
                    && blob is { } record
                    && SignedMessage.TryDecodeRecord(record, out SignedMessage? message) is null
                    && VectorIn(message!.Body) is { } vector)
                {
                    CopyBlob(vector, blobs, directory);
                }
            }
        }
    }

    /// <summary>What the replay adds up. Shares that were sealed to key holders are not copied: no fold opens them.</summary>
    private static Digest? VectorIn(IMessageBody body) => body switch
    {
        UploadStatement masked => masked.WordsDigest,
        EncryptedUploadStatement encrypted => encrypted.CiphertextsDigest,
        SingleKeyUploadStatement encrypted => encrypted.VectorDigest,
        SingleKeyAnswerStatement decrypted => decrypted.ValuesDigest,
        _ => null,
    };

    /// <returns>Null if the place does not hold it: its deletion may be logged, which the verification finds out.</returns>
    private static ReadOnlyMemory<byte>? CopyBlob(Digest digest, IBlobSource blobs, string directory)
    {
        try
        {
            ReadOnlyMemory<byte> blob = blobs.Get(digest);
            Write(directory, digest.ToString(), blob);
            return blob;
        }
        catch (KeyNotFoundException)
        {
            return null;
        }
    }

    private static IEnumerable<Digest> DigestsIn(TaskEvent change) => change switch
    {
        TaskEvent.TaskCreated created => [created.ParametersDigest, created.RosterDigest, created.ModelDigest],
        TaskEvent.RosterChanged changed => [changed.RosterDigest],
        TaskEvent.RoundOpened { Round: var round } => round.Encryption is { } encryption ? [round.PseudonymSaltDigest, encryption.InvitedDigest] : [round.PseudonymSaltDigest],
        TaskEvent.HolderKeyOffered offered => [offered.OfferDigest],
        TaskEvent.MessageAccepted accepted => [accepted.MessageDigest],
        TaskEvent.ListPublished list => [list.ListDigest],
        TaskEvent.RoundClosed closed => [closed.AggregateDigest, closed.MaskTotalDigest],
        TaskEvent.ModelPublished published => [published.ModelDigest],
        TaskEvent.ChangeRequested requested => [requested.RequestDigest],
        TaskEvent.ChangeApproved approved => [approved.ApprovalDigest],
        _ => [],
    };

    private static void Write(string directory, string path, ReadOnlyMemory<byte> bytes)
    {
        string full = Path.Combine(directory, path);
        Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        File.WriteAllBytes(full, bytes.ToArray());
    }
}
