using SecureFed.Cryptography.Keys;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Identity;
using SecureFed.Protocol.Masking.Messages;
using SecureFed.Protocol.Messages;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Tasks;
using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Tests.Vectors;

/// <summary>Lies of clients and of a server that holds its real key; what each vector's phase is about.</summary>
internal sealed class BadCases
{
    private const string Server = "server";
    private const string Client = "client";
    private readonly GivenRound given;
    private readonly VectorParties parties;
    private readonly List<BadCase> cases = [];

    private BadCases(GivenRound given)
    {
        this.given = given;
        parties = new VectorParties(given);
    }

    public static BadCase[] Of(RoundVectorScript script, GivenRound given)
    {
        BadCases bad = new(given);
        switch (script.LeavesBefore)
        {
            case null:
                bad.AddRosters();
                bad.AddEnvelopes();
                bad.AddOpenings();
                break;
            case RoundPhase.Advertise:
                bad.AddAdvertisements();
                bad.AddPolicies();
                bad.AddCohorts(script.Leaver);
                break;
            case RoundPhase.Share:
                bad.AddBundles(script.Leaver);
                bad.AddDealers();
                break;
            case RoundPhase.Upload:
                bad.AddUploads(script.Leaver);
                bad.AddSurvivors();
                break;
            case RoundPhase.Confirm:
                bad.AddConfirmations(script.Leaver);
                bad.AddUnmaskRequests();
                break;
            default:
                bad.AddAnswers(script.Leaver);
                break;
        }

        return [.. bad.cases];
    }

    /// <summary>What is wrong with any message, shown with a confirmation: the shortest.</summary>
    private void AddEnvelopes()
    {
        byte[] genuine = given.Clients[1].Messages.Confirmation!;
        int before = EntryOf(1, MessageType.Confirmation);
        MessageHeader header = Header(genuine);
        IMessageBody body = Body(genuine);
        byte[] content = genuine[..^P256.SignatureBytes];
        SigningKey key = parties.Keys[1];
        GivenIdentity other = given.Others[1];
        GivenIdentity outsider = given.Others[0];
        AtServer("bad_message_empty", before, [], ErrorCodes.InvalidMessage);
        AtServer("bad_message_version", before, SignRaw([2, .. content[1..]], key), ErrorCodes.UnsupportedVersion);
        AtServer("bad_message_type", before, SignRaw([1, 99, .. content[2..]], key), ErrorCodes.InvalidMessage);
        AtServer("bad_message_trailing_byte", before, SignRaw([.. content, 0], key), ErrorCodes.InvalidMessage);
        AtServer("bad_message_one_byte_short", before, SignRaw(content[..^1], key), ErrorCodes.InvalidMessage);
        AtServer("bad_message_signature_bit", before, Flipped(genuine, genuine.Length - 1), ErrorCodes.SignatureInvalid);
        AtServer("bad_message_content_bit", before, Flipped(genuine, content.Length - 1), ErrorCodes.SignatureInvalid);
        AtServer("bad_message_signed_without_prefix", before, [.. content, .. key.Sign(content)], ErrorCodes.SignatureInvalid);
        AtServer("bad_message_signed_by_another", before, Sign(header, body, parties.Keys[2]), ErrorCodes.SignatureInvalid);
        AtServer("bad_message_unknown_sender", before, Sign(header with { Sender = parties.Task.TaskId }, body, key), ErrorCodes.NotEnrolled);
        AtServer("bad_message_sender_is_no_client", before, Sign(header with { Sender = new Identifier(other.Id) }, body, KeyOf(other)), ErrorCodes.NotEnrolled);
        AtServer("bad_message_sender_not_in_cohort", before, Sign(header with { Sender = new Identifier(outsider.Id) }, body, KeyOf(outsider)), ErrorCodes.NotInCohort);
        AtServer("bad_message_other_task", before, Sign(header with { TaskId = header.RoundId }, body, key), ErrorCodes.RoundMismatch);
        AtServer("bad_message_other_round", before, Sign(header with { RoundId = header.TaskId }, body, key), ErrorCodes.RoundMismatch);
        AtServer("bad_message_other_cohort", before, Sign(header with { Binding = Elsewhere }, body, key), ErrorCodes.RoundMismatch);
        AtServer("bad_message_signed_again", before + 1, Sign(header, body, key), ErrorCodes.ConflictingMessage);
        AtServer("bad_advertisement_beyond_the_greatest_cohort", IndexOf(EventType.CohortPublished), OutsidersAdvertisement(), ErrorCodes.CohortFull);
        AtServer("bad_message_too_early", 2, genuine, ErrorCodes.WrongPhase);
        AtServer("bad_message_too_late", given.Log.Length, Sign(header with { Sender = new Identifier(outsider.Id) }, body, KeyOf(outsider)), ErrorCodes.TooLate);
        byte[] upload = given.Clients[0].Messages.Upload!;
        AtServer("bad_upload_signed_again", given.Log.Length, Sign(Header(upload), Body(upload), parties.Keys[0]), ErrorCodes.ConflictingUpload);
    }

