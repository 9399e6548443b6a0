using SecureFed.Cryptography.Bfv;
using SecureFed.Cryptography.Seal;
using SecureFed.Protocol.Encryption;
using SecureFed.Protocol.Encryption.Messages;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Messages;
using SecureFed.Protocol.Policy;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Tests.Simulation;
using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Tests.Encryption;

/// <summary>Rounds under a single key: what they sum, what survives a restart, and what the holder does not answer.</summary>
public sealed class SingleKeyRoundTests
{
    [Theory]
    [InlineData("S1", 32, 3000)]
    [InlineData("S2", 24, 2047)]
    [InlineData("S1", 16, 40)]
    public void Sum_of_encrypted_updates_equals_sum_of_updates(string set, int ringBits, int length)
    {
        SingleKeyConsortium all = new($"honest {set}", length, set: set, ringBits: ringBits);
        for (int round = 1; round <= 2; round++)
        {
            all.Open();
            all.Upload(all.Clients);
            all.Server.Advance(Patience.Waiting);
            Assert.Equal(RoundPhase.Confirm, all.Round.Phase);
            all.Release();
            Assert.Equal(RoundPhase.Closed, all.Round.Phase);
            Assert.Equal(SingleKeyConsortium.SumOf(all.Clients), all.Server.Sum());
            Assert.All(all.Clients, c => Assert.Null(c.Role!.OnSurvivors(all.Server.AnnouncementOf(EventType.SurvivorsListed)!)));
            Assert.All(all.Clients, c => Assert.True(c.Role!.IsSurvivor));
            all.Holder.EndRound(all.Round.Parameters.RoundId);
        }
    }

    [Fact]
    public void Who_does_not_upload_is_missing_from_the_sum_and_too_few_give_none()
    {
        SingleKeyConsortium all = new("dropout");
        all.Open();
        SingleKeyConsortium.Client[] three = [.. all.Clients.Where((_, i) => i is not 1 and not 4)];
        all.Upload(three);
        all.Server.Advance(Patience.Quiet);
        Assert.Equal(RoundPhase.Upload, all.Round.Phase);
        all.PassDeadline();
        all.Release();
        Assert.Equal(SingleKeyConsortium.SumOf(three), all.Server.Sum());

        all.Open();
        all.Upload(all.Clients.Take(2));
        all.PassDeadline();
        Assert.Equal((RoundPhase.Aborted, "too-few-survivors"), (all.Round.Phase, all.Round.AbortReason));
    }

    [Fact]
    public void A_holder_that_does_not_sign_or_answer_loses_the_round()
    {
        SingleKeyConsortium all = new("silent");
        all.Open();
        all.Upload(all.Clients);
        all.Server.Advance(Patience.Waiting);
        all.PassDeadline();
        Assert.Equal("quorum-missing", all.Round.AbortReason);

        all.Open();
        all.Upload(all.Clients);
        all.Server.Advance(Patience.Waiting);
        Assert.Equal(SimulatedServer.Accepted, all.Server.Receive(all.Holder.OnSurvivors(all.Server.AnnouncementOf(EventType.SurvivorsListed)!).Message!.Value));
        all.Server.Advance(Patience.Waiting);
        all.PassDeadline();
        Assert.Equal("too-few-answers", all.Round.AbortReason);
    }

