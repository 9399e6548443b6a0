using System.Globalization;
using SecureFed.Cryptography.Bfv;
using SecureFed.Protocol.Encryption;
using SecureFed.Protocol.Identity;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Wire;

namespace SecureFed.Cli.Audit.Report;

/// <summary>How an encrypted task protects its uploads, and what its key holders did.</summary>
/// <param name="Protection">encryption or encryption-single-key.</param>
/// <param name="Warning">What a reader must know before everything else; null with one-time keys.</param>
/// <param name="Set">Name of the parameter set.</param>
/// <param name="Description">What it is.</param>
/// <param name="Security">Its security level, a line for each source.</param>
/// <param name="Degree">N.</param>
/// <param name="ModulusBits">Bits of q.</param>
/// <param name="RingBits">b of the plaintexts.</param>
/// <param name="DroppedBits">r: low bits of a coefficient that are not sent.</param>
/// <param name="Clients">The most in one sum, for which <paramref name="FailureBits"/> is.</param>
/// <param name="FailureBits">log₂ of the probability that a polynomial of an honest sum decrypts wrongly.</param>
/// <param name="Threshold">t_h.</param>
/// <param name="CorruptHolders">f.</param>
/// <param name="Absence">What K − t_h absent holders mean.</param>
/// <param name="Collusion">What corrupt holders mean.</param>
/// <param name="Holders">K of them, in the order of their points.</param>
/// <param name="OfferedKeys">Round keys that they offered.</param>
/// <param name="Rounds">What they did in each round.</param>
internal sealed record ReportEncryption(
    string Protection,
    string? Warning,
    string Set,
    string Description,
    IReadOnlyList<string> Security,
    int Degree,
    int ModulusBits,
    int RingBits,
    int DroppedBits,
    int Clients,
    double FailureBits,
    int Threshold,
    int CorruptHolders,
    string Absence,
    string Collusion,
    IReadOnlyList<ReportHolder> Holders,
    int OfferedKeys,
    IReadOnlyList<ReportHolderRound> Rounds)
{
    /// <summary>Null for a masked task, and while neither parameters nor a round say how it encrypts.</summary>
    public static ReportEncryption? Of(AuditResult result)
    {
        EntryAudit audit = result.Entries;
        if (audit.Parameters is { Encryption: { } own } task)
            return Of(result, own, task.Protection, task.RingBits, task.Cohort);
        return audit.LastOpened is { Encryption: { } opened } round ? Of(result, opened.Specification, round.Protection, round.Layout.RingBits, round.Cohort) : null;
    }

    /// <summary>The table's fields, without holders and rounds.</summary>
    public IReadOnlyList<ReportField> Fields() =>
    [
        new("protection", Protection),
        new("parameter set", Text($"{Set}: N = {Degree}, q of {ModulusBits} bits. {Description}")),
        .. Security.Select(line => new ReportField("security level by source", line)),
        new("failure probability", Text($"below 2^{Math.Ceiling(FailureBits)} for each polynomial of {Degree} coefficients, in an honest sum of {Clients} clients")),
        new("dropped bits", Text($"{DroppedBits} low bits of a coefficient are not sent; plaintexts of {RingBits} bits")),
        new("key holders", Text($"{Holders.Count}, of which {Threshold} must answer; {CorruptHolders} may be corrupt; {OfferedKeys} round keys offered")),
        new("absent holders", Absence),
        new("corrupt holders", Collusion),
    ];

    private static ReportEncryption Of(AuditResult result, EncryptionSpecification own, ProtectionKind protection, int ringBits, CohortBounds cohort)
    {
        bool isSingle = protection == ProtectionKind.EncryptionSingleKey;
        BfvSet set = BfvSet.Named(own.Set);
        return new ReportEncryption(
            ProtectionWords.Of(result.Entries).Name,
            isSingle ? ProtectionWords.SingleKeyWarning : null,
            set.Name,
            set.Description,
            set.Security,
            set.Degree,
            set.Modulus.Bits,
            ringBits,
            own.DroppedBits,
            cohort.Greatest,
            BfvParameters.Create(set, ringBits, own.DroppedBits, cohort.Greatest).FailureBits,
            own.Threshold,
            own.CorruptHolders,
            AbsenceOf(own.Holders.Count, own.Threshold),
            isSingle ? "The key holder alone can open every upload of a round; it must not collude with the server." : CollusionOf(own, cohort.ServerClass),
            [.. own.Holders.Select((holder, place) => ReportHolder.Of(holder, place + 1, result.Replay?.State?.Roster))],
            result.Entries.OfferedKeys,
            [.. result.Entries.Rounds.Where(r => r.Holders is not null).Select(r => new ReportHolderRound(r.Number, r.Holders!.Seats, r.Holders.Checked, r.Holders.Signed, r.Holders.Answered))]);
    }

    private static string AbsenceOf(int holders, int threshold) => threshold == holders
        ? Text($"{(holders == 1 ? "The holder" : Text($"Each of the {holders} holders"))} must be there: if one is absent, the round ends without a sum.")
        : Text($"{holders - threshold} of the {holders} holders may be absent: any {threshold} give the sum of a round. If one more is absent, the round ends without a sum.");

    /// <summary>DESIGN section 3, Encryption, steps 2 and 4. Shares are sealed to keys on P-256, whatever the ring withstands.</summary>
    private static string CollusionOf(EncryptionSpecification own, ServerClass server)
    {
        int named = own.Threshold + (2 * own.CorruptHolders);
        string secrecy = server == ServerClass.Malicious
            ? Text($"At most {own.CorruptHolders} holders may collude with the server: then no two lists of a round can both be signed by {own.Threshold} holders.")
            : Text($"The server follows the protocol; at most {own.Threshold - 1} holders together learn no key.");
        string naming = own.Holders.Count >= named
            ? "A holder that answers wrongly is named."
            : Text($"A wrong answer shows and costs the round, but names nobody for certain: that would take {named} holders.");
        return $"{secrecy} {naming} Key shares are sealed under P-256 keys: against quantum computers nothing is claimed, whatever the parameter set withstands.";
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}

/// <summary>A key holder of the task.</summary>
/// <param name="Point">x of its shares.</param>
/// <param name="Holder">Roster identity.</param>
/// <param name="Organisation">By the roster in force; null if that was not read, or names no such key holder.</param>
/// <param name="Fingerprint">Of its identity key; null like <paramref name="Organisation"/>.</param>
internal sealed record ReportHolder(int Point, string Holder, string? Organisation, string? Fingerprint)
{
    public static ReportHolder Of(Identifier holder, int point, Roster? roster)
    {
        RosterEntry? entry = roster?.Find(holder, RosterRole.KeyHolder);
        return new ReportHolder(point, holder.ToString(), entry?.Organisation, entry is null ? null : ReportFields.FingerprintOf(entry.PublicKey.Span));
    }
}

/// <summary>What key holders did in a round: had a key on offer, checked shares, signed the list, gave their sums.</summary>
internal sealed record ReportHolderRound(int Round, int Seats, int Checked, int Signed, int Answered);