    private void AddOpenings()
    {
        RoundParameters round = parties.Round;
        ulong index = parties.Opening.Index;
        byte[] noised = parties.Opening.Bytes.ToArray();
        noised[^(Digest.Bytes + 1)] = 1;
        Opened("bad_opening_signed_by_another_server", Entry(new TaskEvent.RoundOpened(round), index, parties.Authority), ErrorCodes.ServerUntrusted);
        Opened("bad_opening_at_another_index", parties.Opening with { Index = index + 1 }, ErrorCodes.ServerUntrusted);
        Opened("bad_opening_of_another_kind", Entry(new TaskEvent.TaskFinished(""), index), ErrorCodes.ServerUntrusted);
        Opened("bad_opening_of_another_task_inside", OfAnotherTask(new TaskEvent.RoundOpened(round), index), ErrorCodes.ServerUntrusted);
        Opened("bad_opening_with_unknown_noise", SignedEntry.Sign(parties.Task.TaskId, index, noised, parties.ServerKey), ErrorCodes.ServerUntrusted);
        Opened("bad_opening_of_an_earlier_round", parties.Opening, ErrorCodes.RoundReplayed, lastRoundNumber: round.Number);
        Opened("bad_opening_beyond_the_schedule", Opening(round with { Number = checked((int)parties.Task.Schedule.GreatestRoundNumber) + 1 }), ErrorCodes.InvalidParameters);
        Opened("bad_opening_other_task_parameters", Opening(round with { TaskDigest = Elsewhere }), ErrorCodes.InvalidParameters);
        Opened("bad_opening_other_roster", Opening(round with { RosterDigest = Elsewhere }), ErrorCodes.RosterUntrusted);
        Opened("bad_opening_kind_not_in_schedule", Opening(round with { Kind = RoundKind.Evaluate }), ErrorCodes.InvalidParameters);
        Opened("bad_opening_smaller_cohort", Opening(round with { Cohort = round.Cohort with { Least = 2 } }), ErrorCodes.InvalidParameters);
        Opened("bad_opening_weaker_class", Opening(round with { Cohort = round.Cohort with { ServerClass = ServerClass.Curious } }), ErrorCodes.InvalidParameters);
        Opened("bad_opening_other_ring", Opening(round with { Layout = new Privacy.Updates.UpdateLayout(round.Layout.Segments, 31) }), ErrorCodes.InvalidParameters);
        Opened(
            "bad_opening_other_clip_norm",
            Opening(round with { Layout = new Privacy.Updates.UpdateLayout([round.Layout.Segments[0] with { ClipNorm = 5 }, round.Layout.Segments[1]], round.Layout.RingBits) }),
            ErrorCodes.InvalidParameters);

        void Opened(string name, SignedEntry entry, string code, int? lastRoundNumber = null) => cases.Add(new BadCase(
            name, Client, code, Client: 0, Step: VectorParties.OnOpening, Announcement: new Announcement(entry, default).Encode(), LastRoundNumber: lastRoundNumber));

        SignedEntry Opening(RoundParameters changed) => Entry(new TaskEvent.RoundOpened(changed), index);
    }

    /// <summary>Each demand of a policy broken once, at the step that looks at it.</summary>
    private void AddPolicies()
    {
        GivenPolicy policy = given.Policy;
        CohortThresholds thresholds = CohortOf(VectorParties.OnCohort).Thresholds;
        AtOpening("bad_policy_smallest_cohort", policy with { SmallestCohort = parties.Task.Cohort.Least + 1 });
        AtOpening("bad_policy_clients_of_an_organisation", policy with { GreatestClientsPerOrganisation = 0 });
        AtOpening("bad_policy_gamma", policy with { LeastGamma = 0.100001m });
        AtOpening("bad_policy_delta_drop", policy with { GreatestDeltaDrop = 0.149999m });
        AtOpening("bad_policy_least_difference", policy with { LeastDifference = 3 });
        AtOpening("bad_policy_noise", policy with { RequiresNoise = true });
        AtOpening("bad_policy_protection", policy with { Protections = [] });
        AtOpening("bad_policy_model", policy with { Models = [TaskModelKind.Linear, TaskModelKind.Logistic] });

        TaskParameters curious = parties.Task with { Cohort = parties.Task.Cohort with { ServerClass = ServerClass.Curious } };
        Announcement opening = new(Entry(new TaskEvent.RoundOpened(parties.Round with { TaskDigest = Digest.Of(curious.Encode()), Cohort = curious.Cohort }), parties.Opening.Index), default);
        cases.Add(new BadCase("bad_policy_curious_server", Client, ErrorCodes.PolicyViolated, Client: 0, Step: VectorParties.OnOpening, Announcement: opening.Encode(), TaskParameters: curious.Encode()));
        TaskParameters fewer = parties.Task with { Cohort = parties.Task.Cohort with { Organisations = parties.Roster.ClientOrganisations - 1 } };
        opening = new(Entry(new TaskEvent.RoundOpened(parties.Round with { TaskDigest = Digest.Of(fewer.Encode()), Cohort = fewer.Cohort }), parties.Opening.Index), default);
        cases.Add(new BadCase("bad_opening_fewer_organisations_than_the_roster", Client, ErrorCodes.InvalidParameters, Client: 0, Step: VectorParties.OnOpening, Announcement: opening.Encode(), TaskParameters: fewer.Encode()));

        At("bad_policy_least_survivors", VectorParties.OnCohort, given.Announcements.Cohort, policy with { LeastSurvivors = thresholds.LeastSurvivors + 1 });
        At("bad_policy_smallest_cohort_when_published", VectorParties.OnCohort, given.Announcements.Cohort, policy with { SmallestCohort = thresholds.Clients + 1 });
        At("bad_policy_task_before_the_answer", VectorParties.OnUnmaskRequest, given.Announcements.UnmaskRequest, policy with { LeastGamma = 0.100001m });
        At("bad_policy_thresholds_before_the_answer", VectorParties.OnUnmaskRequest, given.Announcements.UnmaskRequest, policy with { LeastSurvivors = thresholds.LeastSurvivors + 1 });

        void AtOpening(string name, GivenPolicy changed) => At(name, VectorParties.OnOpening, given.Announcements.Opening, changed);

        void At(string name, string step, byte[] announcement, GivenPolicy changed) =>
            cases.Add(new BadCase(name, Client, ErrorCodes.PolicyViolated, Client: 0, Step: step, Announcement: announcement, Policy: changed));
    }

