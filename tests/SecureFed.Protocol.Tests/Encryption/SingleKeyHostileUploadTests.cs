using System.Buffers.Binary;
using System.IO.Compression;
using SecureFed.Cryptography.Seal;
using SecureFed.Protocol.Encryption;
using SecureFed.Protocol.Encryption.Messages;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Tests.Simulation;

namespace SecureFed.Protocol.Tests.Encryption;

/// <summary>What a client may send under a single key and the server does not take: a typed refusal, and nothing has changed.</summary>
public sealed class SingleKeyHostileUploadTests
{
    private const int CiphertextBytes = 32_881;

    /// <summary>Where the words begin: two headers, parms_id, the form, five words and a count before them.</summary>
    private const int Words = CiphertextBytes - (2 * 2048 * 8);

    public static TheoryData<string, string, Action<byte[]>> Changes => new()
    {
        { "a coefficient of q", "invalid-ciphertext", c => BinaryPrimitives.WriteUInt64LittleEndian(c.AsSpan(Words + (8 * 17)), 0x3fffffff000001) },
        { "a coefficient above q in the second component", "invalid-ciphertext", c => c.AsSpan(CiphertextBytes - 8).Fill(0xff) },
        { "a second component of zeros", "invalid-ciphertext", c => c.AsSpan(CiphertextBytes - (2048 * 8)).Clear() },
        { "another parms_id", "invalid-ciphertext", c => c[16] ^= 1 },
        { "parms_id of a smaller t", "invalid-ciphertext", c => SealParameters.Create(2048, [0x3fffffff000001], 1UL << 31).DataLevel.Id.CopyTo(c.AsSpan(16)) },
        { "NTT form", "invalid-ciphertext", c => c[48] = 1 },
        { "three components", "invalid-ciphertext", c => c[49] = 3 },
        { "another N", "invalid-ciphertext", c => BinaryPrimitives.WriteUInt64LittleEndian(c.AsSpan(57), 4096) },
        { "two primes", "invalid-ciphertext", c => c[65] = 2 },
        { "another scale", "invalid-ciphertext", c => BinaryPrimitives.WriteDoubleLittleEndian(c.AsSpan(73), 2) },
        { "a correction factor", "invalid-ciphertext", c => c[81] = 2 },
        { "a count that is too large", "invalid-ciphertext", c => BinaryPrimitives.WriteUInt64LittleEndian(c.AsSpan(Words - 8), ulong.MaxValue) },
        { "a size that is too large", "invalid-ciphertext", c => BinaryPrimitives.WriteUInt64LittleEndian(c.AsSpan(8), ulong.MaxValue) },
        { "SEAL 4.4 outside", "invalid-ciphertext", c => c[4] = 4 },
        { "SEAL 4.4 inside", "invalid-ciphertext", c => c[93] = 4 },
        { "SEAL 3", "invalid-ciphertext", c => c[3] = 3 },
        { "zlib", "invalid-ciphertext", c => c[5] = 1 },
        { "zstd", "invalid-ciphertext", c => c[5] = 2 },
        { "reserved bytes", "invalid-ciphertext", c => c[6] = 1 },
        { "no magic", "invalid-ciphertext", c => c[0] = 0 },
    };

    [Theory]
    [MemberData(nameof(Changes))]
    public void A_ciphertext_that_no_honest_client_sends_is_refused(string what, string code, Action<byte[]> change)
    {
        SingleKeyConsortium all = new(what, length: 40);
        all.Open();
        byte[] ciphertext = SingleKeyConsortium.BodyOf(all.Encrypt(all.Clients[0])).Ciphertexts.ToArray();
        byte[] bad = [.. ciphertext];
        change(bad);
        Refuses(all, code, new SingleKeyUpload(bad.Length, bad));
        Assert.Equal(SimulatedServer.Accepted, all.Server.Receive(all.Sign(all.Clients[0], new SingleKeyUpload(CiphertextBytes, ciphertext))));
    }

