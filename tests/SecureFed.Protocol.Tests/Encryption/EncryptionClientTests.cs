using SecureFed.Cryptography.Sampling;
using SecureFed.Privacy.Updates;
using SecureFed.Protocol.Encryption;
using SecureFed.Protocol.Encryption.Messages;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Masking;
using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Tests.Encryption;

/// <summary>One upload for one round, and which lists of uploads a client believes.</summary>
public sealed class EncryptionClientTests
{
    private readonly EncryptedConsortium all = new("encrypting client");
    private readonly EncryptingParty client;

    public EncryptionClientTests()
    {
        client = all.Clients[3];
        all.Open();
    }

    [Fact]
    public void A_second_vector_is_never_encrypted_for_a_round()
    {
        EncryptionClient role = Begin();
        Assert.False(role.HasEncrypted);
        ClientStep first = role.Encrypt(client.MakeUpdate(all.Round.Layout, all.Random), all.Random);
        Assert.Null(first.Masked);
        Assert.Equal(first.Message, first.Encrypted!.Bytes);
        ClientStep second = role.Encrypt(client.MakeUpdate(all.Round.Layout, all.Random), all.Random);
        Assert.True(first.Message!.Value.Span.SequenceEqual(second.Message!.Value.Span));
        Assert.True(role.HasEncrypted && role.UploadBytes.Span.SequenceEqual(first.Message.Value.Span));
    }

    [Fact]
    public void Two_encryptions_of_one_update_have_nothing_in_common()
    {
        NoisedUpdate update = client.MakeUpdate(all.Round.Layout, all.Random);
        EncryptedUpload one = UploadOf(Begin().Encrypt(update, all.Random));
        EncryptedUpload other = UploadOf(Begin().Encrypt(update, all.Random));
        Assert.False(one.SealingKey.Span.SequenceEqual(other.SealingKey.Span));
        Assert.False(one.Ciphertexts.Span.SequenceEqual(other.Ciphertexts.Span));
        Assert.Equal(10, one.Boxes.Concat(other.Boxes).Select(b => Digest.Of(b.Span)).Distinct().Count());
    }

    [Fact]
    public void Updates_of_another_layout_or_with_other_noise_are_the_callers_mistake()
    {
        EncryptionClient role = Begin();
        UpdateLayout layout = all.Round.Layout;
        UpdateLayout wider = new([layout.Segments[0] with { Length = 8 }, .. layout.Segments.Skip(1)], layout.RingBits);
        Assert.Throws<ArgumentException>(() => role.Encrypt(client.MakeUpdate(wider, all.Random), all.Random));
        QuantizedUpdate quantized = new Quantizer(all.Random).Quantize(Clipper.Clip(ModelUpdate.Create(layout, new double[layout.ComputedDimension])));
        Assert.Equal(Rational.Zero, role.ShareVariance);
        Assert.Throws<ArgumentException>(() => role.Encrypt(new DiscreteGaussianNoise(Rational.FromDecimal(4m), all.Random).Add(quantized), all.Random));
        Assert.False(role.HasEncrypted);
    }

    [Fact]
    public void A_client_whose_policy_changed_before_it_encrypts_reveals_nothing()
    {
        byte[] saved = Begin().Encode();
        EncryptionClient strict = EncryptionClient.Restore(client.Context with { Policy = all.Policy with { KeyHolders = [] } }, saved)!;
        ClientStep step = strict.Encrypt(client.MakeUpdate(all.Round.Layout, all.Random), all.Random);
        Assert.Equal("policy-violated", step.Refusal?.Code);
        Assert.Equal(saved, strict.Encode());
    }

    [Fact]
    public void Lists_that_belong_elsewhere_or_name_another_upload_of_the_client_are_refused()
    {
        all.Upload();
        EncryptionClient role = client.Role;
        UploadList good = all.ListOf(all.Clients);
        Refuses("invalid-survivors", all.PublishList(EventType.SurvivorsListed, good with { OpenDigest = Digest.Of("other"u8) }));
        Refuses("invalid-survivors", all.PublishList(EventType.SurvivorsListed, good with { Uploads = [good.Uploads[0] with { Client = default }, .. good.Uploads.Skip(1)] }));
        Refuses("invalid-survivors", all.PublishList(EventType.SurvivorsListed, good with
        {
            Uploads = [.. good.Uploads.Select(u => u.Client == client.Id ? u with { UploadDigest = Digest.Of("not made"u8) } : u)],
        }));
        Refuses("too-few-survivors", all.PublishList(EventType.SurvivorsListed, all.ListOf(all.Clients.Take(2))));
        Refuses("history-rewritten", all.PublishList(EventType.UploadsFixed, good));
        Announcement list = all.PublishList(EventType.SurvivorsListed, good);
        Refuses("history-rewritten", list with { Blob = all.ListOf(all.Clients.Skip(1)).Encode() });
        Refuses("server-untrusted", list with { Entry = list.Entry with { Index = list.Entry.Index + 1 } });
        Assert.Null(role.OnSurvivors(list));
        Refuses("second-list", all.PublishList(EventType.SurvivorsListed, good));

        void Refuses(string code, Announcement lie)
        {
            byte[] before = role.Encode();
            Assert.Equal(code, role.OnSurvivors(lie)?.Code);
            Assert.Equal(before, role.Encode());
        }
    }

    [Fact]
    public void A_client_that_did_not_upload_refuses_a_list_that_names_it()
    {
        all.Upload();
        Announcement list = all.PublishList(EventType.SurvivorsListed, all.ListOf(all.Clients));
        Assert.Equal("invalid-survivors", Begin().OnSurvivors(list)?.Code);
    }

    private EncryptionClient Begin()
    {
        (EncryptionClient? role, RoundRejection? refusal) = client.Begin(all.Opening);
        Assert.Null(refusal);
        return role!;
    }

    private EncryptedUpload UploadOf(ClientStep step)
    {
        all.Accept(step.Message!.Value);
        return (EncryptedUpload)all.Uploads[client.Id].Body;
    }
}