    private void AddRosters()
    {
        byte[] genuine = given.Roster;
        byte[] content = genuine[..^P256.SignatureBytes];
        RosterEntry[] entries = [.. parties.Roster.Entries];
        Case("bad_roster_signature_bit", Flipped(genuine, genuine.Length - 1));
        Case("bad_roster_content_bit", Flipped(genuine, 8));
        Case("bad_roster_signed_by_the_server", [.. content, .. parties.ServerKey.Sign(SigningContext.Roster.Bind(content))]);
        Case("bad_roster_signed_without_prefix", [.. content, .. parties.Authority.Sign(content)]);
        Case("bad_roster_trailing_byte", Signed([.. content, 0]));
        Case("bad_roster_version", Signed([2, .. content[1..]]));
        Case("bad_roster_unsorted", Written([entries[1], entries[0], .. entries[2..]]));
        Case("bad_roster_entry_twice", Written([entries[0], entries[0] with { PublicKey = parties.ServerKey.PublicKey }, .. entries[1..]]));
        Case("bad_roster_key_twice", Written([entries[0] with { PublicKey = entries[1].PublicKey }, .. entries[1..]]));
        Case("bad_roster_key_off_the_curve", Written([entries[0] with { PublicKey = Flipped(entries[0].PublicKey.ToArray(), 64) }, .. entries[1..]]));
        Case("bad_roster_unknown_role", Written([entries[0] with { Role = (RosterRole)7 }, .. entries[1..]]));
        Case("bad_roster_organisation_without_a_name", Written([entries[0] with { Organisation = "" }, .. entries[1..]]));

        void Case(string name, byte[] roster) => cases.Add(new BadCase(name, Client, ErrorCodes.RosterUntrusted, Client: 0, Step: VectorParties.OnRoster, Roster: roster));

        byte[] Signed(byte[] changed) => [.. changed, .. parties.Authority.Sign(SigningContext.Roster.Bind(changed))];

        byte[] Written(RosterEntry[] changed) => Signed(CanonicalWriter.Write(writer => writer
            .UInt8(1).UInt64(parties.Roster.Sequence)
            .List(changed, (w, e) => w.Identifier(e.Id).UInt8((byte)e.Role).Text(e.Organisation).Fixed(e.PublicKey.Span))));
    }

    private CohortList CohortOf(string step)
    {
        Assert.True(CohortList.TryDecode(parties.AnnouncementOf(step).Blob.Span, out CohortList? list));
        return list!;
    }

    private void AddAdvertisements()
    {
        byte[] genuine = given.Clients[1].Messages.Advertisement!;
        int before = EntryOf(1, MessageType.Advertisement);
        MessageHeader header = Header(genuine);
        Advertisement keys = (Advertisement)Body(genuine);
        Advertisement theirs = (Advertisement)Body(given.Clients[0].Messages.Advertisement!);
        SigningKey key = parties.Keys[1];
        Case("bad_advertisement_key_off_the_curve", keys with { MaskKey = Flipped(keys.MaskKey.ToArray(), 64) }, ErrorCodes.InvalidKey);
        Case("bad_advertisement_key_not_uncompressed", keys with { SealingKey = Flipped(keys.SealingKey.ToArray(), 0) }, ErrorCodes.InvalidKey);
        Case("bad_advertisement_one_key_twice", keys with { SealingKey = keys.MaskKey }, ErrorCodes.StaleKey);
        Case("bad_advertisement_key_of_another", keys with { MaskKey = theirs.SealingKey }, ErrorCodes.StaleKey);
        AtServer("bad_advertisement_other_opening", before, Sign(header with { Binding = Elsewhere }, keys, key), ErrorCodes.RoundMismatch);
        AtServer("bad_advertisement_second_of_an_organisation", before + 1, OutsidersAdvertisement(), ErrorCodes.OrganisationCap);
        AtServer("bad_advertisement_after_the_cohort", IndexOf(EventType.CohortPublished) + 1, OutsidersAdvertisement(), ErrorCodes.TooLate);

        byte[][] five = [.. given.Clients.Select(c => c.Messages.Advertisement).OfType<byte[]>().Take(parties.Task.Cohort.Least - 1)];
        cases.Add(new BadCase("bad_round_cohort_too_small", Server, ErrorCodes.CohortTooSmall, IndexOf(EventType.RoundOpened) + 1, Messages: five));

        void Case(string name, Advertisement changed, string code) => AtServer(name, before, Sign(header, changed, key), code);
    }

    private byte[] OutsidersAdvertisement() => FreshAdvertisement(new Identifier(given.Others[0].Id), KeyOf(given.Others[0]));

    private byte[] FreshAdvertisement(Identifier sender, SigningKey key)
    {
        MessageHeader header = Header(given.Clients[1].Messages.Advertisement!) with { Sender = sender };
        using AgreementKey mask = AgreementKey.Generate(Seeded.Source("outsider's mask key"));
        using AgreementKey sealing = AgreementKey.Generate(Seeded.Source("outsider's sealing key"));
        return Sign(header, new Advertisement(mask.PublicKey, sealing.PublicKey), key);
    }