    [Fact]
    public void Wrong_sizes_and_numbers_are_refused()
    {
        SingleKeyConsortium all = new("sizes");
        all.Open();
        byte[] good = SingleKeyConsortium.BodyOf(all.Encrypt(all.Clients[0])).Ciphertexts.ToArray();
        Refuses(all, "length-mismatch", new SingleKeyUpload(CiphertextBytes, good.AsMemory(CiphertextBytes)));
        Refuses(all, "length-mismatch", new SingleKeyUpload(CiphertextBytes, (byte[])[.. good, .. good[..CiphertextBytes]]));
        Refuses(all, "length-mismatch", new SingleKeyUpload(CiphertextBytes + 1, (byte[])[.. good[..CiphertextBytes], 0, .. good[CiphertextBytes..], 0]));
        Refuses(all, "length-mismatch", new SingleKeyUpload(2 * CiphertextBytes, good));
        Refuses(all, "length-mismatch", new SingleKeyUpload(CiphertextBytes - 1, (byte[])[.. good[..(CiphertextBytes - 1)], .. good[CiphertextBytes..^1]]));
    }

    /// <summary>A seeded ciphertext is half as long, and under a public key no honest client can make one.</summary>
    [Fact]
    public void Seeded_and_compressed_objects_are_refused_before_anything_is_inflated()
    {
        SingleKeyConsortium all = new("compressed", length: 40);
        all.Open();
        SingleKeyUpload honest = SingleKeyConsortium.BodyOf(all.Encrypt(all.Clients[0]));
        SealCiphertext ciphertext = SealCiphertext.Read(honest.Ciphertexts.Span, all.Parameters);
        byte[] seeded = SealCiphertext.CreateSeeded(all.Parameters, ciphertext.First, new SealSeed(SealGenerator.Shake256, new byte[SealSeed.SeedBytes])).Write();
        Refuses(all, "length-mismatch", new SingleKeyUpload(seeded.Length, seeded));
        byte[] small = ciphertext.Write(SealCompression.Zlib);
        Refuses(all, "length-mismatch", new SingleKeyUpload(small.Length, small));

        // A bomb of the right size: what it would inflate to is some thirty megabytes.
        byte[] bomb = new byte[CiphertextBytes];
        using (MemoryStream stream = new(bomb))
        {
            stream.Write(ciphertext.Write().AsSpan(0, 16));
            using ZLibStream zlib = new(stream, CompressionLevel.SmallestSize, leaveOpen: true);
            zlib.Write(new byte[30_000_000]);
        }

        bomb[5] = 1;
        Refuses(all, "invalid-ciphertext", new SingleKeyUpload(bomb.Length, bomb));
        Assert.Contains("compressed", SingleKeyRound.FindFault(bomb, all.Parameters, out SealCiphertext? _), StringComparison.Ordinal);
    }

    [Fact]
    public void A_ciphertext_is_taken_once_whoever_sends_it()
    {
        SingleKeyConsortium all = new("replayed");
        all.Open();
        ReadOnlyMemory<byte> first = all.Encrypt(all.Clients[0]);
        byte[] sent = SingleKeyConsortium.BodyOf(first).Ciphertexts.ToArray();
        byte[] own = SingleKeyConsortium.BodyOf(all.Encrypt(all.Clients[1])).Ciphertexts.ToArray();
        Refuses(all, "invalid-ciphertext", new SingleKeyUpload(CiphertextBytes, (byte[])[.. own[..CiphertextBytes], .. own[..CiphertextBytes]]), sender: 1);
        Assert.Equal(SimulatedServer.Accepted, all.Server.Receive(first));
        Refuses(all, "invalid-ciphertext", new SingleKeyUpload(CiphertextBytes, sent), sender: 1);
        Refuses(all, "invalid-ciphertext", new SingleKeyUpload(CiphertextBytes, (byte[])[.. own[..CiphertextBytes], .. sent[..CiphertextBytes]]), sender: 1);
        Assert.Equal(SimulatedServer.Accepted, all.Server.Receive(all.Sign(all.Clients[1], new SingleKeyUpload(CiphertextBytes, own))));
        Assert.Equal("conflicting-upload", all.Server.Receive(all.Encrypt(all.Clients[1])));
    }

