using System.Text;
using SecureFed.Cryptography.Signing;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Transparency.Log;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Tests.Transparency.Log;

/// <summary>The answers of C2SP tlog-witness, "add-checkpoint", one after the other.</summary>
public sealed class WitnessTests
{
    private const ulong Now = 1_700_000_000;

    private static readonly WitnessKey Key = WitnessKey.Generate("witness.test/w1", Seeded.Source("witness key"));

    private static readonly WitnessKey OtherKey = WitnessKey.Generate("witness.test/w2", Seeded.Source("other witness key"));

    private readonly MemoryLog log = MemoryLog.OfSize(20);

    [Fact]
    public void A_first_checkpoint_of_any_size_is_cosigned_with_the_time_given()
    {
        Witness witness = Fresh();
        Assert.Null(witness.Latest(MemoryLog.Origin));
        WitnessDecision decision = witness.AddCheckpoint(Request(log, 0), Now);
        Assert.Null(decision.Refusal);
        Assert.Equal(20ul, decision.Accepted!.Checkpoint.Size);
        Assert.Same(decision.Accepted, decision.Witness.Latest(MemoryLog.Origin));
        Assert.Null(witness.Latest(MemoryLog.Origin));

        NoteSignature cosignature = decision.Accepted.Cosign(Key);
        Assert.Equal(Now, Cosignature.TimeOf(cosignature));
        SignedNote cosigned = NoteOf(log).With(cosignature);
        Assert.True(cosigned.TryVerify([log.Verifier, Key.Verifier], out IReadOnlyList<NoteVerifier> signers));
        Assert.Equal([log.Verifier, Key.Verifier], signers);
        byte[] statement = [.. Encoding.UTF8.GetBytes($"cosignature/v1\ntime {Now}\n"), .. cosigned.Text.Span];
        Assert.True(Ed25519.Verify(Key.Verifier.Key.Span, statement, cosignature.Signature.Span[8..]));
        Assert.Null(TlogPolicy.Of(log.Verifier, 1, Key.Verifier).Open(cosigned.Encode(), out _));
    }

    [Fact]
    public void A_log_is_followed_from_empty_through_every_growth()
    {
        MemoryLog growing = MemoryLog.OfSize(0);
        Witness witness = Accept(Fresh(), growing, 0);
        ulong size = 0;
        for (int i = 0; i < 300; i++)
        {
            growing.Append(MemoryLog.Entry(i));
            if (i % 3 == 1)
                continue;
            growing.Publish();
            witness = Accept(witness, growing, size);
            size = (ulong)i + 1;
        }
    }

    [Fact]
    public void The_same_checkpoint_again_is_cosigned_anew()
    {
        Witness witness = Accept(Fresh(), log, 0);
        WitnessDecision again = witness.AddCheckpoint(Request(log, 20), Now + 60);
        Assert.Null(again.Refusal);
        Assert.Equal(Now + 60, Cosignature.TimeOf(again.Accepted!.Cosign(Key)));
        log.Publish(); // Signed anew, another ECDSA signature of the same tree.
        Assert.Null(again.Witness.AddCheckpoint(Request(log, 20), Now + 61).Refusal);
    }