    private void AddCohorts(int leaver)
    {
        const EventType kind = EventType.CohortPublished;
        Announcement genuine = parties.AnnouncementOf(VectorParties.OnCohort);
        Assert.True(CohortList.TryDecode(genuine.Blob.Span, out CohortList? list));
        ReadOnlyMemory<byte>[] ads = [.. list!.Advertisements];
        MessageHeader header = Header(ads[0].ToArray());
        SigningKey first = parties.Keys[0];
        Advertisement keys = (Advertisement)Body(ads[0].ToArray());
        Advertisement third = (Advertisement)Body(ads[2].ToArray());
        Assert.Equal(parties.IdOf(1), Header(ads[1].ToArray()).Sender);
        using AgreementKey fresh = AgreementKey.Generate(Seeded.Source("another mask key"));
        byte[] outsider = OutsidersAdvertisement();
        CohortThresholds thresholds = list.Thresholds;
        Case("bad_cohort_other_opening", list with { OpenDigest = Elsewhere });
        Case("bad_cohort_one_too_few", list with { Advertisements = ads[..^1], Thresholds = CohortThresholds.TryDerive(parties.Round.Cohort, ads.Length - 1, out _)! });
        Case("bad_cohort_threshold_lower", list with { Thresholds = thresholds with { Threshold = thresholds.Threshold - 1 } });
        Case("bad_cohort_quorum_lower", list with { Thresholds = thresholds with { Quorum = thresholds.Quorum - 1 } });
        Case("bad_cohort_fewer_survivors", list with { Thresholds = thresholds with { LeastSurvivors = thresholds.LeastSurvivors - 1, HonestSurvivors = thresholds.HonestSurvivors - 1 } });
        Case("bad_cohort_unsorted", list with { Advertisements = [ads[1], ads[0], .. ads[2..]] });
        Case("bad_cohort_member_twice", list with { Advertisements = [ads[0], ads[0], .. ads[2..]] });

        // Place 0 is altered and client 1 looks: its own advertisement is there.
        First("bad_cohort_signature_bit", Flipped(ads[0].ToArray(), 275));
        First("bad_cohort_advertisement_signed_by_another", Sign(header, keys, parties.Keys[1]));
        First("bad_cohort_advertisement_of_another_opening", Sign(header with { Binding = Elsewhere }, keys, first));
        First("bad_cohort_advertisement_of_another_task", Sign(header with { TaskId = header.RoundId }, keys, first));
        First("bad_cohort_advertisement_of_another_round", Sign(header with { RoundId = header.TaskId }, keys, first));
        First("bad_cohort_advertisement_version", SignRaw([2, .. ads[0].Span[1..^P256.SignatureBytes]], first));
        First("bad_cohort_no_advertisement", Sign(header, new Upload(Elsewhere, 93, 8, new byte[93]), first));
        First("bad_cohort_key_off_the_curve", Sign(header, keys with { MaskKey = Flipped(keys.MaskKey.ToArray(), 64) }, first));
        First("bad_cohort_key_not_uncompressed", Sign(header, keys with { SealingKey = Flipped(keys.SealingKey.ToArray(), 0) }, first));
        First("bad_cohort_two_equal_keys", Sign(header, keys with { MaskKey = third.MaskKey }, first));
        First("bad_cohort_one_key_twice", Sign(header, keys with { SealingKey = keys.MaskKey }, first));
        Case("bad_cohort_member_not_enrolled", list with { Advertisements = Sorted([Sign(header with { Sender = parties.Task.TaskId }, keys, first), .. ads[1..]]) }, client: 1);
        Case("bad_cohort_member_is_no_client", list with { Advertisements = Sorted([FreshAdvertisement(new Identifier(given.Others[1].Id), KeyOf(given.Others[1])), .. ads[1..]]) }, client: 1);
        Case("bad_cohort_without_oneself", list with { Advertisements = Sorted([FreshAdvertisement(parties.IdOf(leaver), parties.Keys[leaver]), .. ads[1..]]) });
        Case("bad_cohort_organisation_twice", list with { Advertisements = Sorted([outsider, .. ads[1..]]) }, client: 1);
        Case("bad_cohort_own_keys_replaced", list with { Advertisements = [Sign(header, keys with { MaskKey = fresh.PublicKey }, first), .. ads[1..]] });
        Published("bad_cohort_trailing_byte", VectorParties.OnCohort, kind, [.. genuine.Blob.Span, 0], ErrorCodes.InvalidCohort);
        AddAnnouncementLies("bad_cohort", VectorParties.OnCohort, kind, 0, genuine);

        Again("bad_second_cohort", VectorParties.OnCohort, VectorParties.OnDealers, kind, (list with { Advertisements = Sorted([FreshAdvertisement(parties.IdOf(leaver), parties.Keys[leaver]), .. ads]) }).Encode(), 0);
        cases.Add(new BadCase(
            "bad_survivors_before_dealers", Client, ErrorCodes.WrongPhase, Client: 0, Step: VectorParties.OnSurvivors, Announcement: given.Announcements.Survivors, StandsBefore: VectorParties.OnDealers));
        cases.Add(new BadCase(
            "bad_unmask_request_before_survivors", Client, ErrorCodes.WrongPhase, Client: 0, Step: VectorParties.OnUnmaskRequest, Announcement: given.Announcements.UnmaskRequest, StandsBefore: VectorParties.OnSurvivors));

        void Case(string name, CohortList changed, int client = 0) =>
            Published(name, VectorParties.OnCohort, kind, changed.Encode(), ErrorCodes.InvalidCohort, client: client);

        void First(string name, byte[] altered) => Case(name, list with { Advertisements = [altered, .. ads[1..]] }, client: 1);

        static ReadOnlyMemory<byte>[] Sorted(ReadOnlyMemory<byte>[] members) => [.. members.OrderBy(a => Header(a.ToArray()).Sender)];
    }

