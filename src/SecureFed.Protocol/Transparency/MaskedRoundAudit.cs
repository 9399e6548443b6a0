using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Transparency;

/// <summary>A masked round, or a leaf of one.</summary>
/// <remarks>Which client is in which leaf stands in blobs; here a pseudonym belongs to the leaf in which it first acts, and a leaf is held to the bounds of the smallest.</remarks>
internal sealed class MaskedRoundAudit : RoundAudit
{
    private readonly CohortBounds bounds;
    private readonly MaskedRoundAudit? trunk;
    private readonly Dictionary<(int Clients, int Size), CohortThresholds> known;
    private readonly HashSet<Identifier>[] senders = [.. Enum.GetValues<RoundPhase>().Select(_ => new HashSet<Identifier>())]; // By the phase that waits for the message.
    private readonly Dictionary<Identifier, MaskedRoundAudit> leaves = [];
    private readonly Dictionary<Identifier, MaskedRoundAudit> leafOf = [];
    private int dealers;
    private int survivors;

    // Q, S_min and t of the cohort, or the least of its leaves.
    private int quorum;
    private int leastSurvivors;
    private int threshold;
    private int greatestSize;

    /// <param name="bounds">Of the task.</param>
    /// <param name="known">Thresholds by size of cohort and leaf, shared by the rounds of a task: for large cohorts they take milliseconds to derive.</param>
    public MaskedRoundAudit(CohortBounds bounds, Dictionary<(int Clients, int Size), CohortThresholds> known)
        : base(RoundPhase.Advertise)
    {
        this.bounds = bounds;
        this.known = known;
    }

    private MaskedRoundAudit(MaskedRoundAudit whole)
        : base(RoundPhase.Share)
    {
        bounds = whole.bounds;
        known = whole.known;
        trunk = whole;
        (quorum, leastSurvivors, threshold, greatestSize) = (whole.quorum, whole.leastSurvivors, whole.threshold, whole.greatestSize);
    }

    /// <summary>S_min, leaves added up.</summary>
    public override int LeastSurvivors => leastSurvivors * (Cohort == 0 ? 0 : bounds.Leaves);

    public override int Survivors => Phase != RoundPhase.Closed ? 0 : leaves.Count == 0 ? survivors : ClosedLeaves.Sum(l => l.Survivors);

    public override int LostLeaves => leaves.Values.Count(l => l.Phase == RoundPhase.Aborted);

    public override bool IsCut => bounds.Leaves > 1 && Phase == RoundPhase.Share;

    public override string? AddToLeaf(Identifier leafId, TaskEvent change)
    {
        if (!leaves.TryGetValue(leafId, out MaskedRoundAudit? leaf))
        {
            if (leaves.Count == bounds.Leaves)
                return $"names a leaf beside the round's {bounds.Leaves}.";
            leaf = new MaskedRoundAudit(this);
            leaves.Add(leafId, leaf);
        }

        return leaf.Add(change);
    }

    public override bool HasLeaf(Identifier leafId) => leaves.ContainsKey(leafId);

    private IEnumerable<MaskedRoundAudit> ClosedLeaves => leaves.Values.Where(l => l.Phase == RoundPhase.Closed);

    private HashSet<Identifier> SendersIn(RoundPhase phase) => senders[(int)phase];

    private HashSet<Identifier> Advertised => (trunk ?? this).SendersIn(RoundPhase.Advertise);

    private bool IsTrunk => trunk is null && IsCut;

    protected override string? AddMessage(EventType kind, Identifier pseudonym)
    {
        if (kind == EventType.SharesChecked)
            return "belongs to encrypted rounds, and this one is masked.";
        RoundPhase expected = kind switch
        {
            EventType.KeysAdvertised => RoundPhase.Advertise,
            EventType.SharesDealt => RoundPhase.Share,
            EventType.UpdateUploaded => RoundPhase.Upload,
            EventType.SurvivorsConfirmed => RoundPhase.Confirm,
            _ => RoundPhase.Unmask,
        };
        if (Phase != expected)
            return OutOfPhase();
        if (IsTrunk)
            return "names no leaf, but the round is cut into leaves.";
        if (expected > RoundPhase.Advertise && !Advertised.Contains(pseudonym))
            return $"pseudonym {pseudonym} advertised no keys in this round.";
        if (trunk is not null && FindStranger(pseudonym) is { } stranger)
            return stranger;
        if (expected == RoundPhase.Upload && !SendersIn(RoundPhase.Share).Contains(pseudonym))
            return $"pseudonym {pseudonym} dealt no shares, so its masks could not be removed.";
        if (expected == RoundPhase.Unmask && !SendersIn(RoundPhase.Upload).Contains(pseudonym))
            return $"pseudonym {pseudonym} uploaded nothing, so it is no survivor.";
        if (!SendersIn(expected).Add(pseudonym))
            return $"pseudonym {pseudonym} had sent one of these already.";
        int most = expected switch
        {
            RoundPhase.Advertise => bounds.Greatest,
            RoundPhase.Unmask => survivors,
            _ => greatestSize,
        };
        return SendersIn(expected).Count > most ? $"more than {most} of these cannot be." : null;
    }

