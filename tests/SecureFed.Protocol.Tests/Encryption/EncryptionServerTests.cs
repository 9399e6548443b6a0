using SecureFed.Cryptography.Keys;
using SecureFed.Cryptography.Rings;
using SecureFed.Cryptography.Sharing;
using SecureFed.Protocol.Encryption;
using SecureFed.Protocol.Encryption.Messages;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Messages;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Tests.Simulation;
using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Tests.Encryption;

/// <summary>The real server's round, task and replay with honest and lying clients and key holders.</summary>
public sealed class EncryptionServerTests
{
    [Fact]
    public void Sum_of_all_clients_is_exact_and_t_h_sums_of_shares_close_the_round()
    {
        ServedRound all = new("served");
        all.Open();
        all.Upload();
        all.Finish();
        Assert.Equal(RoundPhase.Closed, all.Round.Phase);
        Assert.Equal(EncryptedConsortium.SumOf(all.Clients), all.Server.Sum());
        Assert.Equal(6, all.Round.SurvivorCount);
        Assert.Equal(EncryptedConsortium.Threshold, all.Round.CountOf(EventType.UnmaskAnswered));
        Assert.Empty(all.Round.Suspects);
        AssertReplays(all);
    }

    [Fact]
    public void Server_that_is_folded_again_after_every_entry_stands_in_the_same_place()
    {
        ServedRound all = new("refolded");
        all.Open();
        all.Upload();
        all.Finish();
        all.Open();
        all.Upload([.. all.Clients.Skip(1)]);
        all.Finish();
        string[] observed = [.. Enumerable.Range(1, all.Server.Entries.Count).Select(n => SimulatedServer.Observe(all.Server.Fold(n), all.Parties.Roster))];
        Assert.Equal(observed[^1], all.Server.Observe());
        Assert.Equal(observed.Length, observed.Distinct().Count());
    }

    [Fact]
    public void Clients_that_do_not_upload_are_missing_from_an_exact_sum_and_below_S_min_there_is_none()
    {
        ServedRound all = new("dropouts");
        foreach ((int uploading, string? reason) in new[] { (5, null), (4, ErrorCodes.TooFewSurvivors), (3, ErrorCodes.TooFewSurvivors), (6, (string?)null) })
        {
            all.Open();
            int leastSurvivors = CohortThresholds.TryDeriveEncrypted(all.Parties.Task.Cohort, 6, out _)!.LeastSurvivors;
            EncryptingParty[] present = [.. all.Clients.Take(uploading)];
            all.Upload(present);
            if (uploading >= leastSurvivors)
                all.Finish();
            else
                all.Advance(RoundPhase.Upload);
            Assert.Equal(uploading < leastSurvivors ? reason : null, all.Round.AbortReason);
            if (all.Round.Phase == RoundPhase.Closed)
                Assert.Equal(EncryptedConsortium.SumOf(present), all.Server.Sum());
        }

        AssertReplays(all);
    }

    [Fact]
    public void One_absent_holder_costs_nothing_and_two_cost_the_round()
    {
        ServedRound all = new("absent holders");
        all.Open();
        all.Upload();
        all.Finish(all.Holders[3]);
        Assert.Equal(EncryptedConsortium.SumOf(all.Clients), all.Server.Sum());
        all.Open();
        all.Upload();
        all.Advance(RoundPhase.Upload);
        all.Receive(all.Check, [.. all.Holders.Take(3)]);
        all.Advance(RoundPhase.Check);
        Assert.Equal(ErrorCodes.TooFewHolders, all.Round.AbortReason);
        AssertReplays(all);
    }