    /// <summary>A second, later list of a step that the client has taken.</summary>
    private void Again(string name, string step, string standsBefore, EventType kind, byte[] blob, int client)
    {
        ulong index = parties.AnnouncementOf(standsBefore).Entry.Index;
        Announcement second = new(Entry(Listed(kind, blob), index), blob);
        cases.Add(new BadCase(name, Client, ErrorCodes.HistoryRewritten, Client: client, Step: step, Announcement: second.Encode(), StandsBefore: standsBefore));
    }

    /// <summary>What is wrong with any announcement.</summary>
    private void AddAnnouncementLies(string name, string step, EventType kind, int client, Announcement genuine)
    {
        ulong index = genuine.Entry.Index;
        byte[] blob = genuine.Blob.ToArray();
        At(name + "_signed_by_another_server", new Announcement(Entry(Listed(kind, blob), index, parties.Authority), blob), ErrorCodes.ServerUntrusted);
        At(name + "_at_another_index", genuine with { Entry = genuine.Entry with { Index = index + 1 } }, ErrorCodes.ServerUntrusted);
        At(name + "_of_another_task_inside", new Announcement(OfAnotherTask(Listed(kind, blob), index), blob), ErrorCodes.ServerUntrusted);
        At(name + "_of_another_kind", new Announcement(Entry(Listed(EventType.UnmaskRequested, blob), index), blob), ErrorCodes.HistoryRewritten);
        At(name + "_of_another_round", new Announcement(Entry(Listed(kind, blob) with { RoundId = parties.Task.TaskId }, index), blob), ErrorCodes.HistoryRewritten);
        At(name + "_of_another_blob", genuine with { Blob = (byte[])[.. blob, 0] }, ErrorCodes.HistoryRewritten);
        At(name + "_not_later", new Announcement(Entry(Listed(kind, blob), parties.Opening.Index), blob), ErrorCodes.HistoryRewritten);

        void At(string lie, Announcement announcement, string code) =>
            cases.Add(new BadCase(lie, Client, code, Client: client, Step: step, Announcement: announcement.Encode()));
    }

    private void AddBundles(int leaver)
    {
        byte[] genuine = given.Clients[2].Messages.ShareBundle!;
        int before = EntryOf(2, MessageType.ShareBundle);
        MessageHeader header = Header(genuine);
        ShareBundle bundle = (ShareBundle)Body(genuine);
        SigningKey key = parties.Keys[2];
        Case("bad_shares_neighbour_left_out", bundle with { Shares = [.. bundle.Shares.Skip(1)] }, ErrorCodes.InvalidNeighbours);
        Case("bad_shares_for_nobody", bundle with { Shares = [.. bundle.Shares, bundle.Shares[^1] with { Recipient = 99 }] }, ErrorCodes.InvalidNeighbours);
        Case("bad_shares_for_oneself", bundle with { Shares = [.. bundle.Shares.Skip(1).Append(bundle.Shares[0] with { Recipient = 2 }).OrderBy(s => s.Recipient)] }, ErrorCodes.InvalidNeighbours);
        Case("bad_shares_unsorted", bundle with { Shares = [.. bundle.Shares.Reverse()] }, ErrorCodes.InvalidMessage);
        Case("bad_shares_recipient_twice", bundle with { Shares = [bundle.Shares[0], .. bundle.Shares] }, ErrorCodes.InvalidMessage);
        Case("bad_shares_index_beyond_bound", bundle with { Shares = [.. bundle.Shares.SkipLast(1), bundle.Shares[^1] with { Recipient = 1 << 20 }] }, ErrorCodes.InvalidMessage);
        byte[] count = genuine[..^P256.SignatureBytes];
        count[82 + 32] = 0x00;
        count[82 + 33] = 0x10;
        AtServer("bad_shares_count_beyond_the_bytes", before, SignRaw(count, key), ErrorCodes.InvalidMessage);

        byte[][] five = [.. given.Clients.Select(c => c.Messages.ShareBundle).OfType<byte[]>().Take(5)];
        cases.Add(new BadCase("bad_round_too_few_dealers", Server, ErrorCodes.TooFewDealers, IndexOf(EventType.CohortPublished) + 1, Messages: five));
        byte[] upload = given.Clients[2].Messages.Upload!;
        AtServer(
            "bad_upload_of_no_dealer",
            EntryOf(2, MessageType.Upload),
            Sign(Header(upload) with { Sender = parties.IdOf(leaver) }, Body(upload), parties.Keys[leaver]),
            ErrorCodes.NotInCohort);

        void Case(string name, ShareBundle changed, string code) => AtServer(name, before, Sign(header, changed, key), code);
    }

    private void AddDealers()
    {
        const EventType kind = EventType.DealersListed;
        Announcement genuine = parties.AnnouncementOf(VectorParties.OnDealers);
        Assert.True(DealersList.TryDecode(genuine.Blob.Span, out DealersList? list));
        int[] dealers = [.. list!.Dealers];
        Case("bad_dealers_other_cohort", list with { CohortDigest = Elsewhere });
        Case("bad_dealers_without_oneself", list with { Dealers = [0, .. dealers.Where(d => d != 1)] });
        Case("bad_dealers_too_few", list with { Dealers = dealers[..4] });
        Case("bad_dealers_fewer_than_s_min_with_t_neighbours", list with { Dealers = dealers[..5] });
        Case("bad_dealers_unsorted", list with { Dealers = [.. dealers.Reverse()] });
        Case("bad_dealers_index_beyond_the_cohort", list with { Dealers = [.. dealers, 7] });
        AddAnnouncementLies("bad_dealers", VectorParties.OnDealers, kind, 1, genuine);
        Again("bad_second_dealers", VectorParties.OnDealers, VectorParties.OnSurvivors, kind, (list with { Dealers = [.. Enumerable.Range(0, 7)] }).Encode(), 1);

        void Case(string name, DealersList changed) => Published(name, VectorParties.OnDealers, kind, changed.Encode(), ErrorCodes.InvalidDealers, client: 1);
    }