    [Fact]
    public void Everybody_may_restart_before_every_step_and_says_the_same()
    {
        SingleKeyConsortium all = new("restart");
        all.Open();
        all.RestartHolder();
        foreach (SingleKeyConsortium.Client client in all.Clients)
        {
            ReadOnlyMemory<byte> upload = all.Encrypt(client);
            EncryptionClient? restored = EncryptionClient.Restore(client.Context, client.Role!.Encode());
            Assert.True(restored!.HasEncrypted);
            Assert.Equal(upload.ToArray(), restored.UploadBytes.ToArray());
            Assert.Equal(SimulatedServer.Accepted, all.Server.Receive(upload));
            all.Server.Restart();
            Assert.Equal(SimulatedServer.Repeated, all.Server.Receive(upload));
        }

        all.Server.Advance(Patience.Waiting);
        all.Server.Restart();
        Announcement list = all.Server.AnnouncementOf(EventType.SurvivorsListed)!;
        ReadOnlyMemory<byte> signature = all.Holder.OnSurvivors(list).Message!.Value;
        all.RestartHolder();
        Assert.Equal(signature.ToArray(), all.Holder.OnSurvivors(list).Message!.Value.ToArray());
        Assert.Equal(SimulatedServer.Accepted, all.Server.Receive(signature));
        all.Server.Advance(Patience.Waiting);
        all.Server.Restart();
        ReadOnlyMemory<byte> answer = all.Answer().Message!.Value;
        Assert.True(all.Holder.HasSummed);
        all.RestartHolder();
        Assert.Equal(answer.ToArray(), all.Answer([]).Message!.Value.ToArray());
        Assert.Equal(SimulatedServer.Accepted, all.Server.Receive(answer));
        all.Server.Restart();
        all.Server.Advance(Patience.Waiting);
        Assert.Equal(SingleKeyConsortium.SumOf(all.Clients), all.Server.Sum());
    }

    [Fact]
    public void The_log_keeps_the_digests_of_the_ciphertexts_that_were_decrypted()
    {
        SingleKeyConsortium all = new("removed");
        all.Open();
        all.Upload(all.Clients);
        BfvParameters arithmetic = EncryptedRound.ParametersOf(all.Round.Parameters);
        SingleKeySum[] sums = [new(arithmetic), new(arithmetic)];
        foreach (SingleKeyConsortium.Client client in all.Clients)
        {
            SingleKeyUpload upload = SingleKeyConsortium.BodyOf(client.Role!.UploadBytes);
            for (int i = 0; i < 2; i++) sums[i].Add(SealCiphertext.Read(upload.Ciphertext(i).Span, all.Parameters));
        }

        all.Server.Advance(Patience.Waiting);
        all.Release();
        byte[] expected = [.. sums.SelectMany(sum => Digest.Of(sum.ToCiphertext().Write()).ToArray())];
        Assert.Equal(expected, all.Server.Blobs.Get(all.Round.MaskTotalDigest!.Value).ToArray());
    }

    [Fact]
    public void A_key_is_used_up_by_its_round()
    {
        SingleKeyConsortium all = new("one round");
        all.Open();
        HolderEntry first = all.Round.Parameters.Encryption!.Table.Entries[0];
        all.Upload(all.Clients);
        all.Server.Advance(Patience.Waiting);
        all.Release();
        all.Open();
        Assert.NotEqual(first.RoundKey.ToArray(), all.Round.Parameters.Encryption!.Table.Entries[0].RoundKey.ToArray());
        Assert.Equal("stale-key", all.Server.State.OfferHolderKey(SignedHolderKey.Sign(all.Task.TaskId, all.HolderId, 9, first.RoundKey, all.HolderKey).Bytes.Span).Rejection?.Code);
    }

