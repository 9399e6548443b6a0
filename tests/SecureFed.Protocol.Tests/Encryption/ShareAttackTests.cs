using SecureFed.Cryptography.Randomness;
using SecureFed.Cryptography.Sharing;
using SecureFed.Protocol.Encryption;
using SecureFed.Protocol.Encryption.Messages;
using SecureFed.Protocol.Messages;
using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Tests.Encryption;

/// <summary>What corrupt clients send and what a lying server delivers of it: which shares holders open, and what that tells about whom.</summary>
public sealed class ShareAttackTests
{
    private readonly EncryptedConsortium all = new("bad shares");
    private readonly EncryptingParty victim;
    private readonly EncryptingParty attacker;

    public ShareAttackTests()
    {
        victim = all.Clients[0];
        attacker = all.Clients[4];
        all.Open();
        all.Upload();
    }

    [Fact]
    public void A_victims_ciphertexts_and_shares_sent_again_by_another_client_open_for_nobody()
    {
        // Were they opened, the sum would hold the victim's update twice, and its key twice.
        BadShares.Sign(all, attacker, BadShares.UploadOf(all, victim));
        AttackerIsLeftOut(unopenedBy: all.Holders);
    }

    [Fact]
    public void A_victims_box_among_own_ones_opens_for_nobody()
    {
        EncryptedUpload own = BadShares.UploadOf(all, attacker);
        BadShares.Sign(all, attacker, own with { Boxes = [BadShares.UploadOf(all, victim).Boxes[0], .. own.Boxes.Skip(1)] });
        AttackerIsLeftOut(unopenedBy: all.Holders.Take(1));
    }

    [Fact]
    public void Boxes_that_are_exchanged_among_holders_open_for_neither()
    {
        EncryptedUpload own = BadShares.UploadOf(all, attacker);
        BadShares.Sign(all, attacker, own with { Boxes = [own.Boxes[1], own.Boxes[0], .. own.Boxes.Skip(2)] });
        AttackerIsLeftOut(unopenedBy: all.Holders.Take(2));
    }

    [Fact]
    public void Boxes_that_were_sealed_in_another_round_do_not_open()
    {
        EncryptedUpload earlier = BadShares.UploadOf(all, attacker);
        all.Open();
        all.Upload();
        BadShares.Sign(all, attacker, earlier);
        AttackerIsLeftOut(unopenedBy: all.Holders);
    }

    [Fact]
    public void A_box_that_was_changed_does_not_open()
    {
        EncryptedUpload own = BadShares.UploadOf(all, attacker);
        byte[] changed = own.Boxes[2].ToArray();
        changed[100] ^= 1;
        BadShares.Sign(all, attacker, own with { Boxes = [own.Boxes[0], own.Boxes[1], changed, own.Boxes[3], own.Boxes[4]] });
        AttackerIsLeftOut(unopenedBy: [all.Holders[2]]);
    }

    [Fact]
    public void Boxes_of_another_length_do_not_open()
    {
        EncryptedUpload own = BadShares.UploadOf(all, attacker);
        BadShares.Sign(all, attacker, own with { Boxes = [.. own.Boxes.Select(b => b[1..])] });
        AttackerIsLeftOut(unopenedBy: all.Holders);
    }

    [Fact]
    public void A_sealing_key_that_is_no_point_of_the_curve_opens_nothing()
    {
        byte[] off = new byte[65];
        off[0] = 4;
        off[64] = 1;
        BadShares.Sign(all, attacker, BadShares.UploadOf(all, attacker) with { SealingKey = off });
        AttackerIsLeftOut(unopenedBy: all.Holders);
    }

    [Fact]
    public void A_share_that_is_not_canonical_counts_as_unopened()
    {
        BadShares.Upload(all, attacker, (x, packed) =>
        {
            if (x == 2) packed.AsSpan(0, 7).Fill(0xff); // An element of q or more.
            if (x == 3) packed[^1] |= 0x80; // A padding bit.
        });
        AttackerIsLeftOut(unopenedBy: all.Holders.Skip(1).Take(2));
    }

