using SecureFed.Protocol.Encryption;
using SecureFed.Protocol.Encryption.Messages;
using SecureFed.Protocol.Transparency;

namespace SecureFed.Protocol.Tests.Encryption;

/// <summary>Rounds with one-time keys in which nobody lies.</summary>
public sealed class EncryptedRoundTests
{
    [Fact]
    public void Sum_of_encrypted_updates_equals_sum_of_updates_for_every_choice_of_enough_holders()
    {
        EncryptedConsortium all = new("honest round");
        all.Open();
        all.Upload();
        EncryptingParty[] survivors = [.. all.Clients.Where((_, i) => i != 2)];
        Announcement request = all.RunToRequest(survivors);
        List<(HoldingParty Holder, ReadOnlyMemory<byte> Message)> answers = [.. all.Holders.Select(h => (h, all.Sum(h, request).Message!.Value))];
        UploadList list = all.ListOf(survivors);
        int[] expected = EncryptedConsortium.SumOf(survivors);
        Assert.Equal(expected, all.Decrypt(list, answers));
        for (int choice = 1; choice < 1 << answers.Count; choice++)
        {
            (HoldingParty, ReadOnlyMemory<byte>)[] chosen = [.. answers.Where((_, i) => (choice >> i & 1) == 1)];
            Assert.Equal(chosen.Length < EncryptedConsortium.Threshold ? null : expected, all.Decrypt(list, chosen));
        }
    }

    [Fact]
    public void A_holder_that_comes_after_the_check_still_gives_a_sum_that_fits_any_three_others()
    {
        EncryptedConsortium all = new("late holder");
        all.Open();
        all.Upload();
        HoldingParty late = all.Holders[2];
        HoldingParty[] prompt = [.. all.Holders.Except([late])];
        Announcement fixing = all.Fix();
        foreach (HoldingParty holder in prompt)
            Assert.NotNull(all.Check(holder, fixing).Message);
        Announcement list = all.PublishList(EventType.SurvivorsListed, all.ListOf(all.Clients));
        Announcement request = all.PublishRequest(all.RequestFor(list, prompt.Select(h => (h, h.Role.OnSurvivors(list).Message!.Value))));
        Assert.Null(late.Role.AcceptFixedUploads(fixing));
        Assert.False(late.Role.HasChecked);
        Assert.NotNull(late.Role.OnSurvivors(list).Message);
        List<(HoldingParty Holder, ReadOnlyMemory<byte> Message)> answers = [.. all.Holders.Select(h => (h, all.Sum(h, request).Message!.Value))];
        int[] expected = EncryptedConsortium.SumOf(all.Clients);
        foreach (HoldingParty absent in all.Holders)
            Assert.Equal(expected, all.Decrypt(EncryptedConsortium.Read(list), [.. answers.Where(a => a.Holder != absent)]));
    }

    [Fact]
    public void A_holder_without_an_offer_has_no_seat_and_the_others_give_the_sum()
    {
        EncryptedConsortium all = new("empty seat");
        all.Offer();
        HolderTable four = new([.. all.TakeOffers().Entries.Where(e => e.Point != 2)]);
        all.Open(all.NextRound(four, [.. all.Clients.Select(c => c.Id)]));
        HoldingParty[] seated = [.. all.Holders.Where((_, i) => i != 1)];
        all.Holders[1].Refuses("unknown-holder", h => h.OnOpening(all.Opening));
        Assert.All(seated, h => Assert.Null(h.Role.OnOpening(all.Opening)));
        all.Upload();
        Announcement fixing = all.Fix();
        Assert.All(seated, h => Assert.NotNull(all.Check(h, fixing).Message));
        Announcement list = all.PublishList(EventType.SurvivorsListed, all.ListOf(all.Clients));
        Announcement request = all.PublishRequest(all.RequestFor(list, seated.Select(h => (h, h.Role.OnSurvivors(list).Message!.Value))));
        Assert.Equal(
            EncryptedConsortium.SumOf(all.Clients),
            all.Decrypt(EncryptedConsortium.Read(list), [.. seated.Select(h => (h, all.Sum(h, request).Message!.Value))]));
    }