    [Fact]
    public void The_time_of_a_cosignature_never_goes_back()
    {
        Witness witness = Accept(Fresh(), log, 0);
        Assert.Equal(Now, witness.AddCheckpoint(Request(log, 20), Now - 3600).Accepted!.Time);
        Assert.Throws<ArgumentOutOfRangeException>(() => witness.AddCheckpoint(Request(log, 20), 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => witness.AddCheckpoint(Request(log, 20), 1ul << 63));
    }

    [Fact]
    public void An_unknown_origin_is_404()
    {
        Witness witness = Witness.Create([NoteVerifier.ForEcdsa("securefed.test/tasks/other", log.Key.PublicKey.Span)]);
        Refused(witness, Request(log, 0), 404);
    }

    [Fact]
    public void No_signature_of_a_known_key_is_403_and_so_is_a_wrong_one()
    {
        MemoryLog stranger = MemoryLog.OfSize(20, "a stranger");
        Refused(Fresh(), Request(stranger, 0), 403);
        Refused(Fresh(), new AddCheckpointRequest(0, [], NoteOf(stranger).With(Key.Sign(NoteOf(stranger).Text.Span, Now))).Encode(), 403);

        // The known key's name and id over another text, beside a good signature of it.
        NoteSignature wrong = new Checkpoint(MemoryLog.Origin, 19, default).Sign(log.Key).Signatures[0];
        Refused(Fresh(), new AddCheckpointRequest(0, [], NoteOf(log).With(wrong)).Encode(), 403);
        Refused(Fresh(), new AddCheckpointRequest(0, [], SignedNote.Create(NoteOf(log).Text.Span, wrong)).Encode(), 403);
    }

    [Fact]
    public void One_of_several_known_keys_is_enough_and_unknown_signatures_are_ignored()
    {
        MemoryLog successor = MemoryLog.OfSize(20, "rotated key");
        Witness witness = Witness.Create([log.Verifier, successor.Verifier]);
        SignedNote note = NoteOf(log).With(OtherKey.Sign(NoteOf(log).Text.Span, Now)).With(new NoteSignature("grease.invalid", 7, new byte[9]));
        WitnessDecision decision = witness.AddCheckpoint(new AddCheckpointRequest(0, [], note).Encode(), Now);
        Assert.Null(decision.Refusal);

        // What is kept and shown to monitors is what was verified.
        Assert.Equal(NoteOf(log).Encode(), decision.Accepted!.Note.Encode());
    }

    [Fact]
    public void An_old_size_beyond_the_checkpoint_is_400_even_if_the_witness_is_there()
    {
        Witness witness = Accept(Fresh(), log, 0);
        Refused(witness, new AddCheckpointRequest(20, [], NoteOf(MemoryLog.OfSize(19))).Encode(), 400);
        Refused(Fresh(), Request(log, 0, oldSize: 21), 400);
    }

    [Theory]
    [InlineData(0, 7)]
    [InlineData(20, 0)]
    [InlineData(20, 19)]
    [InlineData(20, 21)]
    public void Another_old_size_than_the_last_is_409_with_the_last(int last, int old)
    {
        Witness witness = last == 0 ? Fresh() : Accept(Fresh(), log, 0);
        MemoryLog longer = MemoryLog.OfSize(33);
        WitnessRefusal refusal = Refused(witness, Request(longer, (ulong)old), 409);
        Assert.Equal(("text/x.tlog.size", FormattableString.Invariant($"{last}\n"), (ulong?)last), (refusal.ContentType, refusal.Body, refusal.LatestSize));
        Assert.True(WitnessRefusal.TryReadSize(Encoding.UTF8.GetBytes(refusal.Body), out ulong size));
        Assert.Equal((ulong)last, size);
    }

    [Theory]
    [InlineData("")]
    [InlineData("20")]
    [InlineData("020\n")]
    [InlineData("-1\n")]
    [InlineData("20\n\n")]
    [InlineData("20\r\n")]
    [InlineData("9223372036854775808\n")]
    public void A_size_has_one_text(string body) => Assert.False(WitnessRefusal.TryReadSize(Encoding.UTF8.GetBytes(body), out _));

    [Fact]
    public void A_shrunken_tree_is_never_cosigned()
    {
        Witness witness = Accept(Fresh(), log, 0);
        for (int size = 0; size < 20; size++)
        {
            MemoryLog shrunken = MemoryLog.OfSize(size);
            for (ulong old = 0; old <= (ulong)size; old++)
                Refused(witness, Request(shrunken, old), 409);
            Refused(witness, new AddCheckpointRequest(20, [], NoteOf(shrunken)).Encode(), 400);
        }
    }

    [Fact]
    public void A_proof_that_does_not_verify_is_422()
    {
        Witness witness = Accept(Fresh(), log, 0);
        MemoryLog longer = MemoryLog.OfSize(33);
        Digest[] proof = longer.Proofs.Consistency(20, 33);
        Assert.True(proof.Length > 2);
        foreach (Digest[] bad in (Digest[][])[[], proof[1..], [.. proof, default], [.. proof.Reverse()], [default, .. proof[1..]]])
            Refused(witness, new AddCheckpointRequest(20, bad, NoteOf(longer)).Encode(), 422);
        Refused(witness, Request(Fork(12, 33), 20), 422);
        Assert.Null(witness.AddCheckpoint(Request(longer, 20), Now).Refusal);
    }

    [Fact]
    public void A_proof_from_nothing_or_to_the_same_size_is_empty_or_422()
    {
        Refused(Fresh(), new AddCheckpointRequest(0, [default], NoteOf(log)).Encode(), 422);
        Refused(Accept(Fresh(), log, 0), new AddCheckpointRequest(20, [log.Tiles.Root], NoteOf(log)).Encode(), 422);
    }

    [Fact]
    public void An_empty_tree_has_one_root_or_it_is_422()
    {
        Assert.True(SignedNote.TryParse(log.Sign(0, default), out SignedNote? note));
        Refused(Fresh(), new AddCheckpointRequest(0, [], note!).Encode(), 422);
    }

    [Fact]
    public void Another_root_of_the_same_size_is_422_and_the_evidence_convicts()
    {
        Witness witness = Accept(Fresh(), log, 0);
        byte[] fork = Request(Fork(12, 20), 20);
        WitnessDecision decision = witness.AddCheckpoint(fork, Now);
        Assert.Equal(422, decision.Refusal!.Status);
        Assert.True(decision.Evidence!.IsConclusive(log.Policy));

        // Whatever old size it claims: the answer tells the size, the evidence is kept all the same.
        decision = witness.AddCheckpoint(Request(Fork(12, 20), 3), Now);
        Assert.Equal(409, decision.Refusal!.Status);
        Assert.True(decision.Evidence!.IsConclusive(log.Policy));

        // A stranger's fork accuses nobody.
        Assert.Null(witness.AddCheckpoint(Request(MemoryLog.OfSize(20, "a stranger"), 20), Now).Evidence);
    }

    [Fact]
    public void Sixty_three_lines_of_proof_are_read_and_sixty_four_are_400()
    {
        Digest[] proof = [.. Enumerable.Repeat<Digest>(default, 64)];
        Refused(Fresh(), new AddCheckpointRequest(0, proof[1..], NoteOf(log)).Encode(), 422);
        Refused(Fresh(), new AddCheckpointRequest(0, proof, NoteOf(log)).Encode(), 400);
    }

    [Theory]
    [InlineData("old 20\n", "old 020\n")]
    [InlineData("old 20\n", "old  20\n")]
    [InlineData("old 20\n", "old +20\n")]
    [InlineData("old 20\n", "old 20 \n")]
    [InlineData("old 20\n", "old 9223372036854775808\n")]
    [InlineData("old 20\n", "old \n")]
    [InlineData("old 20\n", "Old 20\n")]
    [InlineData("old 20\n", "")]
    [InlineData("old 20\n", "old 20\r\n")]
    [InlineData("old 20\n", "old 20\nAAAA\n")]
    [InlineData("old 20\n", "old 20\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB=\n")]
    [InlineData("old 20\n\n", "old 20\n")]
    [InlineData("— ", "- ")]
    [InlineData("\n33\n", "\n033\n")]
    [InlineData("securefed.test/tasks/memory\n33\n", "securefed.test/tasks/memory\n33 \n")]
    public void Anything_else_is_400(string from, string to)
    {
        string request = Encoding.UTF8.GetString(new AddCheckpointRequest(20, [], NoteOf(MemoryLog.OfSize(33))).Encode());
        Assert.StartsWith("old 20\n\nsecurefed.test/tasks/memory\n33\n", request, StringComparison.Ordinal);
        string bad = request.Replace(from, to, StringComparison.Ordinal);
        Assert.NotEqual(request, bad);
        Refused(Accept(Fresh(), log, 0), Encoding.UTF8.GetBytes(bad), 400);
    }

    [Fact]
    public void A_request_is_read_back_byte_for_byte_and_too_long_a_one_is_400()
    {
        byte[] request = Request(MemoryLog.OfSize(33), 20);
        Assert.True(AddCheckpointRequest.TryParse(request, out AddCheckpointRequest? read));
        Assert.Equal(request, read!.Encode());
        Assert.Equal(20ul, read.OldSize);
        Refused(Fresh(), [], 400);
        Refused(Fresh(), "old 0\n\n"u8, 400);
        Refused(Fresh(), [.. "old 0\n\n"u8, .. new byte[1 << 16]], 400);
        Refused(Fresh(), [.. request, 0xff], 400);
    }

    [Fact]
    public void No_flipped_bit_of_a_request_gets_a_cosignature_for_anything_else()
    {
        Witness witness = Accept(Fresh(), log, 0);
        MemoryLog longer = MemoryLog.OfSize(33);
        byte[] request = Request(longer, 20);
        for (int bit = 0; bit < request.Length * 8; bit += 3)
        {
            request[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.NotNull(witness.AddCheckpoint(request, Now).Refusal);
            request[bit / 8] ^= (byte)(1 << (bit % 8));
        }
    }

    [Fact]
    public void A_stored_state_goes_on_where_it_was_with_the_same_cosignature()
    {
        WitnessedCheckpoint accepted = Fresh().AddCheckpoint(Request(log, 0), Now).Accepted!;
        Assert.True(WitnessedCheckpoint.TryDecode(accepted.Encode(), out WitnessedCheckpoint? stored));
        Assert.Equal(accepted.Cosign(Key).ToString(), stored!.Cosign(Key).ToString());

        // Stored, but the answer was lost: the log still believes in size 0.
        Witness restarted = Witness.Create([log.Verifier], stored);
        Assert.Equal(20ul, Refused(restarted, Request(log, 0), 409).LatestSize);
        Assert.Null(restarted.AddCheckpoint(Request(log, 20), Now + 1).Refusal);
        Assert.Null(restarted.AddCheckpoint(Request(MemoryLog.OfSize(33), 20), Now + 1).Refusal);
        Refused(restarted, Request(Fork(12, 33), 20), 422);
    }

    [Fact]
    public void Any_flipped_bit_of_a_stored_state_is_noticed()
    {
        byte[] bytes = Fresh().AddCheckpoint(Request(log, 0), Now).Accepted!.Encode();
        for (int bit = 0; bit < bytes.Length * 8; bit++)
        {
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.False(WitnessedCheckpoint.TryDecode(bytes, out _));
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));
        }

        for (int length = 0; length < bytes.Length; length++)
            Assert.False(WitnessedCheckpoint.TryDecode(bytes.AsSpan(0, length), out _));
        Assert.True(WitnessedCheckpoint.TryDecode(bytes, out _));
    }