    private void AddUploads(int leaver)
    {
        byte[] genuine = given.Clients[3].Messages.Upload!;
        int before = EntryOf(3, MessageType.Upload);
        MessageHeader header = Header(genuine);
        Upload upload = (Upload)Body(genuine);
        SigningKey key = parties.Keys[3];
        byte[] words = upload.PackedWords.ToArray();
        byte[] padded = [.. words];
        padded[^1] |= 0x80;
        Case("bad_upload_other_dealers", upload with { DealersDigest = Elsewhere }, ErrorCodes.RoundMismatch);
        Case("bad_upload_one_coordinate_more", upload with { Dimension = upload.Dimension + 1, PackedWords = new byte[(10 * upload.RingBits + 7) / 8] }, ErrorCodes.LengthMismatch);
        Case("bad_upload_other_ring", upload with { RingBits = 32, PackedWords = new byte[4 * upload.Dimension] }, ErrorCodes.LengthMismatch);
        Case("bad_upload_ring_of_33_bits", upload with { RingBits = 33 }, ErrorCodes.InvalidMessage);
        Case("bad_upload_dimension_zero", upload with { Dimension = 0, PackedWords = default }, ErrorCodes.InvalidMessage);
        Case("bad_upload_padding_bit", upload with { PackedWords = padded }, ErrorCodes.InvalidMessage);
        byte[] replaced = [.. genuine];
        replaced[82 + 37] ^= 1;
        AtServer("bad_upload_words_changed_after_signing", before, replaced, ErrorCodes.SignatureInvalid);
        byte[] content = genuine[..^P256.SignatureBytes];
        AtServer("bad_upload_words_signed_instead_of_their_digest", before, [.. content, .. key.Sign(SigningContext.Message.Bind(content))], ErrorCodes.SignatureInvalid);
        AtServer(
            "bad_upload_too_late",
            IndexOf(EventType.SurvivorsListed) + 1,
            Sign(header with { Sender = parties.IdOf(leaver) }, upload, parties.Keys[leaver]),
            ErrorCodes.TooLate);
        byte[] answer = given.Clients[3].Messages.UnmaskAnswer!;
        AtServer(
            "bad_answer_of_a_dropped_client",
            EntryOf(3, MessageType.UnmaskAnswer),
            Sign(Header(answer) with { Sender = parties.IdOf(leaver) }, new UnmaskAnswer(((UnmaskAnswer)Body(answer)).SurvivorListDigest, []), parties.Keys[leaver]),
            ErrorCodes.InvalidAnswer);
        byte[][] four = [.. given.Clients.Select(c => c.Messages.Upload).OfType<byte[]>().Take(4)];
        cases.Add(new BadCase("bad_round_too_few_survivors", Server, ErrorCodes.TooFewSurvivors, IndexOf(EventType.DealersListed) + 1, Messages: four));
        cases.Add(new BadCase(
            "bad_unmask_request_to_a_dropped_client", Client, ErrorCodes.TooLate, Client: leaver, Step: VectorParties.OnUnmaskRequest, Announcement: given.Announcements.UnmaskRequest));

        void Case(string name, Upload changed, string code) => AtServer(name, before, Sign(header, changed, key), code);
    }

    private void AddSurvivors()
    {
        const EventType kind = EventType.SurvivorsListed;
        Announcement genuine = parties.AnnouncementOf(VectorParties.OnSurvivors);
        Assert.True(SurvivorList.TryDecode(genuine.Blob.Span, out SurvivorList? list));
        SurvivorUpload[] uploads = [.. list!.Uploads];
        int last = uploads[^1].Index;
        byte[] theirs = given.Clients[last].Messages.Upload!;
        Upload upload = (Upload)Body(theirs);
        byte[] shorter = Sign(Header(theirs), upload with { DealersDigest = Elsewhere }, parties.Keys[last]);
        Case("bad_survivors_other_cohort", list with { CohortDigest = Elsewhere }, ErrorCodes.InvalidSurvivors);
        Case("bad_survivors_other_dealers", list with { DealersDigest = Elsewhere }, ErrorCodes.InvalidSurvivors);
        Case("bad_survivors_unsorted", list with { Uploads = [.. uploads.Reverse()] }, ErrorCodes.InvalidSurvivors);
        Case("bad_survivors_no_dealer", list with { Uploads = [.. uploads, uploads[^1] with { Index = 7 }] }, ErrorCodes.InvalidSurvivors);
        Case("bad_survivors_too_few", list with { Uploads = uploads[..4] }, ErrorCodes.TooFewSurvivors);
        Case("bad_survivors_words_digest", list with { Uploads = [.. uploads[..^1], uploads[^1] with { WordsDigest = Elsewhere }] }, ErrorCodes.InvalidSurvivors);
        Case("bad_survivors_signature_of_another", list with { Uploads = [.. uploads[..^1], uploads[^1] with { Signature = uploads[0].Signature }] }, ErrorCodes.InvalidSurvivors);
        Case("bad_survivors_upload_followed_other_dealers", list with { Uploads = [.. uploads[..^1], uploads[^1] with { Signature = shorter.AsMemory(shorter.Length - P256.SignatureBytes) }] }, ErrorCodes.InvalidSurvivors);
        AddAnnouncementLies("bad_survivors", VectorParties.OnSurvivors, kind, 0, genuine);
        cases.Add(new BadCase(
            "bad_survivors_too_similar_to_an_earlier_round",
            Client,
            ErrorCodes.SurvivorsTooSimilar,
            Client: 0,
            Step: VectorParties.OnSurvivors,
            Announcement: given.Announcements.Survivors,
            EarlierSurvivors: [.. given.Clients.Select(c => c.Id)]));

        void Case(string name, SurvivorList changed, string code) => Published(name, VectorParties.OnSurvivors, kind, changed.Encode(), code);
    }

