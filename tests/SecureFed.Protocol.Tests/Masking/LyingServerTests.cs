using SecureFed.Cryptography.Keys;
using SecureFed.Privacy.Updates;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Masking;
using SecureFed.Protocol.Masking.Messages;
using SecureFed.Protocol.Messages;
using SecureFed.Protocol.Policy;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Tasks;
using SecureFed.Protocol.Tests.Simulation;
using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Tests.Masking;

/// <summary>A server that holds its real key and lies: the client refuses with the right code, says nothing, and its state stays as it was.</summary>
public sealed class LyingServerTests
{
    private static readonly Digest Elsewhere = Digest.Of("elsewhere"u8);

    private readonly SimulatedConsortium consortium;
    private readonly SimulatedServer server;
    private readonly SimulatedClient victim;
    private readonly Identifier taskId;

    public LyingServerTests()
    {
        consortium = new SimulatedConsortium("lying server", new ConsortiumOptions { Clients = 8, Least = 6, DeltaDrop = 0.15m });
        server = consortium.Server;
        victim = consortium.Clients[3];
        taskId = consortium.Task.TaskId;
        server.OpenRound();
    }

    private MaskingClient Masking => victim.Masking!;

    private Digest CohortDigest => Digest.Of(server.AnnouncementOf(EventType.CohortPublished)!.Blob.Span);

    [Fact]
    public void An_opening_that_breaks_policy_task_or_roster_is_refused()
    {
        RoundParameters round = server.Round.Parameters;
        CohortBounds bounds = round.Cohort;
        UpdateSegment segment = round.Layout.Segments[0];
        UpdateLayout LayoutWith(UpdateSegment changed) => new([changed, round.Layout.Segments[1]], round.Layout.RingBits);

        RefusesOpening(ErrorCodes.ServerUntrusted, Entry(new TaskEvent.RoundOpened(round), key: consortium.Authority));
        RefusesOpening(ErrorCodes.ServerUntrusted, server.Opening with { Index = server.Opening.Index + 1 });
        RefusesOpening(ErrorCodes.ServerUntrusted, Entry(new TaskEvent.RoundOpened(round), entryTask: round.RoundId));
        RefusesOpening(ErrorCodes.ServerUntrusted, Entry(new TaskEvent.RoundOpened(round), entryTask: round.RoundId, signedTask: round.RoundId));
        RefusesOpening(ErrorCodes.ServerUntrusted, Entry(new TaskEvent.TaskFinished("")));
        RefusesOpening(ErrorCodes.RoundReplayed, server.Opening, lastRound: 1);
        RefusesOpening(ErrorCodes.RoundReplayed, server.Opening, lastRound: 2);
        RefusesOpening(ErrorCodes.InvalidParameters, Opening(round with { TaskDigest = Elsewhere }));
        RefusesOpening(ErrorCodes.RosterUntrusted, Opening(round with { RosterDigest = Elsewhere }));
        RefusesOpening(ErrorCodes.InvalidParameters, Opening(round with { Kind = RoundKind.Evaluate }));
        RefusesOpening(ErrorCodes.InvalidParameters, Opening(round with { Layout = new UpdateLayout(round.Layout.Segments, 31) }));
        RefusesOpening(ErrorCodes.InvalidParameters, Opening(round with { Layout = new UpdateLayout([segment], 32) }));
        RefusesOpening(ErrorCodes.InvalidParameters, Opening(round with { Layout = LayoutWith(segment with { ClipNorm = 2 * segment.ClipNorm }) }));
        RefusesOpening(ErrorCodes.InvalidParameters, Opening(round with { Layout = LayoutWith(segment with { Length = 1 }) }));
        RefusesOpening(ErrorCodes.InvalidParameters, Opening(round with { Layout = LayoutWith(segment with { ScaleExponent = 1 }) }));
        RefusesOpening(ErrorCodes.InvalidParameters, Opening(round with { Layout = LayoutWith(segment with { Name = "labels" }) }));
        foreach (CohortBounds changed in (CohortBounds[])
            [
                bounds with { Least = 5 }, bounds with { Greatest = 7 }, bounds with { Organisations = 7 }, bounds with { OrganisationCap = 2 },
                bounds with { Gamma = ExactDecimal.From(0.01m) }, bounds with { DeltaDrop = ExactDecimal.Zero }, bounds with { ServerClass = ServerClass.Curious },
            ])
        {
            RefusesOpening(ErrorCodes.InvalidParameters, Opening(round with { Cohort = changed }));
        }

        Assert.Null(MaskingClient.Examine(victim.Context, server.Opening, 0, out RoundParameters? accepted));
        Assert.Equal(round.RoundId, accepted!.RoundId);
    }