    [Fact]
    public void A_witness_is_not_a_log()
    {
        Assert.Throws<ArgumentException>(() => Witness.Create([Key.Verifier]));
        WitnessedCheckpoint stored = Fresh().AddCheckpoint(Request(log, 0), Now).Accepted!;
        Assert.Throws<ArgumentException>(() => Witness.Create([log.Verifier], stored, Fresh().AddCheckpoint(Request(MemoryLog.OfSize(3), 0), Now).Accepted!));
    }

    [Fact]
    public void Logs_are_kept_apart()
    {
        NoteVerifier second = NoteVerifier.ForEcdsa("securefed.test/tasks/second", log.Key.PublicKey.Span);
        Witness witness = Accept(Witness.Create([log.Verifier, second]), log, 0);
        SignedNote note = new Checkpoint(second.Name, 7, MemoryLog.OfSize(7).Tiles.Root).Sign(log.Key);
        WitnessDecision decision = witness.AddCheckpoint(new AddCheckpointRequest(0, [], note).Encode(), Now);
        Assert.Null(decision.Refusal);
        Assert.Equal((20ul, 7ul), (decision.Witness.Latest(MemoryLog.Origin)!.Checkpoint.Size, decision.Witness.Latest(second.Name)!.Checkpoint.Size));
    }

