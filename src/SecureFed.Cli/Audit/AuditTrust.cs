using System.Text;
using SecureFed.Cli.Output;
using SecureFed.Client.Configuration;
using SecureFed.Cryptography.Keys;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Policy;
using SecureFed.Protocol.Transparency.Log;
using SecureFed.Protocol.Wire;

namespace SecureFed.Cli.Audit;

/// <summary>Whom an auditor believes: who signs the log, and who enrolled the clients.</summary>
/// <param name="Policy">Logs, witnesses and quorum.</param>
/// <param name="PinnedBy">The file that named the log's key; null if the key came with the log, which proves no more than that one party made all of it.</param>
/// <param name="RosterAuthority">65 bytes; null if none was given.</param>
/// <param name="IsAuthorityPinned">Whether the auditor named it, and not the audited directory.</param>
internal sealed record AuditTrust(TlogPolicy Policy, string? PinnedBy, ReadOnlyMemory<byte>? RosterAuthority, bool IsAuthorityPinned)
{
    private const string VerifierKey = "vkey";

    /// <summary>Reads what the auditor gave; what is missing comes from the audited place and counts as not pinned.</summary>
    /// <param name="verifierKey">File with a vkey on one line, or null.</param>
    /// <param name="policy">tlog-policy file, or null.</param>
    /// <param name="authority">File with a key in base64, or a client policy (JSON), or null.</param>
    /// <param name="place">The audited place.</param>
    public static AuditTrust Load(string? verifierKey, string? policy, string? authority, AuditPlace place)
    {
        if (verifierKey is not null && policy is not null)
            throw CommandException.Misuse("--vkey and --policy both say whose checkpoints count.", "Give one of them; a policy names witnesses too.");
        ClientPolicy? own = authority is null ? null : TryReadPolicy(authority);
        ClientPolicy? found = own is null && authority is null ? place.FindPolicy() : null;
        ReadOnlyMemory<byte>? authorityKey = own?.RosterAuthorityKey ?? (authority is not null ? ReadKey(authority) : found?.RosterAuthorityKey);
        if (verifierKey is not null || policy is not null)
            return new AuditTrust(LoadLog(verifierKey, policy), verifierKey ?? policy, authorityKey, authority is not null);
        if (own is not null && OriginIn(place) is { } origin)
            return new AuditTrust(own.LogPolicy(LogOrigin.Of(own.ServerKey.Span, origin)), authority, authorityKey, true);
        byte[] key = place.Log.Read(VerifierKey) ?? throw Unverifiable("There is no vkey beside the log.", "Give the log's verifier key with --vkey, a policy with --policy, or a client policy with --authority.");
        return new AuditTrust(ParseKey(key) ?? throw Unverifiable($"{place.PathOf(VerifierKey)} is no verifier key.", "Give the right one with --vkey."), null, authorityKey, authority is not null);
    }

    /// <summary>Whose checkpoints of a task's log count; unlike a vkey and a tlog-policy a client policy does not name the log, but the server's key.</summary>
    public static Func<Identifier, TlogPolicy> LoadLogOf(string? verifierKey, string? policy)
    {
        if (policy is not null && TryReadPolicy(policy) is { } own)
            return task => own.LogPolicy(LogOrigin.Of(own.ServerKey.Span, task));
        TlogPolicy log = LoadLog(verifierKey, policy);
        return _ => log;
    }

    /// <summary>Whose checkpoints count, from the one file or the other.</summary>
    public static TlogPolicy LoadLog(string? verifierKey, string? policy)
    {
        if (verifierKey is not null)
        {
            return ParseKey(File.ReadAllBytes(verifierKey))
                ?? throw CommandException.Refuse(ErrorCodes.InvalidConfiguration, $"'{verifierKey}' is no verifier key.", "It is one line: name+id+base64, as GET …/log/vkey gives it.");
        }

        return TlogPolicy.TryParse(File.ReadAllBytes(policy!), out TlogPolicy? read, out string fault)
            ? read!
            : throw CommandException.Refuse(ErrorCodes.InvalidConfiguration, $"'{policy}' is no log policy: {fault}", "See the C2SP document tlog-policy; a client policy (JSON) goes with --authority.");
    }

    private static TlogPolicy? ParseKey(byte[] bytes) =>
        NoteVerifier.TryParse(Encoding.UTF8.GetString(bytes).TrimEnd('\r', '\n'), out NoteVerifier? verifier) && verifier!.Type is NoteKeyType.Ecdsa or NoteKeyType.Ed25519
            ? TlogPolicy.Of(verifier)
            : null;

    private static ClientPolicy? TryReadPolicy(string path) =>
        File.ReadAllText(path).TrimStart().StartsWith('{') ? PolicyFile.Load(path) : null;

    private static byte[] ReadKey(string path)
    {
        byte[] key = new byte[P256.PublicKeyBytes];
        return Convert.TryFromBase64String(File.ReadAllText(path).Trim(), key, out int length) && length == key.Length && P256.IsValidPublicKey(key)
            ? key
            : throw CommandException.Refuse(ErrorCodes.InvalidConfiguration, $"'{path}' is no roster authority.", "It is a P-256 public key of 65 bytes in base64, or a client policy (JSON) that pins one.");
    }

    /// <summary>The task that the checkpoint names; what it names is believed only if its signature holds under the pinned key and that task.</summary>
    private static Identifier? OriginIn(AuditPlace place)
    {
        if (place.Log.Read("checkpoint") is not { } note || !SignedNote.TryParse(note, out SignedNote? signed) || !Checkpoint.TryParse(signed!.Text.Span, out Checkpoint? tree))
            return null;
        return Identifier.TryParse(tree!.Origin[(tree.Origin.LastIndexOf('/') + 1)..], out Identifier task) ? task : null;
    }

    private static CommandException Unverifiable(string message, string hint) =>
        new(new CommandFailure(ErrorCodes.CheckpointUntrusted, message, hint, SecureFedCommand.VerificationFailed));
}
