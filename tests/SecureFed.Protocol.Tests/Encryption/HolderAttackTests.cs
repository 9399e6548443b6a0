using SecureFed.Protocol.Encryption;
using SecureFed.Protocol.Encryption.Messages;
using SecureFed.Protocol.Messages;
using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Tests.Encryption;

/// <summary>What a lying server tries on honest key holders, alone or with corrupt holders: each test names the lie. A refusal leaves the holder's state as it was.</summary>
public sealed class HolderAttackTests
{
    private readonly EncryptedConsortium all = new("lying to holders");
    private readonly HoldingParty holder;

    public HolderAttackTests()
    {
        holder = all.Holders[1];
        all.Open();
        all.Upload();
    }

    [Fact]
    public void Steps_that_are_shown_out_of_order_are_refused()
    {
        Announcement fixing = all.Fix();
        Announcement list = Survivors(all.Clients);
        Announcement request = all.PublishRequest(all.RequestFor(list, all.Holders.Take(4).Select(h => (h, all.SignBlindly(h, list)))));
        holder.Refuses("wrong-phase", h => h.OnSurvivors(list));
        holder.Refuses("wrong-phase", h => h.OnSumRequest(request, all.DeliveriesTo(holder, EncryptedConsortium.Read(list).Uploads)));
        Assert.NotNull(all.Check(holder, fixing).Message);
        holder.Refuses("wrong-phase", h => h.OnSumRequest(request, all.DeliveriesTo(holder, EncryptedConsortium.Read(list).Uploads)));
    }

    [Fact]
    public void A_second_challenge_over_the_same_uploads_is_refused()
    {
        Announcement first = all.Fix();
        Announcement second = all.Fix();
        Assert.True(first.Blob.Span.SequenceEqual(second.Blob.Span));
        Assert.NotNull(all.Check(holder, first).Message);
        holder.Refuses("history-rewritten", _ => all.Check(holder, second));
        holder.Refuses("history-rewritten", h => h.AcceptFixedUploads(second));

        // Nor after a list that was only taken note of.
        HoldingParty other = all.Holders[2];
        Assert.Null(other.Role.AcceptFixedUploads(first));
        other.Refuses("history-rewritten", _ => all.Check(other, second));
        Assert.NotNull(all.Check(other, first).Message);
    }

    [Fact]
    public void Another_blob_under_the_same_fixing_entry_is_refused()
    {
        Announcement fixing = all.Fix();
        Announcement swapped = fixing with { Blob = all.ListOf(all.Clients.Take(4)).Encode() };
        holder.Refuses("history-rewritten", _ => all.Check(holder, swapped));
        Assert.NotNull(all.Check(holder, fixing).Message);
        holder.Refuses("history-rewritten", _ => all.Check(holder, swapped));
    }

    [Fact]
    public void A_second_list_is_refused_also_the_same_list_in_a_second_entry()
    {
        Assert.NotNull(all.Check(holder, all.Fix()).Message);
        Announcement list = Survivors(all.Clients);
        Assert.NotNull(holder.Role.OnSurvivors(list).Message);
        holder.Refuses("second-list", h => h.OnSurvivors(Survivors(all.Clients.Take(4))));
        holder.Refuses("second-list", h => h.OnSurvivors(Survivors(all.Clients)));
        holder.Restart();
        holder.Refuses("second-list", h => h.OnSurvivors(Survivors(all.Clients.Take(4))));
    }

    [Fact]
    public void A_list_with_an_upload_that_was_not_fixed_is_refused()
    {
        EncryptingParty victim = all.Clients[0];
        Assert.NotNull(all.Check(holder, all.Fix()).Message);
        Digest was = all.Uploads[victim.Id].Digest;
        all.Upload(victim);
        Assert.NotEqual(was, all.Uploads[victim.Id].Digest);
        holder.Refuses("invalid-survivors", h => h.OnSurvivors(Survivors(all.Clients)));

        // Nor an upload under another client's name.
        UploadList honest = all.ListOf(all.Clients.Skip(1).Take(4));
        UploadList renamed = honest with { Uploads = [honest.Uploads[0] with { Client = victim.Id }, .. honest.Uploads.Skip(1)] };
        holder.Refuses("invalid-survivors", h => h.OnSurvivors(all.PublishList(EventType.SurvivorsListed, renamed)));
    }

    [Fact]
    public void A_list_below_the_least_number_of_survivors_is_neither_checked_nor_signed()
    {
        UploadList two = all.ListOf(all.Clients.Take(2));
        holder.Refuses("too-few-survivors", h => h.OnFixedUploads(all.PublishList(EventType.UploadsFixed, two), all.DeliveriesTo(holder, two.Uploads)));
        Assert.NotNull(all.Check(holder, all.Fix()).Message);
        holder.Refuses("too-few-survivors", h => h.OnSurvivors(Survivors(all.Clients.Take(2))));
        Assert.NotNull(holder.Role.OnSurvivors(Survivors(all.Clients.Take(3))).Message);
    }