    private void AddConfirmations(int leaver)
    {
        byte[] genuine = given.Clients[2].Messages.Confirmation!;
        int before = EntryOf(2, MessageType.Confirmation);
        MessageHeader header = Header(genuine);
        Confirmation confirmation = (Confirmation)Body(genuine);
        AtServer("bad_confirmation_other_list", before, Sign(header, confirmation with { SurvivorListDigest = Elsewhere }, parties.Keys[2]), ErrorCodes.RoundMismatch);
        AtServer("bad_confirmation_other_entry", before, Sign(header, confirmation with { EntryIndex = confirmation.EntryIndex + 1 }, parties.Keys[2]), ErrorCodes.RoundMismatch);
        AtServer(
            "bad_confirmation_too_late",
            IndexOf(EventType.UnmaskRequested) + 1,
            Sign(header with { Sender = parties.IdOf(leaver) }, confirmation, parties.Keys[leaver]),
            ErrorCodes.TooLate);
        byte[][] four = [.. Enumerable.Range(0, 4).Select(i => given.Clients[i].Messages.Confirmation!)];
        cases.Add(new BadCase("bad_round_without_quorum", Server, ErrorCodes.QuorumMissing, IndexOf(EventType.SurvivorsListed) + 1, Messages: four));
    }

    private void AddUnmaskRequests()
    {
        const EventType kind = EventType.UnmaskRequested;
        Announcement genuine = parties.AnnouncementOf(VectorParties.OnUnmaskRequest);
        Assert.True(UnmaskRequest.TryDecode(genuine.Blob.Span, out UnmaskRequest? request));
        QuorumSignature[] certificate = [.. request!.Certificate];
        byte[] theirs = given.Clients[0].Messages.Confirmation!;
        byte[] otherList = Sign(Header(theirs), (Confirmation)Body(theirs) with { SurvivorListDigest = Elsewhere }, parties.Keys[0]);
        Case("bad_unmask_request_other_cohort", request with { CohortDigest = Elsewhere }, ErrorCodes.InvalidCertificate);
        Case("bad_unmask_request_other_list", request with { SurvivorListDigest = Elsewhere }, ErrorCodes.SecondList);
        Case("bad_unmask_request_other_entry", request with { SurvivorEntryIndex = request.SurvivorEntryIndex + 1 }, ErrorCodes.SecondList);
        Case("bad_unmask_request_survivor_called_dropped", request with { Dropped = [0] }, ErrorCodes.InvalidCertificate);
        Case("bad_unmask_request_too_few_signatures", request with { Certificate = certificate[..4] }, ErrorCodes.InvalidCertificate);
        Case("bad_unmask_request_signer_twice", request with { Certificate = [certificate[0], .. certificate] }, ErrorCodes.InvalidCertificate);
        Case("bad_unmask_request_signature_of_another", request with { Certificate = [.. certificate[..^1], certificate[^1] with { Signature = certificate[0].Signature }] }, ErrorCodes.InvalidCertificate);
        Case("bad_unmask_request_signature_over_another_list", request with { Certificate = [certificate[0] with { Signature = otherList.AsMemory(otherList.Length - P256.SignatureBytes) }, .. certificate[1..]] }, ErrorCodes.InvalidCertificate);
        Case("bad_unmask_request_signer_not_in_cohort", request with { Certificate = [.. certificate, certificate[0] with { Signer = 9 }] }, ErrorCodes.InvalidCertificate);
        AddAnnouncementLies("bad_unmask_request", VectorParties.OnUnmaskRequest, kind, 0, genuine, EventType.SurvivorsListed);
        Announcement list = parties.AnnouncementOf(VectorParties.OnSurvivors);
        cases.Add(new BadCase(
            "bad_second_survivor_list",
            Client,
            ErrorCodes.SecondList,
            Client: 0,
            Step: "second-survivors",
            Announcement: new Announcement(Entry(Listed(EventType.SurvivorsListed, list.Blob.ToArray()), list.Entry.Index + 1), list.Blob).Encode()));

        void Case(string name, UnmaskRequest changed, string code) => Published(name, VectorParties.OnUnmaskRequest, kind, changed.Encode(), code);
    }

    private void AddAnnouncementLies(string name, string step, EventType kind, int client, Announcement genuine, EventType otherKind)
    {
        int first = cases.Count;
        AddAnnouncementLies(name, step, kind, client, genuine);
        byte[] blob = genuine.Blob.ToArray();
        int ofAnotherKind = cases.FindIndex(first, c => c.Name.EndsWith("_of_another_kind", StringComparison.Ordinal));
        cases[ofAnotherKind] = cases[ofAnotherKind] with { Announcement = new Announcement(Entry(Listed(otherKind, blob), genuine.Entry.Index), blob).Encode() };
    }

