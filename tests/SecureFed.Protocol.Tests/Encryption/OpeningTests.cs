using SecureFed.Cryptography.Keys;
using SecureFed.Protocol.Encryption;
using SecureFed.Protocol.Masking;
using SecureFed.Protocol.Policy;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Tests.Simulation;
using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Tests.Encryption;

/// <summary>Openings of rounds that a server would like to pass off: client and holder refuse alike, before a key is made or used.</summary>
public sealed class OpeningTests
{
    private readonly EncryptedConsortium all = new("lying openings");
    private readonly EncryptingParty victim;
    private readonly HoldingParty holder;
    private readonly HolderEntry[] seats;
    private readonly Identifier[] invited;
    private readonly RoundParameters good;

    public OpeningTests()
    {
        victim = all.Clients[2];
        holder = all.Holders[0];
        all.Offer();
        seats = [.. all.TakeOffers().Entries];
        invited = [.. all.Clients.Select(c => c.Id)];
        good = all.NextRound(new HolderTable(seats), invited);
    }

    [Fact]
    public void An_honest_opening_is_accepted_by_all()
    {
        all.Open(good);
        Assert.All(all.Clients, c => Assert.Null(EncryptionClient.Examine(c.Context, all.Opening, 0, out _)));
        Assert.All(all.Holders, h => Assert.Null(h.Role.OnOpening(all.Opening)));
    }

    [Fact]
    public void A_masking_client_joins_no_encrypted_round_and_an_encrypting_one_no_masked_round()
    {
        Announcement opening = all.Open(good);
        (MaskingClient? masking, Errors.RoundRejection? refusal) = MaskingClient.Begin(victim.Context, opening.Entry, 0, all.Random);
        Assert.Null(masking);
        Assert.Equal("invalid-parameters", refusal?.Code);
        SimulatedConsortium masked = new("masked round", new ConsortiumOptions());
        masked.Server.OpenRound();
        refusal = EncryptionClient.Examine(masked.Clients[0].Context, new Announcement(masked.Server.Opening, default), 0, out _);
        Assert.Equal("invalid-parameters", refusal?.Code);
    }

    [Fact]
    public void A_table_in_which_holders_have_exchanged_points_is_refused()
    {
        // Shown to one victim alone, a linear combination of honest sums over one list would be the victim's key.
        Refused("invalid-holders", good, [seats[1] with { Point = 1 }, seats[0] with { Point = 2 }, .. seats[2..]]);
    }

    [Fact]
    public void A_table_of_too_few_holders_or_of_strangers_or_with_keys_that_nobody_signed_is_refused()
    {
        using SigningKey stranger = SigningKey.Generate(all.Random);
        SignedHolderKey byStranger = SignedHolderKey.Sign(all.Task.TaskId, holder.Id, 1, stranger.PublicKey, stranger);
        SignedHolderKey otherTask = SignedHolderKey.Sign(Identifier.Random(all.Random), holder.Id, 1, stranger.PublicKey, holder.Key);
        byte[] noPoint = [4, .. new byte[64]];
        SignedHolderKey off = SignedHolderKey.Sign(all.Task.TaskId, holder.Id, 1, noPoint, holder.Key);
        SignedHolderKey byClient = SignedHolderKey.Sign(all.Task.TaskId, victim.Id, 1, stranger.PublicKey, victim.Key);
        Refused("invalid-holders", good, seats[..3]);
        Refused("invalid-holders", good, [SeatOf(byStranger), .. seats[1..]]);
        Refused("invalid-holders", good, [SeatOf(otherTask), .. seats[1..]]);
        Refused("invalid-holders", good, [SeatOf(off), .. seats[1..]]);
        Refused("invalid-holders", good, [SeatOf(byClient), .. seats[1..]]);
        Refused("invalid-holders", good, [seats[0] with { Number = 2 }, .. seats[1..]]);
        Refused("invalid-holders", good, [.. seats[..4], seats[4] with { Point = 6 }]);

        static HolderEntry SeatOf(SignedHolderKey offer) => new(1, offer.Holder, offer.Number, offer.Key, offer.Signature);
    }