    [Fact]
    public void A_share_off_the_polynomial_at_one_holder_shows_in_the_check_and_costs_the_client_its_place()
    {
        BadShares.Upload(all, attacker, (x, packed) => packed[3] ^= x == 2 ? (byte)1 : (byte)0);
        AttackerIsLeftOut(unopenedBy: []);
    }

    [Fact]
    public void Shares_off_every_polynomial_show_in_the_check_and_cost_the_client_its_place()
    {
        BadShares.Upload(all, attacker, (_, packed) => all.Random.Bytes(12).CopyTo(packed.AsSpan(100)));
        AttackerIsLeftOut(unopenedBy: []);
    }

    [Fact]
    public void A_wrong_mask_alone_costs_the_client_its_place()
    {
        // The last coordinates are the masks': one wrong there could hide a wrong key share only from a challenge that was known before.
        BadShares.Upload(all, attacker, (x, packed) => packed[^2] ^= x == 5 ? (byte)1 : (byte)0);
        AttackerIsLeftOut(unopenedBy: []);
    }

    [Fact]
    public void Shares_on_a_polynomial_of_another_key_pass_the_check_and_are_told_by_the_residue()
    {
        Digest honest = all.Uploads[attacker.Id].Digest;
        byte[] ciphertexts = BadShares.UploadOf(all, attacker).Ciphertexts.ToArray();
        BadShares.Upload(all, attacker, (_, _) => { });
        BadShares.Sign(all, attacker, BadShares.UploadOf(all, attacker) with { Ciphertexts = ciphertexts });
        Assert.NotEqual(honest, all.Uploads[attacker.Id].Digest);
        Announcement request = all.RunToRequest([.. all.Clients]);
        Assert.Null(all.Decrypt(all.ListOf(all.Clients), [.. all.Holders.Take(4).Select(h => (h, all.Sum(h, request).Message!.Value))]));
    }

    [Fact]
    public void Nobody_sums_a_list_with_a_client_whose_share_did_not_open()
    {
        BadShares.Sign(all, attacker, BadShares.UploadOf(all, victim));
        Announcement request = all.RunToRequest([.. all.Clients]);
        Assert.All(all.Holders, h => h.Refuses("inconsistent-shares", _ => all.Sum(h, request)));
    }

    [Fact]
    public void Deliveries_are_read_once_and_one_after_the_other()
    {
        // A shell may fetch a box at a time: nothing is kept of one that was worked off.
        HoldingParty holder = all.Holders[0];
        using KeyHolder copy = KeyHolder.Restore(holder.Context, holder.Role.Encode())!;
        Announcement fixing = all.Fix();
        List<HolderDelivery> deliveries = all.DeliveriesTo(holder, EncryptedConsortium.Read(fixing).Uploads);
        byte[] expected = copy.OnFixedUploads(fixing, deliveries).Message!.Value.ToArray();
        byte[] streamed = holder.Role.OnFixedUploads(fixing, OneAtATime(deliveries)).Message!.Value.ToArray();
        Assert.Equal(expected[..^64], streamed[..^64]); // All but the signature.

        static IEnumerable<HolderDelivery> OneAtATime(List<HolderDelivery> deliveries)
        {
            byte[] record = [];
            byte[] box = [];
            foreach (HolderDelivery delivery in deliveries)
            {
                (record, box) = (delivery.Record.ToArray(), delivery.Box.ToArray());
                yield return new HolderDelivery(record, box);
                Array.Clear(record);
                Array.Clear(box);
            }
        }
    }

