using SecureFed.Cryptography.Rings;
using SecureFed.Cryptography.Sharing;
using SecureFed.Protocol.Encryption;
using SecureFed.Protocol.Encryption.Messages;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Tests.Encryption;

/// <summary>What the messages of an encrypted round refuse beyond malformed bytes; the laws of the wire run over them with all other decoders.</summary>
public sealed class EncryptionMessageTests
{
    [Fact]
    public void A_table_in_another_order_or_with_somebody_twice_is_refused_and_a_seat_may_be_empty()
    {
        HolderEntry[] good = [.. EncryptionSamples.Table.Entries];
        Assert.True(Reads(good));
        Assert.False(Reads([]));
        Assert.False(Reads([good[1], good[0], .. good[2..]]));
        Assert.True(Reads([good[0], .. good[2..]]));
        Assert.False(Reads([good[0], good[1] with { Point = 1 }]));
        Assert.False(Reads([good[0] with { Point = 0 }]));
        Assert.False(Reads([good[0], good[1] with { Holder = good[0].Holder }]));
        Assert.False(Reads([good[0], good[1] with { RoundKey = good[0].RoundKey }]));

        static bool Reads(HolderEntry[] entries) => HolderTable.TryDecode(new HolderTable(entries).Encode(), out _);
    }

    [Fact]
    public void Every_byte_of_an_upload_is_under_its_statement_and_every_box_under_its_own_digest()
    {
        EncryptedUpload upload = EncryptionSamples.Upload(5);
        EncryptedUploadStatement statement = upload.Statement;
        for (int at = 0; at < upload.Ciphertexts.Length; at++)
            Assert.NotEqual(statement.CiphertextsDigest, (upload with { Ciphertexts = Flip(upload.Ciphertexts, at) }).Statement.CiphertextsDigest);
        for (int box = 0; box < 5; box++)
        {
            ReadOnlyMemory<byte>[] boxes = [.. upload.Boxes];
            boxes[box] = Flip(boxes[box], 7);
            EncryptedUploadStatement other = (upload with { Boxes = boxes }).Statement;
            Assert.Equal([box], Enumerable.Range(0, 5).Where(b => other.BoxDigests[b] != statement.BoxDigests[b]));
        }
    }

    [Fact]
    public void Uploads_without_boxes_or_with_boxes_of_two_lengths_are_not_made_and_not_read()
    {
        EncryptedUpload upload = EncryptionSamples.Upload(2);
        Assert.Throws<InvalidOperationException>(() => (upload with { Boxes = [upload.Boxes[0], upload.Boxes[1][1..]] }).Encode());
        Assert.False(EncryptedUpload.TryDecode(CanonicalWriter.Write(w => w.Fixed(upload.SealingKey.Span).Count(48).Count(0).Opaque(upload.Ciphertexts.Span)), out _));
        Assert.False(EncryptedUpload.TryDecode(CanonicalWriter.Write(w => w.Fixed(upload.SealingKey.Span).Count(0).Count(2).Opaque(upload.Ciphertexts.Span)), out _));
        Assert.False(EncryptedUpload.TryDecode((upload with { Ciphertexts = default }).Encode(), out _));
    }

    [Fact]
    public void A_client_answered_twice_or_both_answered_and_unopened_is_refused()
    {
        ShareCheckAnswer good = EncryptionSamples.CheckAnswer(4, 2);
        Assert.True(ShareCheckAnswer.TryDecode(good.Encode(), out _));
        foreach (ShareCheckAnswer bad in (ShareCheckAnswer[])
            [
                good with { Answers = [good.Answers[1], good.Answers[0]] }, good with { Answers = [good.Answers[0], good.Answers[0]] },
                good with { Unopened = [good.Unopened[0], good.Unopened[0]] }, good with { Unopened = [good.Answers[2].Client] },
            ])
        {
            Assert.False(ShareCheckAnswer.TryDecode(bad.Encode(), out _));
        }
    }

    [Fact]
    public void A_list_with_a_client_or_an_upload_twice_is_refused()
    {
        UploadList good = EncryptionSamples.List(4);
        ListedUpload[] uploads = [.. good.Uploads];
        Assert.True(UploadList.TryDecode(good.Encode(), out _));
        Assert.False(UploadList.TryDecode((good with { Uploads = [uploads[0], uploads[0]] }).Encode(), out _));
        Assert.False(UploadList.TryDecode((good with { Uploads = [uploads[1], uploads[0]] }).Encode(), out _));
        Assert.False(UploadList.TryDecode((good with { Uploads = [uploads[0], uploads[1] with { UploadDigest = uploads[0].UploadDigest }] }).Encode(), out _));
    }

    [Fact]
    public void A_certificate_counts_every_holder_once()
    {
        Assert.True(KeySumRequest.TryDecode(EncryptionSamples.Request(2, 3, 5).Encode(), out _));
        Assert.False(KeySumRequest.TryDecode(EncryptionSamples.Request(2, 2).Encode(), out _));
        Assert.False(KeySumRequest.TryDecode(EncryptionSamples.Request(3, 2).Encode(), out _));
        Assert.False(KeySumRequest.TryDecode(EncryptionSamples.Request(0, 2).Encode(), out _));
    }

    [Fact]
    public void Elements_of_q_or_more_and_other_lengths_are_no_sum_and_no_answer()
    {
        PrimeModulus q = EncryptionSamples.Q;
        KeySumAnswer good = EncryptionSamples.Sum(16);
        var sum = new ulong[16];
        Assert.True(good.TryReadSum(q, sum));
        Assert.False(good.TryReadSum(q, new ulong[15]));
        byte[] high = good.PackedSum.ToArray();
        high.AsSpan(0, 7).Fill(0xff);
        Assert.False((good with { PackedSum = high }).TryReadSum(q, sum));
        Assert.All(sum, v => Assert.Equal(0UL, v));

        var elements = new ulong[ShareCheck.Challenges];
        ClientCheckAnswer answer = EncryptionSamples.CheckAnswer(1, 0).Answers[0];
        Assert.Equal(19, answer.Packed.Length);
        Assert.True(ShareCheckAnswer.TryReadElements(q, answer, elements));
        Assert.False(ShareCheckAnswer.TryReadElements(q, answer with { Packed = answer.Packed[1..] }, elements));
        byte[] padded = answer.Packed.ToArray();
        padded[^1] |= 0x80;
        Assert.False(ShareCheckAnswer.TryReadElements(q, answer with { Packed = padded }, elements));
    }

    private static byte[] Flip(ReadOnlyMemory<byte> bytes, int at)
    {
        byte[] flipped = bytes.ToArray();
        flipped[at] ^= 1;
        return flipped;
    }
}