    [Fact]
    public void A_reader_whose_policy_asks_for_two_of_two_refuses_one_and_one_of_two_accepts_it()
    {
        SignedNote one = NoteOf(log).With(Fresh().AddCheckpoint(Request(log, 0), Now).Accepted!.Cosign(Key));
        SignedNote two = one.With(Fresh().AddCheckpoint(Request(log, 0), Now).Accepted!.Cosign(OtherKey));
        LogView any = LogView.Create(MemoryLog.Origin, TlogPolicy.Of(log.Verifier, 1, Key.Verifier, OtherKey.Verifier));
        LogView both = LogView.Create(MemoryLog.Origin, TlogPolicy.Of(log.Verifier, 2, Key.Verifier, OtherKey.Verifier));
        Assert.Equal(ErrorCodes.CheckpointUntrusted, any.Accept(NoteOf(log).Encode(), 0, []).Rejection!.Code);
        Assert.Equal(ErrorCodes.CheckpointUntrusted, both.Accept(one.Encode(), 0, []).Rejection!.Code);
        Assert.Null(any.Accept(one.Encode(), 0, []).Rejection);
        Assert.Null(both.Accept(two.Encode(), 0, []).Rejection);
        LogProof proof = log.Prove(3, 0) with { Checkpoint = one.Encode() };
        Assert.Equal(ErrorCodes.CheckpointUntrusted, both.Accept(3, log.Entries[3], proof).Rejection!.Code);
        Assert.Null(any.Accept(3, log.Entries[3], proof).Rejection);
    }

