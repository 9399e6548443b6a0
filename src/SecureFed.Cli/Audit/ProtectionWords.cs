using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Transparency;

namespace SecureFed.Cli.Audit;

/// <summary>What an audit says differently by how updates are hidden.</summary>
/// <param name="Name">As an operator writes it.</param>
/// <param name="Act">What hides single updates.</param>
/// <param name="Senders">Who signs messages of a round.</param>
/// <param name="Sum">What a sum is computed again from.</param>
/// <param name="Removed">What is computed again of a sum whose uploads are gone.</param>
/// <param name="InputPrivacy">What the server learns.</param>
/// <param name="Definition">On what the promise towards the server rests beside noise.</param>
/// <param name="Exposure">What clients send.</param>
/// <param name="Blobs">What an auditor with blobs learns of uploads.</param>
/// <param name="Limit">What is not shown.</param>
/// <param name="Keys">Keys that are fresh in every round.</param>
/// <param name="KeyFate">What becomes of them.</param>
internal sealed record ProtectionWords(
    string Name, string Act, string Senders, string Sum, string Removed, string InputPrivacy, string Definition, string Exposure, string Blobs, string Limit, string Keys, string KeyFate)
{
    /// <summary>DESIGN section 3: a single key protects against a curious server only, and only while every client encrypts honestly.</summary>
    public const string SingleKeyWarning =
        "Single key: one malformed ciphertext of any client discloses the round's key, and with it every upload of that round. This protects against a curious server only, and only while every client encrypts honestly.";

    private static readonly ProtectionWords Masking = new(
        "masking",
        "masking",
        "clients",
        "the logged uploads minus the logged masks",
        "their masks",
        "secure aggregation by masking: the server learns sums of at least S_min updates, never one update",
        "the masks too, whose security is computational",
        "rows stay with their owners; clients send masked integers",
        "the masked uploads, the sums of masks",
        "Masking does not show that a client's update is honest; clipping is each client's own act.",
        "round keys and mask seeds",
        "clients erase them when the round is over; the log holds no key");

    private static readonly ProtectionWords OneTimeKeys = new(
        "encryption",
        "encryption",
        "clients and key holders",
        "the logged ciphertexts opened with the logged sums of key shares",
        "their sums of keys",
        "secure aggregation by encryption under one-time keys: the server learns sums of at least S_min updates, never one update, while fewer key holders collude with it than are provided for",
        "the encryption too, whose security is computational",
        "rows stay with their owners; clients send encrypted integers",
        "the encrypted uploads, the sums of the clients' one-time keys",
        "Encryption does not show that a client's update is honest; clipping is each client's own act. A malformed ciphertext shifts the sum or loses the round, and reveals no other client's key.",
        "clients' one-time keys and key holders' round keys",
        "of clients' keys only the sum over one signed list becomes known; holders erase theirs when the round is over");

    private static readonly ProtectionWords SingleKey = new(
        "encryption-single-key",
        "encryption under a single key",
        "clients and the key holder",
        "the logged ciphertexts opened with the logged answers of the key holder",
        "the answers of the key holder",
        "secure aggregation by encryption under a single key: the server learns sums of at least S_min updates only as long as it follows the protocol and every client encrypts honestly",
        "the encryption and on one key holder too; the security is computational, and against a curious server only",
        "rows stay with their owners; clients send encrypted integers",
        "the encrypted uploads",
        "Encryption does not show that a client's update is honest; clipping is each client's own act. " + SingleKeyWarning,
        "round key of the one key holder",
        "it opens every upload of its round; the holder erases it when the round is over");

    /// <summary>What the task's parameters or, without them, its rounds say; masking before either is known.</summary>
    public static ProtectionWords Of(EntryAudit audit) => (audit.Parameters?.Protection ?? audit.LastOpened?.Protection) switch
    {
        ProtectionKind.Encryption => OneTimeKeys,
        ProtectionKind.EncryptionSingleKey => SingleKey,
        _ => Masking,
    };
}