    [Fact]
    public void A_round_number_beyond_what_the_schedule_allows_is_refused()
    {
        RoundParameters round = server.Round.Parameters;
        int greatest = checked((int)consortium.Task.Schedule.GreatestRoundNumber);
        Assert.Equal(1000 * 1001, greatest);
        RefusesOpening(ErrorCodes.InvalidParameters, Opening(round with { Number = greatest + 1 }), lastRound: greatest);
        RefusesOpening(ErrorCodes.InvalidParameters, Opening(round with { Number = int.MaxValue }));
        Assert.Null(MaskingClient.Examine(victim.Context, Opening(round with { Number = greatest }), greatest - 1, out _));
    }

    [Fact]
    public void A_task_that_breaks_the_policy_is_refused_before_a_key_is_made()
    {
        ClientPolicy policy = consortium.Policy;
        foreach (ClientPolicy stricter in (ClientPolicy[])
            [
                policy with { SmallestCohort = 7 }, policy with { GreatestClientsPerOrganisation = 0 }, policy with { LeastGamma = ExactDecimal.From(0.1m) },
                policy with { GreatestDeltaDrop = ExactDecimal.From(0.1m) }, policy with { RequiresNoise = true }, policy with { Protections = [] },
                policy with { Models = [TaskModelKind.Linear] },
            ])
        {
            RefusesOpening(ErrorCodes.PolicyViolated, server.Opening, policy: stricter);
        }

        SimulatedConsortium curious = new("curious", new ConsortiumOptions { Clients = 3, DeltaDrop = 0, Class = ServerClass.Curious });
        curious.Server.OpenRound();
        (MaskingClient? client, RoundRejection? refusal) = MaskingClient.Begin(
            curious.ContextOf(curious.Clients[0], curious.Policy with { AllowsCuriousServer = false }), curious.Server.Opening, 0, curious.Random);
        Assert.Null(client);
        Assert.Equal(ErrorCodes.PolicyViolated, refusal!.Code);
    }

    [Fact]
    public void A_task_that_counts_fewer_organisations_than_the_roster_has_is_refused_and_one_that_counts_more_is_not()
    {
        // With fewer c would be counted too small; with more it is greater than it need be, and there is room for who joins later.
        int enrolled = consortium.Roster.ClientOrganisations;
        Assert.Equal(ErrorCodes.InvalidParameters, CodeOf(4));
        Assert.Equal(ErrorCodes.InvalidParameters, CodeOf(enrolled - 1));
        Assert.Null(CodeOf(enrolled));
        Assert.Null(CodeOf(enrolled + 1));

        string? CodeOf(int organisations)
        {
            TaskParameters task = consortium.Task with { Cohort = consortium.Bounds with { Organisations = organisations } };
            RoundParameters round = server.Round.Parameters with { Cohort = task.Cohort, TaskDigest = Digest.Of(task.Encode()) };
            return MaskingClient.Examine(victim.Context with { Task = task }, Opening(round), 0, out _)?.Code;
        }
    }

    [Fact]
    public void A_client_that_was_shown_another_model_refuses_the_cohort_of_the_others()
    {
        (MaskingClient? client, _) = MaskingClient.Begin(
            victim.Context,
            Entry(new TaskEvent.RoundOpened(server.Round.Parameters with { ModelDigest = Elsewhere }), server.Round.OpenIndex),
            0,
            consortium.Random);
        Assert.NotNull(client);
        consortium.RunTo(RoundPhase.Share);
        Assert.Equal(ErrorCodes.InvalidCohort, client.OnCohort(server.AnnouncementOf(EventType.CohortPublished)!, consortium.Random).Refusal!.Code);
    }