    [Fact]
    public void Deliveries_that_are_missing_surplus_or_in_another_order_are_refused_and_the_right_ones_still_answered()
    {
        HoldingParty holder = all.Holders[0];
        Announcement fixing = all.Fix();
        List<HolderDelivery> good = all.DeliveriesTo(holder, EncryptedConsortium.Read(fixing).Uploads);
        holder.Refuses("length-mismatch", h => h.OnFixedUploads(fixing, good.SkipLast(1)));
        holder.Refuses("length-mismatch", h => h.OnFixedUploads(fixing, [.. good, good[0]]));
        holder.Refuses("invalid-message", h => h.OnFixedUploads(fixing, [good[1], good[0], .. good.Skip(2)]));
        Assert.NotNull(holder.Role.OnFixedUploads(fixing, good).Message);
        Announcement list = all.PublishList(EventType.SurvivorsListed, all.ListOf(all.Clients));
        Assert.NotNull(holder.Role.OnSurvivors(list).Message);
        Announcement request = all.PublishRequest(all.RequestFor(list, all.Holders.Take(4).Select(h => (h, all.SignBlindly(h, list)))));
        holder.Refuses("length-mismatch", h => h.OnSumRequest(request, good.SkipLast(1)));
        holder.Refuses("length-mismatch", h => h.OnSumRequest(request, [.. good, good[0]]));
        holder.Refuses("invalid-message", h => h.OnSumRequest(request, [good[1], good[0], .. good.Skip(2)]));
        Assert.NotNull(holder.Role.OnSumRequest(request, good).Message);
    }

    [Fact]
    public void A_box_that_its_client_did_not_sign_for_this_holder_is_refused_in_check_and_sum()
    {
        HoldingParty holder = all.Holders[0];
        Announcement fixing = all.Fix();
        List<HolderDelivery> good = all.DeliveriesTo(holder, EncryptedConsortium.Read(fixing).Uploads);
        byte[] changed = good[3].Box.ToArray();
        changed[9] ^= 1;
        List<HolderDelivery> altered = [.. good[..3], good[3] with { Box = changed }, .. good[4..]];
        List<HolderDelivery> others = all.DeliveriesTo(all.Holders[1], EncryptedConsortium.Read(fixing).Uploads);
        holder.Refuses("invalid-ciphertext", h => h.OnFixedUploads(fixing, altered));
        holder.Refuses("invalid-ciphertext", h => h.OnFixedUploads(fixing, others));
        Assert.Null(holder.Role.AcceptFixedUploads(fixing));
        Announcement list = all.PublishList(EventType.SurvivorsListed, all.ListOf(all.Clients));
        Assert.NotNull(holder.Role.OnSurvivors(list).Message);
        Announcement request = all.PublishRequest(all.RequestFor(list, all.Holders.Take(4).Select(h => (h, all.SignBlindly(h, list)))));
        holder.Refuses("invalid-ciphertext", h => h.OnSumRequest(request, altered));
        holder.Refuses("invalid-ciphertext", h => h.OnSumRequest(request, others));
    }

    [Fact]
    public void Records_that_the_server_made_up_or_took_from_elsewhere_are_refused()
    {
        HoldingParty holder = all.Holders[0];
        EncryptedUpload body = BadShares.UploadOf(all, victim);
        MessageHeader header = new(all.Task.TaskId, all.Round.RoundId, victim.Id, all.OpenDigest);
        Refused("signature-invalid", SignedMessage.Sign(header, body, attacker.Key));
        Refused("round-mismatch", SignedMessage.Sign(header with { Binding = Digest.Of("other table"u8) }, body, victim.Key));
        Refused("round-mismatch", SignedMessage.Sign(header with { RoundId = Identifier.Random(all.Random) }, body, victim.Key));
        Refused("round-mismatch", SignedMessage.Sign(header with { Sender = attacker.Id }, body, attacker.Key));
        Refused("round-mismatch", SignedMessage.Sign(header, new ListSignature(all.OpenDigest, 3), victim.Key));
        Refused("invalid-ciphertext", SignedMessage.Sign(header, body with { Boxes = [.. body.Boxes.Take(4)] }, victim.Key));

        void Refused(string code, SignedMessage record)
        {
            UploadList honest = all.ListOf(all.Clients);
            UploadList list = honest with { Uploads = [.. honest.Uploads.Select(u => u.Client == victim.Id ? u with { UploadDigest = record.Digest } : u)] };
            Announcement fixing = all.PublishList(EventType.UploadsFixed, list);
            List<HolderDelivery> deliveries = all.DeliveriesTo(holder, list.Uploads);
            holder.Refuses(code, h => h.OnFixedUploads(fixing, [deliveries[0] with { Record = record.Record }, .. deliveries.Skip(1)]));
        }
    }