    [Fact]
    public void Parties_that_restart_after_every_step_say_the_same_bytes_again()
    {
        EncryptedConsortium all = new("restarts");
        all.Open();
        all.Upload();
        foreach (EncryptingParty client in all.Clients)
        {
            byte[] saved = client.Role.Encode();
            EncryptionClient restored = EncryptionClient.Restore(client.Context, saved)!;
            Assert.Equal(saved, restored.Encode());
            ReadOnlyMemory<byte> again = restored.Encrypt(client.MakeUpdate(all.Round.Layout, all.Random), all.Random).Encrypted!.Bytes;
            Assert.True(again.Span.SequenceEqual(all.Uploads[client.Id].Bytes.Span));
            client.Role = restored;
        }

        Announcement fixing = all.Fix();
        Announcement list = all.PublishList(EventType.SurvivorsListed, all.ListOf(all.Clients));
        HoldingParty holder = all.Holders[0];
        holder.Restart();
        Assert.Null(holder.Role.OnOpening(all.Opening));
        Same(() => all.Check(holder, fixing), () => holder.Role.OnFixedUploads(fixing, []));
        Same(() => holder.Role.OnSurvivors(list), () => holder.Role.OnSurvivors(list));
        Announcement request = all.PublishRequest(all.RequestFor(list, all.Holders.Take(4).Select(h => (h, all.SignBlindly(h, list)))));
        Same(() => all.Sum(holder, request), () => holder.Role.OnSumRequest(request, []));
        Assert.True(holder.Role.OnSurvivors(list).Message.HasValue && holder.Role.OnFixedUploads(fixing, []).Message.HasValue);
        holder.Role.EndRound(all.Round.RoundId);
        holder.Restart();
        Assert.Null(holder.Role.Round);

        void Same(Func<HolderStep> step, Func<HolderStep> again)
        {
            byte[] said = step().Message!.Value.ToArray();
            holder.Restart();
            Assert.Equal(said, again().Message!.Value.ToArray());
            Assert.Equal(said, again().Message!.Value.ToArray());
        }
    }

    [Fact]
    public void Keys_of_every_round_are_used_up_and_rounds_follow_each_other()
    {
        EncryptedConsortium all = new("three rounds");
        all.Offer(keys: 2);
        for (int round = 1; round <= 3; round++)
        {
            all.Open();
            Assert.All(all.Table.Entries, e => Assert.Equal((ulong)round, e.Number));
            all.Upload();
            Announcement request = all.RunToRequest([.. all.Clients]);
            List<(HoldingParty, ReadOnlyMemory<byte>)> answers = [.. all.Holders.Take(4).Select(h => (h, all.Sum(h, request).Message!.Value))];
            Assert.Equal(EncryptedConsortium.SumOf(all.Clients), all.Decrypt(all.ListOf(all.Clients), answers));
            Assert.All(all.Holders, h => Assert.Equal(2, h.Role.Offers.Count));
            all.Holders[0].Role.EndRound(all.Round.RoundId);
        }
    }

    [Fact]
    public void A_client_learns_from_the_list_whether_its_upload_is_summed()
    {
        EncryptedConsortium all = new("whether summed");
        all.Open();
        all.Upload();
        EncryptingParty[] survivors = [.. all.Clients.Skip(1)];
        Announcement list = all.PublishList(EventType.SurvivorsListed, all.ListOf(survivors));
        foreach (EncryptingParty client in all.Clients)
        {
            Assert.Null(client.Role.OnSurvivors(list));
            Assert.Null(client.Role.OnSurvivors(list));
            Assert.Equal(survivors.Contains(client), client.Role.IsSurvivor);
            EncryptionClient restored = EncryptionClient.Restore(client.Context, client.Role.Encode())!;
            Assert.Equal(survivors.Select(s => s.Id), restored.Survivors);
        }
    }
}