    [Fact]
    public void The_holder_signs_one_list_and_answers_for_it_alone()
    {
        SingleKeyConsortium all = new("one list");
        all.Open();
        all.Upload(all.Clients);
        all.Server.Advance(Patience.Waiting);
        Announcement list = all.Server.AnnouncementOf(EventType.SurvivorsListed)!;
        Assert.True(UploadList.TryDecode(list.Blob.Span, out UploadList? whole));
        Announcement two = Publish(all, EventType.SurvivorsListed, (whole! with { Uploads = [.. whole.Uploads.Take(2)] }).Encode());
        all.HolderRefuses("too-few-survivors", all.Holder.OnSurvivors(two), all.Holder.Encode());
        all.HolderRefuses("wrong-phase", all.Holder.OnFixedUploads(list, []), all.Holder.Encode());
        ReadOnlyMemory<byte> signature = all.Holder.OnSurvivors(list).Message!.Value;
        Announcement four = Publish(all, EventType.SurvivorsListed, (whole with { Uploads = [.. whole.Uploads.Take(4)] }).Encode());
        all.HolderRefuses("second-list", all.Holder.OnSurvivors(four), all.Holder.Encode());

        KeySumRequest Request(Announcement of) => new(
            all.Round.OpenDigest, Digest.Of(of.Blob.Span), of.Entry.Index, [new HolderSignature(1, Sign(all, new ListSignature(Digest.Of(of.Blob.Span), of.Entry.Index)))]);
        all.HolderRefuses("second-list", all.Holder.OnSumRequest(Publish(all, EventType.UnmaskRequested, Request(four).Encode()), all.Deliveries()), all.Holder.Encode());
        KeySumRequest uncertified = Request(list) with { Certificate = [] };
        all.HolderRefuses("invalid-certificate", all.Holder.OnSumRequest(Publish(all, EventType.UnmaskRequested, uncertified.Encode()), all.Deliveries()), all.Holder.Encode());
        Assert.Equal(SimulatedServer.Accepted, all.Server.Receive(signature));
    }

    /// <summary>The server hands the holder other bytes than the list says.</summary>
    [Fact]
    public void The_holder_decrypts_nothing_but_the_listed_uploads()
    {
        SingleKeyConsortium all = new("deliveries");
        all.Open();
        all.Upload(all.Clients);
        all.Server.Advance(Patience.Waiting);
        Assert.Equal(SimulatedServer.Accepted, all.Server.Receive(all.Holder.OnSurvivors(all.Server.AnnouncementOf(EventType.SurvivorsListed)!).Message!.Value));
        all.Server.Advance(Patience.Waiting);
        List<HolderDelivery> good = all.Deliveries();
        byte[] before = all.Holder.Encode();
        all.HolderRefuses("length-mismatch", all.Answer(good[..4]), before);
        all.HolderRefuses("length-mismatch", all.Answer([.. good, good[0]]), before);
        all.HolderRefuses("invalid-message", all.Answer([good[1], good[0], .. good[2..]]), before);
        all.HolderRefuses("invalid-message", all.Answer([.. Enumerable.Repeat(good[0], 5)]), before);
        all.HolderRefuses("invalid-ciphertext", all.Answer([good[0] with { Box = good[1].Box }, .. good[1..]]), before);
        Assert.NotNull(all.Answer(good).Message);
    }

    [Fact]
    public void The_server_takes_no_answer_about_another_sum_and_none_twice()
    {
        SingleKeyConsortium all = new("answers");
        all.Open();
        all.Upload(all.Clients);
        all.Server.Advance(Patience.Waiting);
        Assert.Equal(SimulatedServer.Accepted, all.Server.Receive(all.Holder.OnSurvivors(all.Server.AnnouncementOf(EventType.SurvivorsListed)!).Message!.Value));
        all.Server.Advance(Patience.Waiting);
        ReadOnlyMemory<byte> right = all.Answer().Message!.Value;
        Assert.Null(SignedMessage.TryDecode(right, out SignedMessage? message));
        SingleKeyAnswer answer = Assert.IsType<SingleKeyAnswer>(message!.Body);
        foreach ((SingleKeyAnswer wrong, string code) in ((SingleKeyAnswer, string)[])
        [
            (answer with { ListDigest = Digest.Of("other"u8) }, "round-mismatch"),
            (answer with { SumDigest = Digest.Of("other"u8) }, "invalid-answer"),
            (answer with { PackedValues = answer.PackedValues[1..] }, "invalid-answer"),
        ])
        {
            int entries = all.Server.Entries.Count;
            Assert.Equal(code, all.Server.Receive(SignedMessage.Sign(all.Header(all.HolderId), wrong, all.HolderKey).Bytes));
            Assert.Equal(entries, all.Server.Entries.Count);
        }

        Assert.Equal("not-enrolled", all.Server.Receive(SignedMessage.Sign(all.Header(all.Clients[0].Id), answer, all.Clients[0].Key).Bytes));
        Assert.Equal(SimulatedServer.Accepted, all.Server.Receive(right));
        Assert.Equal(SimulatedServer.Repeated, all.Server.Receive(right));
    }