    [Fact]
    public void Round_takes_the_next_key_of_each_holder_and_opens_without_a_holder_that_has_none_but_not_with_fewer_than_t_h()
    {
        ServedRound all = new("offers");
        all.Offer([.. all.Holders.Take(4)]);
        all.OpenWithOffers();
        Assert.Equal([1, 2, 3, 4], all.Round.Parameters.Encryption!.Table.Entries.Select(e => e.Point));
        all.Upload();
        all.Finish(all.Holders[4]);
        Assert.Equal(EncryptedConsortium.SumOf(all.Clients), all.Server.Sum());
        all.Server.Append(all.Server.State.Publish(SecureFed.Protocol.Tasks.ModelState.Initial(all.Parties.Task.Model) with { CompletedTrainRounds = 1 }));
        all.Offer(all.Holders[4], all.Holders[0], all.Holders[1]);
        Assert.Null(all.Server.State.Next(all.Parties.Random, [.. all.Clients.Select(c => c.Id)]));
        all.Offer(all.Holders[3]);
        all.OpenWithOffers();
        Assert.Equal([1, 2, 4, 5], all.Round.Parameters.Encryption!.Table.Entries.Select(e => e.Point));
        Assert.Equal([2UL, 2, 2, 1], all.Round.Parameters.Encryption!.Table.Entries.Select(e => e.Number));
    }

    [Fact]
    public void Offer_that_is_repeated_stale_foreign_or_of_another_key_is_refused_and_changes_nothing()
    {
        ServedRound all = new("bad offers");
        HoldingParty holder = all.Holders[0];
        ReadOnlyMemory<byte> first = holder.Role.Offer(all.Parties.Random);
        SignedHolderKey read = SignedHolderKey.TryDecode(first.Span)!;
        all.Server.Append(all.Server.State.OfferHolderKey(first.Span).Accepted!);
        string before = all.Server.Observe();
        Assert.Equal(1UL, all.Server.State.OfferHolderKey(first.Span).RepeatedIndex);
        ReadOnlyMemory<byte> other = SigningKey.Generate(all.Parties.Random).PublicKey;
        Assert.Equal(ErrorCodes.ConflictingMessage, Refusal(Sign(1, other)));
        Assert.Equal(ErrorCodes.StaleKey, Refusal(Sign(2, read.Key)));
        Assert.Equal(ErrorCodes.InvalidKey, Refusal(Sign(2, new byte[65])));
        Assert.Equal(ErrorCodes.InvalidKey, Refusal(Sign(2, new byte[] { 1 })));
        Assert.Equal(ErrorCodes.SignatureInvalid, Refusal(SignedHolderKey.Sign(all.Parties.Task.TaskId, holder.Id, 2, other, all.Holders[1].Key)));
        Assert.Equal(ErrorCodes.UnknownHolder, Refusal(SignedHolderKey.Sign(all.Parties.Task.TaskId, all.Clients[0].Id, 1, other, all.Clients[0].Key)));
        Assert.Equal(ErrorCodes.UnknownHolder, Refusal(SignedHolderKey.Sign(all.Clients[0].Id, holder.Id, 2, other, holder.Key)));
        Assert.Equal(ErrorCodes.InvalidMessage, all.Server.State.OfferHolderKey(first.Span[1..]).Rejection!.Code);
        for (int i = 1; i < 64; i++)
            all.Offer(holder);
        Assert.Equal(ErrorCodes.TooManyKeys, Refusal(Sign(65, other)));
        Assert.NotEqual(before, all.Server.Observe());

        SignedHolderKey Sign(ulong number, ReadOnlyMemory<byte> key) => SignedHolderKey.Sign(all.Parties.Task.TaskId, holder.Id, number, key, holder.Key);

        string Refusal(SignedHolderKey offer) => all.Server.State.OfferHolderKey(offer.Bytes.Span).Rejection!.Code;
    }

    [Fact]
    public void Server_that_opens_a_round_with_a_table_or_invitation_that_does_not_follow_does_not_fold()
    {
        ServedRound all = new("bad opening");
        all.Offer();
        all.Offer();
        PendingEvent honest = all.Server.State.Next(all.Parties.Random, [.. all.Clients.Select(c => c.Id)])!;
        RoundParameters round = ((TaskEvent.RoundOpened)honest.Event).Round;
        RoundEncryption encryption = round.Encryption!;
        HolderEntry[] seats = [.. encryption.Table.Entries];
        byte[] stranger = new InvitedList([.. all.Clients.Take(5).Select(c => c.Id).Append(all.Holders[0].Id).Order()]).Encode();
        foreach (ReadOnlyMemory<byte> blob in honest.Blobs.Append(stranger)) all.Server.Blobs.Put(blob);
        RoundEncryption[] lies =
        [
            encryption with { Table = new HolderTable([.. seats.Take(3)]) },
            encryption with { Table = new HolderTable([.. seats.Take(4)]) },
            encryption with { Table = new HolderTable([seats[0] with { Holder = seats[1].Holder }, seats[1] with { Holder = seats[0].Holder }, .. seats[2..]]) },
            encryption with { Table = new HolderTable([seats[0] with { Number = 2 }, .. seats[1..]]) },
            encryption with { Invited = 5 },
            encryption with { InvitedDigest = Digest.Of(stranger) },
            encryption with { Specification = encryption.Specification with { Threshold = 5 } },
            encryption with { Specification = encryption.Specification with { DroppedBits = 7 } },
        ];
        foreach (RoundEncryption lie in lies)
        {
            byte[] entry = new LogEntry(all.Parties.Task.TaskId, new TaskEvent.RoundOpened(round with { Encryption = lie })).Encode();
            Assert.Throws<InvalidOperationException>(() => all.Server.Fold(all.Server.Entries.Count).Apply((ulong)all.Server.Entries.Count, entry));
        }

        all.Server.Append(honest);
    }