    [Fact]
    public void An_equivocating_log_gets_only_one_of_its_histories_past_client_and_witness()
    {
        // The witness has seen one history; the client, which never met it, is shown the other under the same key.
        MemoryLog fork = Fork(12, 20);
        Witness witness = Accept(Fresh(), log, 0);
        TlogPolicy policy = TlogPolicy.Of(log.Verifier, 1, Key.Verifier);
        LogView client = LogView.Create(MemoryLog.Origin, policy);
        Assert.Equal(ErrorCodes.CheckpointUntrusted, client.Accept(3, fork.Entries[3], fork.Prove(3, 0)).Rejection!.Code);

        // The log cannot buy the missing cosignature, nor use the one of the other history.
        Assert.NotNull(witness.AddCheckpoint(Request(fork, 20), Now).Refusal);
        NoteSignature cosignature = witness.Latest(MemoryLog.Origin)!.Cosign(Key);
        Assert.Equal(ErrorCodes.CheckpointUntrusted, client.Accept(NoteOf(fork).With(cosignature).Encode(), 0, []).Rejection!.Code);
        Assert.Null(client.Accept(NoteOf(log).With(cosignature).Encode(), 0, []).Rejection);

        // Without a quorum the client would have believed it: that is what the witness adds.
        Assert.Null(LogView.Create(MemoryLog.Origin, log.Policy).Accept(3, fork.Entries[3], fork.Prove(3, 0)).Rejection);
    }

    private Witness Fresh() => Witness.Create([log.Verifier]);

    private static Witness Accept(Witness witness, MemoryLog source, ulong old)
    {
        WitnessDecision decision = witness.AddCheckpoint(Request(source, old), Now);
        Assert.Null(decision.Refusal);
        Assert.Null(decision.Evidence);
        Assert.True(NoteOf(source).With(decision.Accepted!.Cosign(Key)).TryVerify([Key.Verifier], out _));
        return decision.Witness;
    }

    private static WitnessRefusal Refused(Witness witness, ReadOnlySpan<byte> request, int status)
    {
        WitnessDecision decision = witness.AddCheckpoint(request, Now);
        Assert.Equal(status, decision.Refusal?.Status);
        Assert.Null(decision.Accepted);
        Assert.Same(witness, decision.Witness);
        return decision.Refusal!;
    }

    private static SignedNote NoteOf(MemoryLog source)
    {
        Assert.True(SignedNote.TryParse(source.Files["checkpoint"], out SignedNote? note));
        return note!;
    }

    private static byte[] Request(MemoryLog source, ulong old, ulong? oldSize = null) =>
        new AddCheckpointRequest(oldSize ?? old, source.Proofs.Consistency(old, source.Tiles.Size), NoteOf(source)).Encode();

    /// <summary>Another history under the same key, the same up to one entry.</summary>
    private static MemoryLog Fork(int changed, int size)
    {
        MemoryLog fork = new();
        for (int i = 0; i < size; i++)
            fork.Append(i == changed ? "rewritten"u8.ToArray() : MemoryLog.Entry(i));
        fork.Publish();
        return fork;
    }
}