    [Fact]
    public void The_holder_remembers_lists_across_rounds_and_signs_none_that_is_too_near()
    {
        SingleKeyConsortium all = new("guard", leastDifference: 2);
        all.Open();
        all.Upload(all.Clients);
        all.Server.Advance(Patience.Waiting);
        Announcement first = all.Server.AnnouncementOf(EventType.SurvivorsListed)!;
        all.Release();
        Assert.True(UploadList.TryDecode(first.Blob.Span, out _));
        all.Open();
        all.Upload(all.Clients.Take(4));
        byte[] list = new UploadList(all.Round.OpenDigest, [.. all.Clients.Take(4).Select(c => new ListedUpload(c.Id, DigestOf(c)))]).Encode();
        all.RestartHolder();
        all.HolderRefuses("survivors-too-similar", all.Holder.OnSurvivors(Publish(all, EventType.SurvivorsListed, list)), all.Holder.Encode());

        // The server that follows the protocol leaves out one client more.
        all.PassDeadline();
        Assert.Equal(3, all.Round.SurvivorCount);
        all.Release();
        Assert.Equal(SingleKeyConsortium.SumOf(all.Clients.Where(c => all.Round.Survivors.Contains(c.Id))), all.Server.Sum());
    }

    [Fact]
    public void A_policy_must_name_the_protection_and_the_holder()
    {
        SingleKeyConsortium all = new("policy");
        all.Open();
        Assert.Null(all.Policy.Check(all.Task));
        foreach (ClientPolicy refusing in (ClientPolicy[])
        [
            all.Policy with { Protections = [ProtectionKind.Masking, ProtectionKind.Encryption] },
            all.Policy with { KeyHolders = [all.Clients[0].Id] },
            all.Policy with { AllowsCuriousServer = false },
        ])
        {
            (EncryptionClient? role, RoundRejection? refusal) = EncryptionClient.Begin(all.Clients[0].Context with { Policy = refusing }, all.Opening, 0, all.Random);
            Assert.Null(role);
            Assert.Equal("policy-violated", refusal?.Code);
        }
    }

    [Fact]
    public void Only_the_holder_of_the_round_gets_uploads_and_only_listed_ones()
    {
        SingleKeyConsortium all = new("fetch");
        all.Open();
        all.Upload(all.Clients.Take(4));
        Assert.Null(all.Round.DeliveryOf(all.HolderId, all.Clients[0].Id));
        all.PassDeadline();
        Assert.NotNull(all.Round.DeliveryOf(all.HolderId, all.Clients[0].Id));
        Assert.Null(all.Round.DeliveryOf(all.HolderId, all.Clients[4].Id));
        Assert.Null(all.Round.DeliveryOf(all.Clients[1].Id, all.Clients[0].Id));
    }

    private static Digest DigestOf(SingleKeyConsortium.Client client)
    {
        Assert.Null(SignedMessage.TryDecode(client.Role!.UploadBytes, out SignedMessage? message));
        return message!.Digest;
    }

    private static ReadOnlyMemory<byte> Sign(SingleKeyConsortium all, IMessageBody body) =>
        SignedMessage.Sign(all.Header(all.HolderId), body, all.HolderKey).SignatureBytes;

    /// <summary>An entry that the server signs without deciding anything.</summary>
    private static Announcement Publish(SingleKeyConsortium all, EventType kind, byte[] blob) => new(
        SignedEntry.Sign(
            all.Task.TaskId,
            all.Server.State.EntryCount + 7,
            new LogEntry(all.Task.TaskId, new TaskEvent.ListPublished(kind, all.Round.Parameters.RoundId, Digest.Of(blob), 1)).Encode(),
            all.Server.Key),
        blob);
}