    private void AddAnswers(int leaver)
    {
        int[] present = [.. Enumerable.Range(0, given.Clients.Length).Where(i => i != leaver)];
        byte[] genuine = given.Clients[1].Messages.UnmaskAnswer!;
        int before = EntryOf(1, MessageType.UnmaskAnswer);
        UnmaskAnswer answer = (UnmaskAnswer)Body(genuine);
        ReleasedShare[] shares = [.. answer.Shares];
        byte[] prime = new byte[33];
        (prime[0], prime[31], prime[32]) = (1, 1, 41);
        Case("bad_answer_other_list", answer with { SurvivorListDigest = Elsewhere }, ErrorCodes.RoundMismatch);
        Case("bad_answer_both_kinds", answer with { Shares = [shares[0] with { Kind = ShareKind.MaskKey }, .. shares] }, ErrorCodes.InvalidMessage);
        Case("bad_answer_the_other_kind", answer with { Shares = [shares[0] with { Kind = ShareKind.MaskKey }, .. shares[1..]] }, ErrorCodes.InvalidAnswer);
        Case("bad_answer_unknown_kind", answer with { Shares = [shares[0] with { Kind = (ShareKind)3 }, .. shares[1..]] }, ErrorCodes.InvalidMessage);
        Case("bad_answer_share_equal_to_p", answer with { Shares = [shares[0] with { Share = prime }, .. shares[1..]] }, ErrorCodes.InvalidMessage);
        Case("bad_answer_unsorted", answer with { Shares = [.. shares.Reverse()] }, ErrorCodes.InvalidMessage);
        Case("bad_answer_about_oneself", answer with { Shares = [shares[0], shares[0] with { Owner = 1 }, .. shares[1..]] }, ErrorCodes.InvalidAnswer);
        Case("bad_answer_about_nobody", answer with { Shares = [.. shares, shares[^1] with { Owner = 7 }] }, ErrorCodes.InvalidAnswer);

        int asked = IndexOf(EventType.UnmaskRequested) + 1;
        byte[][] genuineAnswers = [.. present.Select(i => given.Clients[i].Messages.UnmaskAnswer!)];
        cases.Add(new BadCase("bad_round_too_few_answers", Server, ErrorCodes.TooFewAnswers, asked, Messages: genuineAnswers[..4]));
        int liar = present[0];
        UnmaskAnswer theirs = (UnmaskAnswer)Body(genuineAnswers[0]);
        UnmaskAnswer lie = theirs with { Shares = [.. theirs.Shares.Select(s => s with { Share = Flipped(s.Share.ToArray(), 32) })] };
        byte[] wrong = Sign(Header(genuineAnswers[0]), lie, parties.Keys[liar]);
        cases.Add(new BadCase("bad_round_wrong_shares_without_spare_ones", Server, ErrorCodes.InconsistentShares, asked, Messages: [wrong, .. genuineAnswers[1..5]]));

        void Case(string name, UnmaskAnswer changed, string code) => AtServer(name, before, Sign(Header(genuine), changed, parties.Keys[1]), code);
    }

    private static Digest Elsewhere => Digest.Of("elsewhere"u8);

    private static SigningKey KeyOf(GivenIdentity identity) => SigningKey.FromPrivateKey(identity.PrivateKey);

    private static MessageHeader Header(byte[] bytes)
    {
        Assert.Null(SignedMessage.TryDecode(bytes, out SignedMessage? message));
        return message!.Header;
    }

    private static IMessageBody Body(byte[] bytes)
    {
        Assert.Null(SignedMessage.TryDecode(bytes, out SignedMessage? message));
        return message!.Body;
    }

    private static byte[] Sign(MessageHeader header, IMessageBody body, SigningKey key) => SignedMessage.Sign(header, body, key).Bytes.ToArray();

    private static byte[] SignRaw(byte[] content, SigningKey key) => [.. content, .. key.Sign(SigningContext.Message.Bind(content))];

    private static byte[] Flipped(byte[] bytes, int position)
    {
        byte[] changed = [.. bytes];
        changed[position] ^= 1;
        return changed;
    }

    private int IndexOf(EventType type) => Array.FindIndex(given.Log, e => e.Type == type);

    /// <summary>Entries before the one that records this message.</summary>
    private int EntryOf(int client, MessageType type) => Array.FindIndex(given.Log, e => e.Client == client && e.Message == type);

    private void AtServer(string name, int afterEntries, byte[] message, string code) => cases.Add(new BadCase(name, Server, code, afterEntries, message));

    private void Published(string name, string step, EventType kind, byte[] blob, string code, int client = 0) => cases.Add(new BadCase(
        name,
        Client,
        code,
        Client: client,
        Step: step,
        Announcement: new Announcement(Entry(Listed(kind, blob), parties.AnnouncementOf(step).Entry.Index), blob).Encode()));

    private TaskEvent.ListPublished Listed(EventType kind, byte[] blob) => new(kind, parties.Round.RoundId, Digest.Of(blob), 1);

    /// <summary>Signed for this task, but the entry names another.</summary>
    private SignedEntry OfAnotherTask(TaskEvent content, ulong index) =>
        SignedEntry.Sign(parties.Task.TaskId, index, new LogEntry(parties.Round.RoundId, content).Encode(), parties.ServerKey);

    private SignedEntry Entry(TaskEvent content, ulong index, SigningKey? key = null) =>
        SignedEntry.Sign(parties.Task.TaskId, index, new LogEntry(parties.Task.TaskId, content).Encode(), key ?? parties.ServerKey);
}