    [Fact]
    public void Client_whose_box_does_not_open_for_one_holder_is_left_out_and_the_others_sum_is_exact()
    {
        ServedRound all = new("bad box");
        all.Open();
        EncryptingParty cheat = all.Clients[2];
        EncryptingParty[] honest = [.. all.Clients.Except([cheat])];
        all.Upload(honest);
        Assert.Equal(SimulatedServer.Accepted, all.Server.Receive(Forge(all, cheat, upload => upload with { Boxes = [upload.Boxes[1], .. upload.Boxes.Skip(2), Flip(upload.Boxes[0])] })));
        all.Finish();
        Assert.Equal(RoundPhase.Closed, all.Round.Phase);
        Assert.Equal(honest.Select(c => c.Id), all.Round.Survivors);
        Assert.Equal(EncryptedConsortium.SumOf(honest), all.Server.Sum());
        AssertReplays(all);
    }

    [Fact]
    public void Holder_that_answers_the_challenge_wrongly_for_everybody_does_not_cost_the_round()
    {
        ServedRound all = new("lying checker");
        all.Open();
        all.Upload();
        all.Advance(RoundPhase.Upload);
        foreach (HoldingParty holder in all.Holders)
        {
            ReadOnlyMemory<byte> honest = all.Check(holder);
            all.Server.Receive(holder == all.Holders[1] ? Lie(all, holder, honest) : honest);
        }

        all.Advance(RoundPhase.Check);
        Assert.Equal(6, all.Round.SurvivorCount);
        all.Receive(all.Confirm);
        all.Receive(all.Sum);
        Assert.Equal(EncryptedConsortium.SumOf(all.Clients), all.Server.Sum());
        AssertReplays(all);
    }

    [Fact]
    public void Holder_that_claims_that_no_box_opens_does_not_cost_the_round()
    {
        ServedRound all = new("blind checker");
        all.Open();
        all.Upload();
        all.Advance(RoundPhase.Upload);
        HoldingParty liar = all.Holders[4];
        Digest challenge = Answer(all.Check(all.Holders[0])).ChallengeDigest;
        all.Server.Receive(Sign(all, liar, new ShareCheckAnswer(challenge, [], [.. all.Clients.Select(c => c.Id)])));
        all.Receive(all.Check, [.. all.Holders.Except([liar])]);
        all.Advance(RoundPhase.Check);
        Assert.Equal(6, all.Round.SurvivorCount);
        all.Receive(all.Confirm, [.. all.Holders.Take(4)]);
        all.Receive(all.Sum, [.. all.Holders.Take(4)]);
        Assert.Equal(EncryptedConsortium.SumOf(all.Clients), all.Server.Sum());
    }

    [Fact]
    public void Wrong_sum_of_shares_shows_in_the_residue_and_the_fifth_holder_saves_the_round()
    {
        ServedRound all = new("wrong sum");
        all.Open();
        all.Upload();
        all.Advance(RoundPhase.Upload);
        all.Receive(all.Check);
        all.Receive(all.Confirm);
        foreach (HoldingParty holder in all.Holders.Take(4))
            all.Server.Receive(holder == all.Holders[2] ? WrongSum(all, holder) : all.Sum(holder));
        all.Server.Advance(Patience.Quiet);
        Assert.Equal(RoundPhase.Unmask, all.Round.Phase);
        all.Receive(all.Sum, all.Holders[4]);
        Assert.Equal(RoundPhase.Closed, all.Round.Phase);
        Assert.Equal(EncryptedConsortium.SumOf(all.Clients), all.Server.Sum());
        AssertReplays(all);
    }