    [Fact]
    public void An_upload_of_an_earlier_round_is_refused()
    {
        SingleKeyConsortium all = new("earlier round");
        all.Open();
        ReadOnlyMemory<byte> earlier = all.Encrypt(all.Clients[0]);
        all.PassDeadline();
        all.Open();
        Assert.Equal("round-mismatch", all.Server.Receive(earlier));
    }

    /// <summary>Two clients whose second components cancel: nobody decrypts such a sum, and the round is lost before the holder is asked.</summary>
    [Fact]
    public void A_sum_that_hides_nothing_is_not_decrypted()
    {
        SingleKeyConsortium all = new("cancel", length: 40);
        all.Open();
        List<SealCiphertext> others = [];
        foreach (SingleKeyConsortium.Client client in all.Clients.Take(4))
        {
            ReadOnlyMemory<byte> upload = all.Encrypt(client);
            others.Add(SealCiphertext.Read(SingleKeyConsortium.BodyOf(upload).Ciphertexts.Span, all.Parameters));
            Assert.Equal(SimulatedServer.Accepted, all.Server.Receive(upload));
        }

        SealCiphertext sum = SealCiphertext.Sum(others);
        ulong q = all.Parameters.DataLevel.Primes[0].Value;
        byte[] negative = SealCiphertext.Create(all.Parameters, [.. sum.First, .. sum.Second.ToArray().Select(word => word == 0 ? 0 : q - word)]).Write();
        Assert.Equal(SimulatedServer.Accepted, all.Server.Receive(all.Sign(all.Clients[4], new SingleKeyUpload(CiphertextBytes, negative))));
        all.Server.Advance(Patience.Waiting);
        Assert.Equal((RoundPhase.Aborted, "invalid-aggregate"), (all.Round.Phase, all.Round.AbortReason));
    }

    [Fact]
    public void A_key_that_is_no_canonical_SEAL_key_of_the_tasks_ring_is_not_offered()
    {
        SingleKeyConsortium all = new("keys");
        SignedHolderKey offer = SignedHolderKey.TryDecode(all.Holder.Offer(all.Random).Span)!;
        Assert.Equal(CiphertextBytes, offer.Key.Length);
        SealPublicKey key = SealPublicKey.Read(offer.Key.Span, all.Parameters);
        byte[] unreduced = offer.Key.ToArray();
        unreduced.AsSpan(CiphertextBytes - 8).Fill(0xff);
        byte[] later = offer.Key.ToArray();
        later[4] = 4;
        foreach (byte[] bad in (byte[][])[unreduced, later, key.Write(SealCompression.Zlib), all.HolderKey.PublicKey.ToArray(), SealCiphertext.Create(all.Parameters, [.. key.First, .. key.Second]).Write()])
            Assert.Equal("invalid-key", all.Server.State.OfferHolderKey(SignedHolderKey.Sign(all.Task.TaskId, all.HolderId, 1, bad, all.HolderKey).Bytes.Span).Rejection?.Code);
        Assert.NotNull(all.Server.State.OfferHolderKey(offer.Bytes.Span).Accepted);
    }

    private static void Refuses(SingleKeyConsortium all, string code, SingleKeyUpload upload, int sender = 0)
    {
        int entries = all.Server.Entries.Count;
        Assert.Equal(code, all.Server.Receive(all.Sign(all.Clients[sender], upload)));
        Assert.Equal(entries, all.Server.Entries.Count);
    }
}
