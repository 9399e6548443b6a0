using SecureFed.Protocol.Encryption;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Transparency;

/// <summary>An encrypted round: clients upload, key holders check, sign one list and answer for it.</summary>
/// <remarks>
/// <para>Upload → Check → Confirm → Unmask; with a single key there are no shares to check, and the list follows the uploads (DESIGN section 3, Encryption).</para>
/// <para>Which pseudonym is a client's and which a holder's stands in blobs. Here whoever uploads is a client, whoever acts later a holder, nobody is both, and there
/// are no more clients than invited and no more holders than seats.</para>
/// </remarks>
/// <param name="round">What ROUND_OPENED says.</param>
/// <param name="keys">With one-time keys, or a single one.</param>
/// <param name="thresholds">Of the invited cohort.</param>
internal sealed class EncryptedRoundAudit(RoundEncryption round, ProtectionKind keys, CohortThresholds thresholds) : RoundAudit(RoundPhase.Upload, thresholds.Clients)
{
    private readonly HashSet<Identifier> uploaders = [];
    private readonly HashSet<Identifier> holders = [];
    private readonly HashSet<Identifier> checkers = [];
    private readonly HashSet<Identifier> signers = [];
    private readonly HashSet<Identifier> answerers = [];
    private readonly int seats = round.Table.Entries.Count;
    private readonly int threshold = round.Specification.Threshold;
    private readonly bool hasCheck = keys == ProtectionKind.Encryption;
    private int survivors;

    public override int LeastSurvivors => thresholds.LeastSurvivors;

    public override int Survivors => Phase == RoundPhase.Closed ? survivors : 0;

    public override HolderActivity Holders => new(threshold, seats, checkers.Count, signers.Count, answerers.Count);

    protected override string? AddMessage(EventType kind, Identifier pseudonym) => (kind, Phase) switch
    {
        (EventType.UpdateUploaded, RoundPhase.Upload) => AddUpload(pseudonym),
        (EventType.SharesChecked, RoundPhase.Check) => AddOfHolder(checkers, pseudonym),
        (EventType.SurvivorsConfirmed, RoundPhase.Confirm) => AddOfHolder(signers, pseudonym),
        (EventType.UnmaskAnswered, RoundPhase.Unmask) => AddOfHolder(answerers, pseudonym),
        (EventType.KeysAdvertised or EventType.SharesDealt, _) => Foreign,
        (EventType.SharesChecked, _) when !hasCheck => WithoutCheck,
        _ => OutOfPhase(),
    };

    protected override string? AddList(EventType kind, int count) => (kind, Phase) switch
    {
        (EventType.CohortPublished or EventType.DealersListed, _) => Foreign,
        (EventType.UploadsFixed, _) when !hasCheck => WithoutCheck,
        (EventType.UploadsFixed, RoundPhase.Upload) => Fix(count),
        (EventType.SurvivorsListed, RoundPhase phase) when phase == (hasCheck ? RoundPhase.Check : RoundPhase.Upload) => List(count),
        (EventType.UnmaskRequested, RoundPhase.Confirm) => Ask(count),
        _ => OutOfPhase(),
    };

    protected override string? Close(int count, IReadOnlyList<Identifier> suspects)
    {
        if (Phase != RoundPhase.Unmask)
            return OutOfPhase();
        if (answerers.Count < threshold)
            return $"a sum after {answerers.Count} answers, but {threshold} of the key holders are needed.";
        if (count != survivors)
            return $"a sum of {count}, but {survivors} survivors were listed.";
        Phase = RoundPhase.Closed;
        return FindUnknown(suspects);
    }

    /// <summary>A holder that has not acted has a pseudonym too, which nobody can tell from a stranger's; there are only so many such holders.</summary>
    protected override string? FindUnknown(IReadOnlyList<Identifier> suspects) =>
        suspects.Count(s => !uploaders.Contains(s) && !holders.Contains(s)) <= seats - holders.Count ? null : "suspects a pseudonym that is not in the round.";

    private static string Foreign => "belongs to masked rounds, and this one is encrypted.";

    private static string WithoutCheck => "belongs to rounds with one-time keys; with a single key there are no shares to check.";

    private string? AddUpload(Identifier pseudonym)
    {
        if (!uploaders.Add(pseudonym))
            return $"pseudonym {pseudonym} had sent one of these already.";
        return uploaders.Count > thresholds.Clients ? $"more than {thresholds.Clients} of these cannot be: so many clients were invited." : null;
    }

    private string? AddOfHolder(HashSet<Identifier> senders, Identifier pseudonym)
    {
        if (uploaders.Contains(pseudonym))
            return $"pseudonym {pseudonym} uploaded as a client, so it is no key holder.";
        if (!senders.Add(pseudonym))
            return $"pseudonym {pseudonym} had sent one of these already.";
        holders.Add(pseudonym);
        return holders.Count > seats ? $"more than {seats} key holders cannot be: so many have a seat." : null;
    }

    private string? Fix(int count)
    {
        if (count != uploaders.Count)
            return $"{count} uploads, but {uploaders.Count} came.";
        Phase = RoundPhase.Check;
        return FindTooFew(count, "uploads");
    }

    private string? List(int count)
    {
        if (count > uploaders.Count)
            return $"{count} survivors, but {uploaders.Count} uploads.";
        if (hasCheck && checkers.Count < threshold)
            return $"a list after {checkers.Count} checks, but {threshold} key holders must have checked the shares.";
        survivors = count;
        Phase = RoundPhase.Confirm;
        return FindTooFew(count, "survivors");
    }

    private string? FindTooFew(int count, string what) => count < thresholds.LeastSurvivors ? $"{count} {what}, but S_min is {thresholds.LeastSurvivors}." : null;

    private string? Ask(int leftOut)
    {
        if (signers.Count < threshold)
            return $"sums are asked for after {signers.Count} signatures, but {threshold} key holders must have signed the list.";
        Phase = RoundPhase.Unmask;
        return leftOut == uploaders.Count - survivors ? null : $"{leftOut} clients left out, but {uploaders.Count} uploaded and {survivors} are listed.";
    }
}