    [Fact]
    public void A_cohort_that_is_not_what_was_advertised_is_refused()
    {
        consortium.RunTo(RoundPhase.Share);
        CohortList honest = Decode();
        CohortThresholds thresholds = honest.Thresholds;
        ReadOnlyMemory<byte>[] ads = [.. honest.Advertisements];
        Advertisement own = Body(ads[3]);
        Advertisement theirs = Body(ads[6]);
        SimulatedClient accomplice = consortium.Clients[5];
        MessageHeader header = Header(ads[5]);

        RefusesCohort(honest with { OpenDigest = Elsewhere });
        foreach (CohortThresholds altered in (CohortThresholds[])
            [
                thresholds with { Threshold = thresholds.Threshold - 1 }, thresholds with { Quorum = thresholds.Quorum - 1 },
                thresholds with { LeastSurvivors = thresholds.LeastSurvivors - 1 }, thresholds with { HonestSurvivors = 2 },
                thresholds with { Corrupt = 0 }, thresholds with { Neighbours = 6 }, thresholds with { Clients = 7 }, thresholds with { Threshold = 7 },
            ])
        {
            RefusesCohort(honest with { Thresholds = altered });
        }

        RefusesCohort(Of(ads[..5]));
        RefusesCohort(Of([.. ads[..3], .. ads[4..]]));
        RefusesCohort(Replace(3, Sign(victim, Header(ads[3]), own)));
        RefusesCohort(Replace(3, Sign(victim, Header(ads[3]), own with { MaskKey = AgreementKey.Generate(consortium.Random).PublicKey })));
        RefusesCohort(Replace(5, Sign(consortium.Clients[0], header, Body(ads[5]))));
        RefusesCohort(Replace(5, Sign(accomplice, header with { RoundId = taskId }, Body(ads[5]))));
        RefusesCohort(Replace(5, Sign(accomplice, header with { TaskId = header.RoundId }, Body(ads[5]))));
        RefusesCohort(Replace(5, Sign(accomplice, header with { Binding = Elsewhere }, Body(ads[5]))));
        RefusesCohort(Replace(5, Sign(consortium.Operator, header with { Sender = consortium.Operator.Id }, Body(ads[5]))));
        RefusesCohort(Replace(5, ads[4]));
        RefusesCohort(Of([.. ads.Reverse()]));
        RefusesCohort(Replace(5, Sign(accomplice, header, theirs)));
        RefusesCohort(Replace(5, Sign(accomplice, header, Body(ads[5]) with { MaskKey = theirs.MaskKey })));
        RefusesCohort(Replace(5, Sign(accomplice, header, Body(ads[5]) with { SealingKey = theirs.SealingKey })));
        RefusesCohort(Replace(5, Sign(accomplice, header, Body(ads[5]) with { SealingKey = theirs.MaskKey })));
        RefusesCohort(Replace(5, Sign(accomplice, header, Body(ads[5]) with { SealingKey = Body(ads[5]).MaskKey })));
        RefusesCohort(Replace(5, Sign(accomplice, header, Body(ads[5]) with { MaskKey = new byte[65] })));
        RefusesCohort(Replace(5, new byte[CohortList.AdvertisementBytes]));
        Refuses(ErrorCodes.InvalidCohort, c => c.OnCohort(List(EventType.CohortPublished, [.. honest.Encode(), 0]), consortium.Random));

        AnnouncementLiesAreRefused(EventType.CohortPublished, honest.Encode(), (c, a) => c.OnCohort(a, consortium.Random));
        MaskingClient demanding = MaskingClient.Restore(consortium.ContextOf(victim, consortium.Policy with { LeastSurvivors = 7 }), Masking.Encode())!;
        Assert.Equal(ErrorCodes.PolicyViolated, demanding.OnCohort(server.AnnouncementOf(EventType.CohortPublished)!, consortium.Random).Refusal!.Code);
        Assert.NotNull(Masking.OnCohort(server.AnnouncementOf(EventType.CohortPublished)!, consortium.Random).Message);

        CohortList Decode()
        {
            Assert.True(CohortList.TryDecode(server.AnnouncementOf(EventType.CohortPublished)!.Blob.Span, out CohortList? list));
            return list!;
        }

        CohortList Of(ReadOnlyMemory<byte>[] advertisements) =>
            new(honest.OpenDigest, advertisements, CohortThresholds.TryDerive(consortium.Bounds, advertisements.Length, out _) ?? thresholds);

        CohortList Replace(int index, ReadOnlyMemory<byte> advertisement) =>
            honest with { Advertisements = [.. ads[..index], advertisement, .. ads[(index + 1)..]] };

        void RefusesCohort(CohortList lie) => Refuses(ErrorCodes.InvalidCohort, c => c.OnCohort(List(EventType.CohortPublished, lie.Encode()), consortium.Random));
    }