    [Fact]
    public void Two_wrong_sums_of_five_lose_the_round_and_nothing_wrong_is_released()
    {
        ServedRound all = new("two wrong sums");
        all.Open();
        all.Upload();
        all.Advance(RoundPhase.Upload);
        all.Receive(all.Check);
        all.Receive(all.Confirm);
        foreach (HoldingParty holder in all.Holders)
            all.Server.Receive(all.Holders.Take(2).Contains(holder) ? WrongSum(all, holder) : all.Sum(holder));
        all.Advance(RoundPhase.Unmask);
        Assert.Equal(ErrorCodes.InvalidAggregate, all.Round.AbortReason);
        Assert.Null(all.Round.AggregateDigest);
        AssertReplays(all);
    }

    [Theory]
    [InlineData("a coefficient above q", ErrorCodes.InvalidCiphertext)]
    [InlineData("a padding bit", ErrorCodes.InvalidCiphertext)]
    [InlineData("a byte less", ErrorCodes.InvalidCiphertext)]
    [InlineData("a byte more", ErrorCodes.InvalidCiphertext)]
    [InlineData("a box less", ErrorCodes.LengthMismatch)]
    [InlineData("a longer box", ErrorCodes.LengthMismatch)]
    [InlineData("a sealing key off the curve", ErrorCodes.InvalidKey)]
    [InlineData("another client's ciphertext", ErrorCodes.InvalidCiphertext)]
    [InlineData("another client's box", ErrorCodes.InvalidCiphertext)]
    [InlineData("another client's sealing key", ErrorCodes.InvalidCiphertext)]
    [InlineData("one box twice", ErrorCodes.InvalidCiphertext)]
    public void Malformed_or_copied_upload_is_refused_and_changes_nothing(string lie, string code)
    {
        ServedRound all = new("malformed");
        all.Open();
        ReadOnlyMemory<byte> victim = all.Encrypt(all.Clients[0]);
        all.Server.Receive(victim);
        SignedMessage.TryDecode(victim, out SignedMessage? message);
        EncryptedUpload copied = (EncryptedUpload)message!.Body;
        string before = all.Server.Observe();
        ReadOnlyMemory<byte> forged = Forge(all, all.Clients[1], upload => lie switch
        {
            "a coefficient above q" => upload with { Ciphertexts = Fill(upload.Ciphertexts) },
            "a padding bit" => upload with { Ciphertexts = Pad(upload.Ciphertexts) },
            "a byte less" => upload with { Ciphertexts = upload.Ciphertexts[..^1] },
            "a byte more" => upload with { Ciphertexts = (byte[])[.. upload.Ciphertexts.Span, 0] },
            "a box less" => upload with { Boxes = [.. upload.Boxes.Skip(1)] },
            "a longer box" => upload with { Boxes = [.. upload.Boxes.Select(b => (ReadOnlyMemory<byte>)(byte[])[.. b.Span, 0])] },
            "a sealing key off the curve" => upload with { SealingKey = new byte[65] },
            "another client's ciphertext" => upload with { Ciphertexts = copied.Ciphertexts },
            "another client's box" => upload with { Boxes = [copied.Boxes[0], .. upload.Boxes.Skip(1)] },
            "another client's sealing key" => upload with { SealingKey = copied.SealingKey },
            _ => upload with { Boxes = [upload.Boxes[1], .. upload.Boxes.Skip(1)] },
        });
        Assert.Equal(code, all.Server.Receive(forged));
        Assert.Equal(before, all.Server.Observe());
    }