    [Fact]
    public void Lists_with_a_client_twice_or_of_another_opening_are_refused()
    {
        UploadList list = all.ListOf(all.Clients);
        byte[] twice = CanonicalWriter.Write(w => w.Digest(all.OpenDigest).List(
            [list.Uploads[0], list.Uploads[0], list.Uploads[1], list.Uploads[2]], (v, u) => v.Identifier(u.Client).Digest(u.UploadDigest)));
        UploadList foreign = list with { OpenDigest = Digest.Of("other"u8) };
        holder.Refuses("invalid-survivors", h => h.OnFixedUploads(all.PublishList(EventType.UploadsFixed, twice), []));
        holder.Refuses("invalid-survivors", h => h.OnFixedUploads(all.PublishList(EventType.UploadsFixed, foreign), all.DeliveriesTo(holder, list.Uploads)));
        Assert.NotNull(all.Check(holder, all.Fix()).Message);
        holder.Refuses("invalid-survivors", h => h.OnSurvivors(all.PublishList(EventType.SurvivorsListed, twice)));
        holder.Refuses("invalid-survivors", h => h.OnSurvivors(all.PublishList(EventType.SurvivorsListed, foreign)));
    }

    [Fact]
    public void Mixed_lists_are_never_certified_and_nobody_sums_them()
    {
        // Three sums of P, P∪Q and Q at three points combine to 3·S_P − S_Q without any list being summed twice.
        EncryptingParty[] p = [.. all.Clients.Take(3)];
        EncryptingParty[] q = [.. all.Clients.Skip(3)];
        Announcement fixing = all.Fix();
        Assert.All(all.Holders, h => Assert.NotNull(all.Check(h, fixing).Message));
        Announcement[] lists = [Survivors(p), Survivors([.. p, .. q]), Survivors(q)];
        (HoldingParty, ReadOnlyMemory<byte>)[] signed = [.. all.Holders.Take(3).Select((h, i) => (h, h.Role.OnSurvivors(lists[i]).Message!.Value))];
        foreach (Announcement list in lists)
        {
            Announcement request = all.PublishRequest(all.RequestFor(list, signed));
            for (int i = 0; i < 3; i++)
                all.Holders[i].Refuses(lists[i] == list ? "invalid-certificate" : "second-list", _ => all.Sum(all.Holders[i], request));
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    [InlineData(7)]
    public void Two_lists_cannot_both_be_certified_however_honest_holders_are_divided_between_them(int division)
    {
        // Two corrupt holders, f = 2, sign both; every division of the three honest ones is tried.
        Announcement fixing = all.Fix();
        Announcement[] lists = [Survivors(all.Clients.Take(3)), Survivors(all.Clients.Skip(1))];
        HoldingParty[] honest = [.. all.Holders.Take(3)];
        List<(HoldingParty, ReadOnlyMemory<byte>)>[] signed = [[], []];
        for (int i = 0; i < honest.Length; i++)
        {
            Assert.NotNull(all.Check(honest[i], fixing).Message);
            int side = division >> i & 1;
            signed[side].Add((honest[i], honest[i].Role.OnSurvivors(lists[side]).Message!.Value));
            Assert.Equal("second-list", honest[i].Role.OnSurvivors(lists[1 - side]).Refusal?.Code);
        }

        int summed = 0;
        for (int side = 0; side < 2; side++)
        {
            Announcement request = all.PublishRequest(all.RequestFor(lists[side], [.. signed[side], .. all.Holders.Skip(3).Select(h => (h, all.SignBlindly(h, lists[side])))]));
            summed += honest.Any(h => all.Sum(h, request).Message is not null) ? 1 : 0;
        }

        Assert.Equal(1, summed);
    }

    [Fact]
    public void Certificates_that_are_short_repeated_foreign_or_invalid_are_refused()
    {
        Announcement fixing = all.Fix();
        Announcement list = Survivors(all.Clients);
        Announcement other = Survivors(all.Clients.Take(4));
        foreach (HoldingParty party in all.Holders)
            Assert.NotNull(all.Check(party, fixing).Message);
        (HoldingParty Holder, ReadOnlyMemory<byte> Message)[] signed = [.. all.Holders.Take(4).Select(h => (h, h.Role.OnSurvivors(list).Message!.Value))];
        KeySumRequest good = all.RequestFor(list, signed);
        HolderSignature[] certificate = [.. good.Certificate];
        HoldingParty fifth = all.Holders[4];
        HolderSignature foreign = new(5, all.SignBlindly(fifth, other)[^64..]);
        HolderSignature stolen = certificate[3] with { Point = 5 };
        HolderSignature nobody = certificate[3] with { Point = 6 };
        byte[] flipped = certificate[3].Signature.ToArray();
        flipped[40] ^= 1;
        foreach (HolderSignature[] bad in (HolderSignature[][])
            [
                certificate[..3], [.. certificate[..3], certificate[2]], [.. certificate[..3], foreign], [.. certificate[..3], stolen], [.. certificate[..3], nobody],
                [.. certificate[..3], certificate[3] with { Signature = flipped }], [.. certificate, foreign], [certificate[1], certificate[0], .. certificate[2..]], [],
            ])
        {
            holder.Refuses("invalid-certificate", _ => all.Sum(holder, all.PublishRequest(good with { Certificate = bad })));
        }

        // A client of the roster is no holder, whatever it signs.
        EncryptingParty client = all.Clients[0];
        byte[] byClient = SignedMessage.Sign(
            new MessageHeader(all.Task.TaskId, all.Round.RoundId, fifth.Id, all.OpenDigest), new ListSignature(good.ListDigest, good.ListEntryIndex), client.Key).SignatureBytes.ToArray();
        holder.Refuses("invalid-certificate", _ => all.Sum(holder, all.PublishRequest(good with { Certificate = [.. certificate[..3], new HolderSignature(5, byClient)] })));
        Assert.NotNull(all.Sum(holder, all.PublishRequest(good)).Message);
    }

    [Fact]
    public void Requests_for_another_list_entry_or_opening_are_refused_before_and_after_the_sum()
    {
        Announcement request = all.RunToRequest([.. all.Clients]);
        Assert.True(KeySumRequest.TryDecode(request.Blob.Span, out KeySumRequest? good));
        Announcement other = Survivors(all.Clients.Take(4));
        KeySumRequest fully = all.RequestFor(other, all.Holders.Select(h => (h, all.SignBlindly(h, other))));
        RefusesLies();
        byte[] sum = all.Sum(holder, request).Message!.Value.ToArray();
        RefusesLies();

        // The same certificate in a later entry is the same question.
        Assert.Equal(sum, holder.Role.OnSumRequest(all.PublishRequest(good!), []).Message!.Value.ToArray());

        void RefusesLies()
        {
            holder.Refuses("second-list", h => h.OnSumRequest(all.PublishRequest(fully), all.DeliveriesTo(holder, EncryptedConsortium.Read(other).Uploads)));
            holder.Refuses("second-list", _ => all.Sum(holder, all.PublishRequest(good! with { ListEntryIndex = good.ListEntryIndex + 1 })));
            holder.Refuses("invalid-certificate", _ => all.Sum(holder, all.PublishRequest(good! with { OpenDigest = Digest.Of("other"u8) })));
            holder.Refuses("history-rewritten", _ => all.Sum(holder, request with { Blob = good!.Encode().AsMemory(1) }));
        }
    }

    [Fact]
    public void Announcements_of_another_server_kind_round_or_of_an_earlier_index_are_refused()
    {
        Announcement early = Survivors(all.Clients);
        Announcement fixing = all.Fix();
        SignedEntry forged = SignedEntry.Sign(all.Task.TaskId, fixing.Entry.Index, fixing.Entry.Bytes, all.Clients[0].Key);
        holder.Refuses("server-untrusted", _ => all.Check(holder, fixing with { Entry = forged }));
        holder.Refuses("server-untrusted", _ => all.Check(holder, fixing with { Entry = fixing.Entry with { Index = fixing.Entry.Index + 1 } }));
        holder.Refuses("history-rewritten", _ => all.Check(holder, all.PublishList(EventType.SurvivorsListed, all.ListOf(all.Clients))));
        TaskEvent otherRound = new TaskEvent.ListPublished(EventType.UploadsFixed, Identifier.Random(all.Random), Digest.Of(fixing.Blob.Span), 1);
        holder.Refuses("history-rewritten", _ => all.Check(holder, all.Publish(otherRound, fixing.Blob.ToArray())));
        Assert.NotNull(all.Check(holder, fixing).Message);
        holder.Refuses("history-rewritten", h => h.OnSurvivors(early));
    }

    [Fact]
    public void Sums_over_nearly_the_same_clients_in_two_rounds_are_refused_also_after_a_restart()
    {
        EncryptedConsortium guarded = new("cross-round guard", leastDifference: 2);
        HoldingParty party = guarded.Holders[0];
        for (int left = 0; left < 3; left++)
        {
            guarded.Open();
            guarded.Upload();
            Assert.NotNull(guarded.Check(party, guarded.Fix()).Message);
            Announcement list = guarded.PublishList(EventType.SurvivorsListed, guarded.ListOf(guarded.Clients.Skip(left)));
            if (left == 1)
                party.Refuses("survivors-too-similar", h => h.OnSurvivors(list));
            else
                Assert.NotNull(party.Role.OnSurvivors(list).Message);
            party.Restart();
        }
    }

    private Announcement Survivors(IEnumerable<EncryptingParty> clients) => all.PublishList(EventType.SurvivorsListed, all.ListOf(clients));
}