    [Fact]
    public void A_cohort_with_an_organisation_above_the_cap_is_refused()
    {
        // The server's own check is off: it lists two clients of one organisation.
        SimulatedConsortium two = new("cap", new ConsortiumOptions { Clients = 6, Greatest = 5, OrganisationOf = i => i == 5 ? "Organisation 4" : $"Organisation {i}" });
        two.Server.OpenRound();
        ReadOnlyMemory<byte>[] ads = [.. two.Clients.Select(c => c.Step(two.Server)!.Value)];
        CohortList list = new(two.Clients[0].Masking!.OpenDigest, [.. ads[1..]], CohortThresholds.TryDerive(two.Bounds, 5, out _)!);
        byte[] blob = list.Encode();
        LogEntry entry = new(two.Task.TaskId, new TaskEvent.ListPublished(EventType.CohortPublished, two.Server.Round.Parameters.RoundId, Digest.Of(blob), 5));
        ClientStep step = two.Clients[1].Masking!.OnCohort(new Announcement(SignedEntry.Sign(two.Task.TaskId, 9, entry.Encode(), two.Server.Key), blob), two.Random);
        Assert.Equal(ErrorCodes.InvalidCohort, step.Refusal!.Code);
        Assert.Contains("organisation", step.Refusal.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void A_second_cohort_is_refused_and_the_first_answered_with_the_same_bytes()
    {
        consortium.RunTo(RoundPhase.Share);
        Announcement honest = server.AnnouncementOf(EventType.CohortPublished)!;
        ReadOnlyMemory<byte> first = Masking.OnCohort(honest, consortium.Random).Message!.Value;
        Assert.True(CohortList.TryDecode(honest.Blob.Span, out CohortList? list));
        CohortList second = list! with
        {
            Advertisements = [.. list.Advertisements.SkipLast(1)],
            Thresholds = CohortThresholds.TryDerive(consortium.Bounds, 7, out _)!,
        };
        Refuses(ErrorCodes.HistoryRewritten, c => c.OnCohort(List(EventType.CohortPublished, second.Encode()), consortium.Random));
        Assert.Equal(first, Masking.OnCohort(honest, consortium.Random).Message!.Value);
    }

    [Fact]
    public void A_dealers_list_that_hides_too_little_is_refused()
    {
        consortium.RunTo(RoundPhase.Upload);
        NoisedUpdate update = victim.MakeUpdate(Masking.Round.Layout);
        Assert.True(DealersList.TryDecode(server.AnnouncementOf(EventType.DealersListed)!.Blob.Span, out DealersList? honest));
        Assert.Equal(Enumerable.Range(0, 8), honest!.Dealers);

        foreach (DealersList lie in (DealersList[])
            [
                honest with { Dealers = [0, 1, 2, 4, 5, 6, 7] }, honest with { Dealers = [0, 1, 2, 3, 4] }, honest with { Dealers = [] },
                honest with { CohortDigest = Elsewhere }, honest with { Dealers = [.. honest.Dealers, 8] },
                honest with { Dealers = [0, 1, 2, 3, 4, 5, 6, 1_000_000] },
            ])
        {
            Refuses(ErrorCodes.InvalidDealers, c => c.OnDealers(List(EventType.DealersListed, lie.Encode()), [], update));
        }

        foreach (DealersList malformed in (DealersList[])[honest with { Dealers = [0, 1, 2, 3, 3, 5, 6] }, honest with { Dealers = [7, 6, 5, 4, 3, 2, 1] }])
            Refuses(ErrorCodes.InvalidDealers, c => c.OnDealers(List(EventType.DealersListed, malformed.Encode()), [], update));
        Refuses(ErrorCodes.InvalidDealers, c => c.OnDealers(List(EventType.DealersListed, [.. honest.Encode(), 0]), [], update));
        AnnouncementLiesAreRefused(EventType.DealersListed, honest.Encode(), (c, a) => c.OnDealers(a, [], update));
    }

    [Fact]
    public void Asked_again_a_client_returns_the_same_upload_whatever_update_it_is_given()
    {
        consortium.RunTo(RoundPhase.Upload);
        Announcement honest = server.AnnouncementOf(EventType.DealersListed)!;
        Assert.False(Masking.HasMasked);
        ReadOnlyMemory<byte> first = Masking.OnDealers(honest, server.Round.InboxOf(victim.Id), victim.MakeUpdate(Masking.Round.Layout)).Message!.Value;
        Assert.True(Masking.HasMasked);
        Assert.Equal(first, Masking.OnDealers(honest, server.Round.InboxOf(victim.Id), victim.MakeUpdate(Masking.Round.Layout)).Message!.Value);
        victim.Restart();
        Assert.True(Masking.HasMasked);
        Assert.Equal(first, Masking.OnDealers(honest, [], victim.MakeUpdate(Masking.Round.Layout)).Message!.Value);
        Assert.Equal(first, Masking.UploadBytes);

        Assert.True(DealersList.TryDecode(honest.Blob.Span, out DealersList? list));
        byte[] second = (list! with { Dealers = [.. list.Dealers.SkipLast(1)] }).Encode();
        Refuses(ErrorCodes.HistoryRewritten, c => c.OnDealers(List(EventType.DealersListed, second), [], victim.MakeUpdate(c.Round.Layout)));
    }

    [Fact]
    public void An_update_for_another_layout_is_the_callers_bug()
    {
        consortium.RunTo(RoundPhase.Upload);
        UpdateLayout other = new([new UpdateSegment("delta", 8, 1, 3)], 32);
        byte[] before = Masking.Encode();
        Assert.Throws<ArgumentException>(() => Masking.OnDealers(server.AnnouncementOf(EventType.DealersListed)!, [], victim.MakeUpdate(other)));
        Assert.Equal(before, Masking.Encode());
    }

    [Fact]
    public void A_survivor_list_that_does_not_follow_the_dealers_is_not_signed()
    {
        consortium.RunTo(RoundPhase.Upload);
        consortium.RunTo(RoundPhase.Confirm, [.. consortium.Clients.Take(7)]);
        Assert.True(SurvivorList.TryDecode(server.AnnouncementOf(EventType.SurvivorsListed)!.Blob.Span, out SurvivorList? honest));
        Assert.Equal([0, 1, 2, 3, 4, 5, 6], honest!.Survivors);

        foreach (SurvivorList lie in (SurvivorList[])
            [
                honest with { CohortDigest = Elsewhere }, honest with { DealersDigest = Elsewhere }, Listing(0, 1, 2, 3, 4, 5, 8),
                Listing(0, 1, 1, 3, 4, 5), Listing(5, 4, 3, 2, 1, 0),
            ])
        {
            Refuses(ErrorCodes.InvalidSurvivors, c => c.OnSurvivors(List(EventType.SurvivorsListed, lie.Encode())));
        }

        Refuses(ErrorCodes.TooFewSurvivors, c => c.OnSurvivors(List(EventType.SurvivorsListed, Listing(0, 1, 2, 3, 4).Encode())));
        Refuses(ErrorCodes.TooFewSurvivors, c => c.OnSurvivors(List(EventType.SurvivorsListed, Listing().Encode())));
        AnnouncementLiesAreRefused(EventType.SurvivorsListed, honest.Encode(), (c, a) => c.OnSurvivors(a));

        // A second list, the same list at a second index, and the first again after a restart.
        Announcement announcement = server.AnnouncementOf(EventType.SurvivorsListed)!;
        ReadOnlyMemory<byte> first = Masking.OnSurvivors(announcement).Message!.Value;
        Refuses(ErrorCodes.SecondList, c => c.OnSurvivors(List(EventType.SurvivorsListed, Listing(0, 1, 2, 3, 4, 5).Encode())));
        Refuses(ErrorCodes.SecondList, c => c.OnSurvivors(List(EventType.SurvivorsListed, honest.Encode())));
        victim.Restart();
        Assert.Equal(first, Masking.OnSurvivors(announcement).Message!.Value);

        // The genuine entries of these members; a member without an upload borrows another's.
        SurvivorList Listing(params int[] members) =>
            honest with { Uploads = [.. members.Select(i => honest.Uploads.FirstOrDefault(u => u.Index == i) ?? honest.Uploads[0] with { Index = i })] };
    }

    [Fact]
    public void Survivors_whose_uploads_followed_another_dealers_list_are_not_signed()
    {
        // The server shows client 6 a dealers list of its own, so that its upload lacks the masks shared with client 7, and then lists it among the survivors.
        consortium.RunTo(RoundPhase.Upload);
        Announcement dealers = server.AnnouncementOf(EventType.DealersListed)!;
        SimulatedClient split = consortium.Clients[6];
        Announcement fork = List(EventType.DealersListed, new DealersList(CohortDigest, [0, 1, 2, 3, 4, 5, 6]).Encode());
        ReadOnlyMemory<byte> other = split.Masking!.OnDealers(fork, server.Round.InboxOf(split.Id), split.MakeUpdate(Masking.Round.Layout)).Message!.Value;
        consortium.Step([.. consortium.Clients.Take(6)]);
        SurvivorUpload[] honest = [.. Enumerable.Range(0, 6).Select(i => UploadOf(i, consortium.Clients[i].Masking!.UploadBytes))];

        foreach (SurvivorUpload lie in (SurvivorUpload[])[UploadOf(6, other), honest[5] with { Index = 6 }, UploadOf(6, other) with { WordsDigest = honest[5].WordsDigest }])
        {
            byte[] list = new SurvivorList(CohortDigest, Digest.Of(dealers.Blob.Span), [.. honest, lie]).Encode();
            Refuses(ErrorCodes.InvalidSurvivors, c => c.OnSurvivors(List(EventType.SurvivorsListed, list)));
        }

        byte[] genuine = new SurvivorList(CohortDigest, Digest.Of(dealers.Blob.Span), honest).Encode();
        Assert.NotNull(Masking.OnSurvivors(List(EventType.SurvivorsListed, genuine)).Message);
    }

    private static SurvivorUpload UploadOf(int index, ReadOnlyMemory<byte> bytes)
    {
        Assert.Null(SignedMessage.TryDecode(bytes, out SignedMessage? message));
        return new SurvivorUpload(index, Assert.IsType<Upload>(message!.Body).Statement.WordsDigest, message.SignatureBytes);
    }

    [Fact]
    public void An_unmask_request_without_a_quorum_for_the_signed_list_gets_no_share()
    {
        consortium.RunTo(RoundPhase.Upload);
        consortium.RunTo(RoundPhase.Confirm, [.. consortium.Clients.Take(7)]);
        SimulatedClient[] present = [.. consortium.Clients.Take(7)];
        Announcement survivors = server.AnnouncementOf(EventType.SurvivorsListed)!;
        Refuses(ErrorCodes.WrongPhase, c => c.OnUnmaskRequest(List(EventType.UnmaskRequested, survivors.Blob.ToArray())));
        consortium.RunTo(RoundPhase.Unmask, present);
        Announcement announcement = server.AnnouncementOf(EventType.UnmaskRequested)!;
        Assert.True(UnmaskRequest.TryDecode(announcement.Blob.Span, out UnmaskRequest? honest));
        Assert.Equal([7], honest!.Dropped);
        QuorumSignature[] certificate = [.. honest.Certificate];
        int quorum = CohortThresholds.TryDerive(consortium.Bounds, 8, out _)!.Quorum;
        Assert.True(certificate.Length >= quorum);

        Lie(ErrorCodes.InvalidCertificate, honest with { CohortDigest = Elsewhere });
        Lie(ErrorCodes.SecondList, honest with { SurvivorListDigest = Elsewhere });
        Lie(ErrorCodes.SecondList, honest with { SurvivorEntryIndex = honest.SurvivorEntryIndex + 1 });
        Lie(ErrorCodes.InvalidCertificate, honest with { Dropped = [] });
        Lie(ErrorCodes.InvalidCertificate, honest with { Dropped = [0] });
        Lie(ErrorCodes.InvalidCertificate, honest with { Dropped = [0, 7] });
        Lie(ErrorCodes.InvalidCertificate, honest with { Dropped = [7, 8] });
        Lie(ErrorCodes.InvalidCertificate, honest with { Certificate = [.. certificate.Take(quorum - 1)] });
        Lie(ErrorCodes.InvalidCertificate, honest with { Certificate = [] });
        Lie(ErrorCodes.InvalidCertificate, honest with { Certificate = [certificate[0], .. certificate.Take(quorum - 1)] });
        Lie(ErrorCodes.InvalidCertificate, honest with { Certificate = [.. certificate.Take(quorum).Reverse()] });
        Lie(ErrorCodes.InvalidCertificate, honest with { Certificate = [.. certificate.Take(quorum - 1), certificate[0] with { Signer = 7 }] });
        Lie(ErrorCodes.InvalidCertificate, honest with { Certificate = [.. certificate.Take(quorum - 1), certificate[0] with { Signer = 8 }] });
        Lie(ErrorCodes.InvalidCertificate, honest with { Certificate = [.. certificate.Take(quorum - 1), new QuorumSignature(7, SignConfirmation(consortium.Operator, honest))] });
        Lie(ErrorCodes.InvalidCertificate, WithLast(SignConfirmation(consortium.Clients[7], honest with { SurvivorListDigest = Elsewhere })));
        Lie(ErrorCodes.InvalidCertificate, WithLast(SignConfirmation(consortium.Clients[7], honest with { SurvivorEntryIndex = 3 })));
        Lie(ErrorCodes.InvalidCertificate, WithLast(SignConfirmation(consortium.Clients[7], honest, round: taskId)));
        Lie(ErrorCodes.InvalidCertificate, WithLast(SignConfirmation(consortium.Clients[7], honest, binding: Elsewhere)));
        AnnouncementLiesAreRefused(EventType.UnmaskRequested, honest.Encode(), (c, a) => c.OnUnmaskRequest(a));
        MaskingClient demanding = MaskingClient.Restore(consortium.ContextOf(victim, consortium.Policy with { LeastSurvivors = 7 }), Masking.Encode())!;
        Assert.Equal(ErrorCodes.PolicyViolated, demanding.OnUnmaskRequest(announcement).Refusal!.Code);

        // The honest request is answered, always with the same bytes; any other stays refused.
        ReadOnlyMemory<byte> answer = Masking.OnUnmaskRequest(announcement).Message!.Value;
        Assert.Equal(answer, Masking.OnUnmaskRequest(announcement).Message!.Value);
        victim.Restart();
        Assert.Equal(answer, Masking.OnUnmaskRequest(announcement).Message!.Value);
        Lie(ErrorCodes.SecondList, honest with { SurvivorListDigest = Elsewhere });
        Lie(ErrorCodes.InvalidCertificate, honest with { Dropped = [6, 7] });

        UnmaskRequest WithLast(byte[] signature) => honest with { Certificate = [.. certificate.Take(quorum - 1), new QuorumSignature(7, signature)] };

        void Lie(string code, UnmaskRequest lie) => Refuses(code, c => c.OnUnmaskRequest(List(EventType.UnmaskRequested, lie.Encode())));
    }

    [Fact]
    public void A_client_that_missed_a_step_says_nothing()
    {
        consortium.RunTo(RoundPhase.Share);
        NoisedUpdate update = victim.MakeUpdate(Masking.Round.Layout);
        byte[] blob = new DealersList(Elsewhere, [0, 1, 2, 3, 4, 5]).Encode();
        MaskingClient fresh = MaskingClient.Restore(victim.Context, Masking.Encode())!;
        Assert.Equal(ErrorCodes.WrongPhase, fresh.OnDealers(List(EventType.DealersListed, blob), [], update).Refusal!.Code);
        Assert.Equal(ErrorCodes.WrongPhase, fresh.OnSurvivors(List(EventType.SurvivorsListed, blob)).Refusal!.Code);
        Assert.Equal(ErrorCodes.WrongPhase, fresh.OnUnmaskRequest(List(EventType.UnmaskRequested, blob)).Refusal!.Code);
    }

    /// <summary>What holds for every list: key, task, round, kind, digest and order are checked.</summary>
    private void AnnouncementLiesAreRefused(EventType kind, byte[] blob, Func<MaskingClient, Announcement, ClientStep> step)
    {
        Identifier round = server.Round.Parameters.RoundId;
        TaskEvent.ListPublished honest = new(kind, round, Digest.Of(blob), 1);
        EventType otherKind = kind == EventType.CohortPublished ? EventType.DealersListed : EventType.CohortPublished;
        Announcement Announce(SignedEntry entry) => new(entry, blob);

        Refuses(ErrorCodes.ServerUntrusted, c => step(c, Announce(Entry(honest, key: consortium.Authority))));
        Refuses(ErrorCodes.ServerUntrusted, c => step(c, Announce(Entry(honest) with { Index = 1 << 20 })));
        Refuses(ErrorCodes.ServerUntrusted, c => step(c, Announce(Entry(honest, entryTask: round))));
        Refuses(ErrorCodes.ServerUntrusted, c => step(c, Announce(Entry(honest, entryTask: round, signedTask: round))));
        Refuses(ErrorCodes.HistoryRewritten, c => step(c, Announce(Entry(honest with { RoundId = taskId }))));
        Refuses(ErrorCodes.HistoryRewritten, c => step(c, Announce(Entry(honest with { Kind = otherKind }))));
        Refuses(ErrorCodes.HistoryRewritten, c => step(c, Announce(Entry(honest with { ListDigest = Elsewhere }))));
        Refuses(ErrorCodes.HistoryRewritten, c => step(c, Announce(Entry(honest, index: server.Round.OpenIndex))));
        Refuses(ErrorCodes.HistoryRewritten, c => step(c, Announce(server.Opening)));
    }

    private void Refuses(string code, Func<MaskingClient, ClientStep> step)
    {
        byte[] before = Masking.Encode();
        ClientStep result = step(Masking);
        Assert.Null(result.Message);
        Assert.Equal(code, result.Refusal!.Code);
        Assert.Equal(before, Masking.Encode());
    }

    private void RefusesOpening(string code, SignedEntry opening, int lastRound = 0, ClientPolicy? policy = null)
    {
        (MaskingClient? client, RoundRejection? refusal) = MaskingClient.Begin(consortium.ContextOf(victim, policy), opening, lastRound, consortium.Random);
        Assert.Null(client);
        Assert.Equal(code, refusal!.Code);
    }

    private SignedEntry Opening(RoundParameters round) => Entry(new TaskEvent.RoundOpened(round));

    private Announcement List(EventType kind, byte[] blob) =>
        new(Entry(new TaskEvent.ListPublished(kind, server.Round.Parameters.RoundId, Digest.Of(blob), 1)), blob);

    private SignedEntry Entry(TaskEvent change, ulong? index = null, SigningKey? key = null, Identifier? entryTask = null, Identifier? signedTask = null) =>
        SignedEntry.Sign(signedTask ?? taskId, index ?? 1000, new LogEntry(entryTask ?? taskId, change).Encode(), key ?? server.Key);

    private static byte[] Sign(SimulatedClient signer, MessageHeader header, Advertisement body) => SignedMessage.Sign(header, body, signer.Key).Bytes.ToArray();

    private byte[] SignConfirmation(SimulatedClient signer, UnmaskRequest request, Identifier? round = null, Digest? binding = null) => SignedMessage.Sign(
        new MessageHeader(taskId, round ?? server.Round.Parameters.RoundId, signer.Id, binding ?? request.CohortDigest),
        new Confirmation(request.SurvivorListDigest, request.SurvivorEntryIndex),
        signer.Key).SignatureBytes.ToArray();

    private static SignedMessage Message(ReadOnlyMemory<byte> bytes)
    {
        Assert.Null(SignedMessage.TryDecode(bytes, out SignedMessage? message));
        return message!;
    }

    private static MessageHeader Header(ReadOnlyMemory<byte> bytes) => Message(bytes).Header;

    private static Advertisement Body(ReadOnlyMemory<byte> bytes) => (Advertisement)Message(bytes).Body;
}