    [Fact]
    public void Other_parameters_than_the_tasks_are_refused()
    {
        EncryptionSpecification specification = all.Task.Encryption!;
        foreach (EncryptionSpecification other in (EncryptionSpecification[])
            [
                specification with { Threshold = 3 }, specification with { CorruptHolders = 0 }, specification with { DroppedBits = 9 },
                specification with { Holders = [.. specification.Holders.Reverse()] }, specification with { Set = "S2" },
            ])
        {
            Refused("invalid-parameters", good with { Encryption = good.Encryption! with { Specification = other } });
        }

        Refused("invalid-parameters", good with { Protection = ProtectionKind.EncryptionSingleKey });
        Refused("invalid-parameters", good with { Protection = ProtectionKind.Masking, Encryption = null });
    }

    [Fact]
    public void Invitations_of_strangers_of_too_few_or_without_the_invited_list_are_refused()
    {
        InvitesRefused([.. invited[..5], all.Holders[0].Id]);
        InvitesRefused([.. invited[..5], Identifier.Random(all.Random)]);
        InvitesRefused(invited[..4]);
        InvitesRefused([.. invited, Identifier.Random(all.Random)]);
        Announcement opening = all.Open(good);
        byte[] unsorted = CanonicalWriter.Write(w => w.List([invited[1], invited[0], .. invited[2..]], (v, c) => v.Identifier(c)));
        RoundEncryption encryption = good.Encryption!;
        Refused("invalid-cohort", all.Publish(new TaskEvent.RoundOpened(good with { Encryption = encryption with { InvitedDigest = Digest.Of(unsorted) } }), unsorted));
        Refused("invalid-cohort", opening with { Blob = new InvitedList(invited[..5]).Encode() });
        Refused("invalid-cohort", all.Open(good with { Encryption = encryption with { Invited = 5 } }, invited));
    }

    [Fact]
    public void A_client_that_is_not_invited_takes_no_part()
    {
        Identifier[] others = [.. invited.Where(c => c != victim.Id)];
        Announcement opening = all.Open(WithInvited(others), others);
        Assert.Equal("not-in-cohort", victim.Begin(opening).Refusal?.Code);
        Assert.NotNull(all.Clients[0].Begin(opening).Client);
    }

    [Fact]
    public void A_task_whose_holders_the_policy_does_not_all_name_is_refused()
    {
        all.Open(good);
        foreach (ClientPolicy policy in (ClientPolicy[])
            [
                all.Policy with { KeyHolders = null }, all.Policy with { KeyHolders = [.. all.Policy.KeyHolders!.Skip(1)] }, all.Policy with { LeastHolderThreshold = 5 },
                all.Policy with { LeastCorruptHolders = 3 }, all.Policy with { Protections = [ProtectionKind.Masking, ProtectionKind.EncryptionSingleKey] },
                all.Policy with { LeastSurvivors = 4 }, all.Policy with { SmallestCohort = 7 },
            ])
        {
            Assert.Equal("policy-violated", victim.Begin(all.Opening, policy: policy).Refusal?.Code);
            using KeyHolder strict = KeyHolder.Restore(holder.Context with { Policy = policy }, holder.Role.Encode())!;
            Assert.Equal("policy-violated", strict.OnOpening(all.Opening)?.Code);
        }
    }

    [Fact]
    public void A_round_that_was_joined_before_is_refused_by_clients_and_holders()
    {
        Announcement first = all.Open(good);
        Assert.Null(holder.Role.OnOpening(first));
        Assert.Equal("round-replayed", victim.Begin(first, good.Number).Refusal?.Code);
        Announcement again = all.Open(good);
        holder.Refuses("round-replayed", h => h.OnOpening(again));
        holder.Role.EndRound(good.RoundId);
        holder.Refuses("round-replayed", h => h.OnOpening(first));
        holder.Restart();
        holder.Refuses("round-replayed", h => h.OnOpening(first));
    }