    private string? FindStranger(Identifier pseudonym) =>
        trunk!.leafOf.TryAdd(pseudonym, this) || trunk.leafOf[pseudonym] == this ? null : $"pseudonym {pseudonym} is in another leaf.";

    protected override string? AddList(EventType kind, int count)
    {
        if (kind == EventType.UploadsFixed)
            return "belongs to encrypted rounds, and this one is masked.";
        RoundPhase before = kind switch
        {
            EventType.CohortPublished => RoundPhase.Advertise,
            EventType.DealersListed => RoundPhase.Share,
            EventType.SurvivorsListed => RoundPhase.Upload,
            _ => RoundPhase.Confirm,
        };
        if (Phase != before)
            return OutOfPhase();
        if (IsTrunk)
            return "names no leaf, but the round is cut into leaves.";
        string? fault = kind switch
        {
            EventType.CohortPublished => FixCohort(count),
            EventType.DealersListed => FixDealers(count),
            EventType.SurvivorsListed => FixSurvivors(count),
            _ => Ask(count),
        };
        if (fault is null)
            Phase = before == RoundPhase.Upload ? RoundPhase.Confirm : before + 1; // Masked rounds have no Check.
        return fault;
    }

    private string? FixCohort(int count)
    {
        if (count != Advertised.Count)
            return $"a cohort of {count}, but {Advertised.Count} advertised keys.";
        if (count < bounds.Least || count > bounds.Greatest)
            return $"a cohort of {count}, but the bounds are {bounds.Least} and {bounds.Greatest}.";
        Cohort = count;
        int smallest = count / bounds.Leaves;
        greatestSize = (count + bounds.Leaves - 1) / bounds.Leaves;
        if (FindThresholds(count, smallest, out string reason) is not { } least || FindThresholds(count, greatestSize, out reason) is not { } most)
            return reason;

        quorum = Math.Min(least.Quorum, most.Quorum);
        leastSurvivors = Math.Min(least.LeastSurvivors, most.LeastSurvivors);
        threshold = Math.Min(least.Threshold, most.Threshold);
        return null;
    }

    private CohortThresholds? FindThresholds(int clients, int size, out string reason)
    {
        reason = "";
        if (known.TryGetValue((clients, size), out CohortThresholds? found))
            return found;
        if (CohortThresholds.TryDerive(bounds, clients, size, out reason) is { } derived)
            known.Add((clients, size), found = derived);
        return found;
    }

    private string? FixDealers(int count)
    {
        dealers = count;
        if (count != SendersIn(RoundPhase.Share).Count)
            return $"{count} dealers, but {SendersIn(RoundPhase.Share).Count} dealt shares.";
        return count < leastSurvivors ? $"{count} dealers, but S_min is {leastSurvivors}." : null;
    }

    private string? FixSurvivors(int count)
    {
        survivors = count;
        if (count > SendersIn(RoundPhase.Upload).Count)
            return $"{count} survivors, but {SendersIn(RoundPhase.Upload).Count} uploads.";
        return count < leastSurvivors ? $"{count} survivors, but S_min is {leastSurvivors}." : null;
    }

    private string? Ask(int dropped)
    {
        if (SendersIn(RoundPhase.Confirm).Count < quorum)
            return $"shares are asked for after {SendersIn(RoundPhase.Confirm).Count} confirmations, but the quorum is {quorum}.";
        return dropped == dealers - survivors ? null : $"{dropped} dropped clients, but {dealers} dealt shares and {survivors} survived.";
    }

    protected override string? Close(int count, IReadOnlyList<Identifier> suspects)
    {
        if (IsTrunk)
        {
            if (leaves.Count < bounds.Leaves || !leaves.Values.All(l => l.IsOver) || !ClosedLeaves.Any())
                return "the sum of a round whose leaves are not all over, or of which none has a sum.";
        }
        else if (Phase != RoundPhase.Unmask)
        {
            return OutOfPhase();
        }
        else if (SendersIn(RoundPhase.Unmask).Count < threshold)
        {
            return $"a sum after {SendersIn(RoundPhase.Unmask).Count} answers, but {threshold} shares are needed.";
        }

        int expected = IsTrunk ? ClosedLeaves.Sum(l => l.Survivors) : survivors;
        if (count != expected)
            return $"a sum of {count}, but {expected} survivors were listed.";
        Phase = RoundPhase.Closed;
        return FindUnknown(suspects);
    }

    protected override void Lose()
    {
        base.Lose();
        foreach (MaskedRoundAudit leaf in leaves.Values.Where(l => !l.IsOver))
            leaf.Lose();
    }

    protected override string? FindUnknown(IReadOnlyList<Identifier> suspects) =>
        suspects.All(Advertised.Contains) ? null : "suspects a pseudonym that is not in the round.";

    protected override string OutOfPhase() => $"the {(trunk is null ? "round" : "leaf")} is in {Phase}.";
}