    [Fact]
    public void Whoever_is_not_invited_or_has_no_seat_and_whatever_binds_another_opening_is_refused()
    {
        ServedRound all = new("strangers");
        all.Offer();
        all.Server.Append(all.Server.State.Next(all.Parties.Random, [.. all.Clients.Take(5).Select(c => c.Id)])!);
        foreach (HoldingParty holder in all.Holders) Assert.Null(holder.Role.OnOpening(all.Opening));
        EncryptingParty uninvited = all.Clients[5];
        (EncryptionClient? role, RoundRejection? refusal) = EncryptionClient.Begin(uninvited.Context, all.Opening, 0, all.Parties.Random);
        Assert.Null(role);
        Assert.Equal(ErrorCodes.NotInCohort, refusal!.Code);
        SignedMessage.TryDecode(EncryptFor(all, all.Clients[0]), out SignedMessage? honest);
        MessageHeader header = honest!.Header;
        Assert.Equal(ErrorCodes.NotInCohort, all.Server.Receive(SignedMessage.Sign(header with { Sender = uninvited.Id }, honest.Body, uninvited.Key).Bytes));
        Assert.Equal(ErrorCodes.RoundMismatch, all.Server.Receive(SignedMessage.Sign(header with { Binding = Digest.Of("other"u8) }, honest.Body, all.Clients[0].Key).Bytes));
        Assert.Equal(ErrorCodes.NotEnrolled, all.Server.Receive(SignedMessage.Sign(header with { Sender = all.Holders[0].Id }, honest.Body, all.Holders[0].Key).Bytes));
        Assert.Equal(SimulatedServer.Accepted, all.Server.Receive(honest.Bytes));
        Assert.Equal(SimulatedServer.Repeated, all.Server.Receive(honest.Bytes));
        Assert.Equal(ErrorCodes.ConflictingUpload, all.Server.Receive(EncryptFor(all, all.Clients[0])));
    }

    [Fact]
    public void A_round_that_repeats_nearly_the_same_clients_leaves_one_out_or_is_given_up()
    {
        ServedRound all = new("guard", leastDifference: 2);
        all.Open();
        all.Upload();
        all.Finish();
        all.Open();
        EncryptingParty[] five = [.. all.Clients.Take(5)];
        all.Upload(five);
        all.Advance(RoundPhase.Upload);
        all.Receive(all.Check);
        all.Advance(RoundPhase.Check);
        Assert.True(all.Round.SurvivorCount == 4 || string.Equals(all.Round.AbortReason, ErrorCodes.SurvivorsTooSimilar, StringComparison.Ordinal) || all.Round.AbortReason == ErrorCodes.TooFewSurvivors);
    }

    [Fact]
    public void Auditor_finds_a_sum_a_list_or_a_sum_of_keys_that_does_not_follow()
    {
        ServedRound all = new("audited");
        all.Open();
        all.Upload([.. all.Clients.Take(5)]);
        all.Finish();
        AssertReplays(all);
        for (int at = 1; at < all.Server.Entries.Count; at++)
        {
            Assert.True(LogEntry.TryDecode(all.Server.Entries[at].Bytes.Span, out LogEntry? entry));
            TaskEvent? lie = entry!.Event switch
            {
                TaskEvent.RoundClosed closed => closed with { AggregateDigest = Put(all, new byte[32]) },
                TaskEvent.ListPublished { Kind: EventType.SurvivorsListed } list => list with { ListDigest = Put(all, Shorter(all, list.ListDigest)), Count = list.Count - 1 },
                TaskEvent.ListPublished { Kind: EventType.UnmaskRequested } asked => asked with { Count = asked.Count + 1 },
                _ => null,
            };
            if (lie is null)
                continue;
            TaskReplay replay = new(all.Server.Blobs, all.Parties.Policy.RosterAuthorityKey);
            for (int i = 0; i < at; i++)
                Assert.Null(replay.Add((ulong)i, all.Server.Entries[i].Bytes.Span));
            Assert.NotNull(replay.Add((ulong)at, new LogEntry(all.Parties.Task.TaskId, lie).Encode()));
        }
    }

    private static Digest Put(ServedRound all, byte[] blob)
    {
        all.Server.Blobs.Put(blob);
        return Digest.Of(blob);
    }

    private static byte[] Shorter(ServedRound all, Digest list)
    {
        Assert.True(UploadList.TryDecode(all.Server.Blobs.Get(list).Span, out UploadList? read));
        return (read! with { Uploads = [.. read.Uploads.Skip(1)] }).Encode();
    }