    [Fact]
    public void A_key_that_has_served_opens_no_second_round()
    {
        Assert.Null(holder.Role.OnOpening(all.Open(good)));
        RoundParameters second = all.NextRound(new HolderTable(seats), invited);
        holder.Refuses("state-lost", h => h.OnOpening(all.Open(second)));
        holder.Role.EndRound(good.RoundId);
        holder.Refuses("state-lost", h => h.OnOpening(all.Open(second)));
    }

    [Fact]
    public void Offers_below_the_one_a_round_took_are_erased_and_never_serve_again()
    {
        all.Offer(keys: 2);
        HolderTable second = all.TakeOffers();
        HolderTable third = all.TakeOffers();
        Assert.Equal(3, holder.Role.Offers.Count);
        Assert.Null(holder.Role.OnOpening(all.Open(all.NextRound(third, invited))));
        Assert.Empty(holder.Role.Offers);
        holder.Refuses("state-lost", h => h.OnOpening(all.Open(all.NextRound(second, invited))));
    }

    [Fact]
    public void A_holder_that_lost_its_state_refuses_the_round_and_offers_anew_above_its_old_numbers()
    {
        Announcement opening = all.Open(good);
        holder.Role = KeyHolder.Create(holder.Context);
        holder.Refuses("state-lost", h => h.OnOpening(opening));
        holder.Role.Offer(all.Random);
        holder.Refuses("state-lost", h => h.OnOpening(opening)); // The number is there again, the key another.
        holder.Role = KeyHolder.Create(holder.Context, firstNumber: 2);
        Assert.Equal(2UL, SignedHolderKey.TryDecode(holder.Role.Offer(all.Random).Span)!.Number);
    }

    [Fact]
    public void A_later_round_ends_one_that_was_still_open()
    {
        Assert.Null(holder.Role.OnOpening(all.Open(good)));
        all.Upload();
        Announcement fixing = all.Fix();
        Identifier before = good.RoundId;
        List<HolderDelivery> deliveries = all.DeliveriesTo(holder, EncryptedConsortium.Read(fixing).Uploads);
        all.Open();
        holder.Refuses("history-rewritten", h => h.OnFixedUploads(fixing, deliveries));
        holder.Role.EndRound(before);
        Assert.Equal(all.Round.RoundId, holder.Role.Round?.RoundId);
    }

    [Fact]
    public void State_of_another_holder_or_task_and_damaged_state_are_not_taken()
    {
        Assert.Null(holder.Role.OnOpening(all.Open(good)));
        byte[] saved = holder.Role.Encode();
        Assert.NotNull(KeyHolder.Restore(holder.Context, saved));
        Assert.Null(KeyHolder.Restore(all.Holders[1].Context, saved));
        Assert.Null(KeyHolder.Restore(holder.Context with { Task = all.Task with { TaskId = Identifier.Random(all.Random) } }, saved));
        for (int length = 0; length < saved.Length; length += 7)
            Assert.Null(KeyHolder.Restore(holder.Context, saved.AsSpan(0, length)));
        Assert.Null(KeyHolder.Restore(holder.Context, [.. saved, 0]));
    }

    private RoundParameters WithInvited(Identifier[] clients) =>
        good with { Encryption = good.Encryption! with { Invited = clients.Length, InvitedDigest = Digest.Of(new InvitedList(clients).Encode()) } };

    private void InvitesRefused(Identifier[] clients)
    {
        Identifier[] sorted = [.. clients.Order()];
        Refused("invalid-cohort", all.Open(WithInvited(sorted), sorted));
    }

    private void Refused(string code, RoundParameters round, HolderEntry[] table) =>
        Refused(code, round with { Encryption = round.Encryption! with { Table = new HolderTable(table) } });

    private void Refused(string code, RoundParameters round) => Refused(code, all.Open(round));

    private void Refused(string code, Announcement opening)
    {
        (EncryptionClient? client, Errors.RoundRejection? refusal) = victim.Begin(opening);
        Assert.Null(client);
        Assert.Equal(code, refusal?.Code);
        Assert.Equal(code, EncryptionClient.Examine(victim.Context, opening, 0, out RoundParameters? examined)?.Code);
        Assert.Null(examined);
        foreach (HoldingParty party in all.Holders)
            party.Refuses(code, h => h.OnOpening(opening));
    }
}