    /// <summary>Holders answer the check; the verdicts leave out the attacker and nobody else; what is left sums exactly.</summary>
    /// <param name="unopenedBy">Holders for whom the attacker's share does not open, in the order of their points.</param>
    private void AttackerIsLeftOut(IEnumerable<HoldingParty> unopenedBy)
    {
        Announcement fixing = all.Fix();
        HoldingParty[] asked = [.. all.Holders];
        ShareCheckAnswer[] answers = [.. asked.Select(h => AnswerOf(all.Check(h, fixing)))];
        Assert.Equal(unopenedBy, asked.Where((_, k) => answers[k].Unopened.Count > 0));
        Assert.All(answers.SelectMany(a => a.Unopened), client => Assert.Equal(attacker.Id, client));
        Assert.All(answers, a => Assert.Equal(all.Clients.Count, a.Answers.Count + a.Unopened.Count));
        bool[] isKept = Select(asked, answers);
        EncryptingParty[] kept = [.. all.Clients.Where((_, i) => isKept[i])];
        Assert.Equal(all.Clients.Except([attacker]), kept);
        Announcement list = all.PublishList(EventType.SurvivorsListed, all.ListOf(kept));
        Announcement request = all.PublishRequest(all.RequestFor(list, asked.Select(h => (h, h.Role.OnSurvivors(list).Message!.Value))));
        Assert.Equal(EncryptedConsortium.SumOf(kept), all.Decrypt(all.ListOf(kept), [.. asked.Select(h => (h, all.Sum(h, request).Message!.Value))]));
    }

    private bool[] Select(HoldingParty[] holders, ShareCheckAnswer[] answers)
    {
        const int l = ShareCheck.Challenges;
        bool[] isOff = new bool[all.Clients.Count * holders.Length];
        ShareConsistency[] verdicts = new ShareConsistency[all.Clients.Count];
        for (int i = 0; i < verdicts.Length; i++)
        {
            int[] there = [.. Enumerable.Range(0, holders.Length).Where(k => !answers[k].Unopened.Contains(all.Clients[i].Id))];
            int[] points = [.. there.Select(k => all.Table.Find(holders[k].Id)!.Point)];
            ulong[] elements = new ulong[there.Length * l];
            for (int k = 0; k < there.Length; k++)
                Assert.True(ShareCheckAnswer.TryReadElements(all.Set.Modulus, answers[there[k]].Answers.Single(a => a.Client == all.Clients[i].Id), elements.AsSpan(k * l, l)));
            bool[] isWrong = new bool[there.Length];
            verdicts[i] = points.Length == 0 ? ShareConsistency.TooFew : VectorErrorCorrection.Locate(all.Set.Modulus, points, elements, l, EncryptedConsortium.Threshold, 2, isWrong);
            for (int k = 0; k < holders.Length; k++)
            {
                int place = Array.IndexOf(there, k);
                isOff[(i * holders.Length) + k] = place < 0 || isWrong[place];
            }
        }

        bool[] isKept = new bool[verdicts.Length];
        bool[] isHolderWrong = new bool[holders.Length];
        ShareCheckSelection.Select(verdicts, isOff, 1, isKept, isHolderWrong);
        Assert.DoesNotContain(true, isHolderWrong);
        return isKept;
    }

    private ShareCheckAnswer AnswerOf(HolderStep step)
    {
        Assert.Null(SignedMessage.TryAuthenticate(step.Message!.Value, all.Roster, out SignedMessage? message));
        return Assert.IsType<ShareCheckAnswer>(message!.Body);
    }
}