    private static void AssertReplays(ServedRound all)
    {
        TaskReplay replay = new(all.Server.Blobs, all.Parties.Policy.RosterAuthorityKey);
        for (int i = 0; i < all.Server.Entries.Count; i++)
            Assert.Null(replay.Add((ulong)i, all.Server.Entries[i].Bytes.Span));
        Assert.Equal(all.Server.State.Rounds.Count(r => r.AggregateDigest is not null), replay.RecomputedSums);
    }

    private static ReadOnlyMemory<byte> EncryptFor(ServedRound all, EncryptingParty client)
    {
        (EncryptionClient? role, _) = EncryptionClient.Begin(client.Context, all.Opening, 0, all.Parties.Random);
        return role!.Encrypt(client.MakeUpdate(all.Round.Parameters.Layout, all.Parties.Random), all.Parties.Random).Message!.Value;
    }

    /// <summary>A client's upload, changed and signed by the client itself.</summary>
    private static ReadOnlyMemory<byte> Forge(ServedRound all, EncryptingParty client, Func<EncryptedUpload, EncryptedUpload> change)
    {
        SignedMessage.TryDecode(EncryptFor(all, client), out SignedMessage? message);
        return SignedMessage.Sign(message!.Header, change((EncryptedUpload)message.Body), client.Key).Bytes;
    }

    private static ReadOnlyMemory<byte> Sign(ServedRound all, HoldingParty holder, IMessageBody body) =>
        SignedMessage.Sign(new MessageHeader(all.Parties.Task.TaskId, all.Round.Parameters.RoundId, holder.Id, all.Round.OpenDigest), body, holder.Key).Bytes;

    private static ShareCheckAnswer Answer(ReadOnlyMemory<byte> message)
    {
        SignedMessage.TryDecode(message, out SignedMessage? read);
        return (ShareCheckAnswer)read!.Body;
    }

    /// <summary>The answer with every element one greater.</summary>
    private static ReadOnlyMemory<byte> Lie(ServedRound all, HoldingParty holder, ReadOnlyMemory<byte> honest)
    {
        PrimeModulus q = all.Round.Parameters.Encryption!.Specification.Ring.Modulus;
        ShareCheckAnswer answer = Answer(honest);
        return Sign(all, holder, answer with { Answers = [.. answer.Answers.Select(Shift)] });

        ClientCheckAnswer Shift(ClientCheckAnswer one)
        {
            ulong[] elements = new ulong[ShareCheck.Challenges];
            Assert.True(ShareCheckAnswer.TryReadElements(q, one, elements));
            for (int i = 0; i < elements.Length; i++) elements[i] = q.Add(elements[i], 1);
            byte[] packed = new byte[one.Packed.Length];
            ResiduePacking.Pack(q, elements, packed);
            return one with { Packed = packed };
        }
    }

    private static ReadOnlyMemory<byte> WrongSum(ServedRound all, HoldingParty holder)
    {
        PrimeModulus q = all.Round.Parameters.Encryption!.Specification.Ring.Modulus;
        SignedMessage.TryDecode(all.Sum(holder), out SignedMessage? message);
        KeySumAnswer honest = (KeySumAnswer)message!.Body;
        ulong[] sum = new ulong[all.Round.Parameters.Encryption.Specification.Ring.Degree];
        Assert.True(honest.TryReadSum(q, sum));
        sum[5] = q.Add(sum[5], (ulong)(1 + all.Round.Parameters.Encryption!.Table.PlaceOf(holder.Id))); // Of two holders another error each: equal ones at points 1 and 2 cancel in one choice of four.
        byte[] packed = new byte[honest.PackedSum.Length];
        ResiduePacking.Pack(q, sum, packed);
        return Sign(all, holder, honest with { PackedSum = packed });
    }

    private static byte[] Flip(ReadOnlyMemory<byte> bytes)
    {
        byte[] copy = bytes.ToArray();
        copy[7] ^= 1;
        return copy;
    }

    private static byte[] Fill(ReadOnlyMemory<byte> bytes)
    {
        byte[] copy = bytes.ToArray();
        copy.AsSpan(0, 12).Fill(0xff);
        return copy;
    }

    /// <summary>64 coefficients of 42 bits end with a whole byte: there is no padding bit to set, so one is appended.</summary>
    private static byte[] Pad(ReadOnlyMemory<byte> bytes) => [.. bytes.Span[..^1], bytes.Span[^1], 1];
}
