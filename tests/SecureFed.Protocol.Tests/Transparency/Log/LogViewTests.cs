using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Transparency.Log;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Tests.Transparency.Log;

public sealed class LogViewTests
{
    [Fact]
    public void Entries_are_accepted_as_the_log_grows_and_after_a_restart()
    {
        MemoryLog log = new();
        LogView view = LogView.Create(MemoryLog.Origin, log.Policy);
        for (int i = 0; i < 600; i++)
        {
            log.Append(MemoryLog.Entry(i));
            if (i % 7 != 0)
                continue;
            log.Publish();
            ulong index = (ulong)(i / 2);
            LogDecision decision = view.Accept(index, log.Entries[i / 2], log.Prove(index, view.Size));
            Assert.Null(decision.Rejection);
            Assert.Equal(index, decision.Entry!.Index);
            Assert.Equal(log.Entries[i / 2], decision.Entry.Bytes.ToArray());
            Assert.Null(LogView.Resume(MemoryLog.Origin, log.Policy, decision.View.Largest!.Note.Encode(), out view!));
            Assert.Equal((ulong)(i + 1), view.Size);
        }
    }

    [Fact]
    public void A_second_entry_under_the_checkpoint_already_held_is_accepted()
    {
        MemoryLog log = MemoryLog.OfSize(20);
        LogView view = Accepted(LogView.Create(MemoryLog.Origin, log.Policy), log, 3);
        Assert.Equal(20ul, Accepted(view, log, 7).Size);
    }

    [Fact]
    public void An_entry_in_another_place_or_with_other_bytes_is_refused()
    {
        MemoryLog log = MemoryLog.OfSize(20);
        LogView view = LogView.Create(MemoryLog.Origin, log.Policy);
        LogProof proof = log.Prove(3, 0);
        foreach (LogDecision decision in (LogDecision[])
        [
            view.Accept(4, log.Entries[3], proof), view.Accept(3, log.Entries[4], proof), view.Accept(20, log.Entries[3], proof),
            view.Accept(3, log.Entries[3], proof with { Inclusion = [.. proof.Inclusion.Skip(1)] }), view.Accept(3, log.Entries[3], proof with { Consistency = [default] }),
        ])
        {
            Assert.Equal(ErrorCodes.LogProofInvalid, decision.Rejection!.Code);
            Assert.Null(decision.Entry);
            Assert.Null(decision.Evidence);
            Assert.Same(view, decision.View);
        }
    }

    [Fact]
    public void An_answer_that_crossed_with_another_is_asked_for_again_and_accuses_nobody()
    {
        MemoryLog log = MemoryLog.OfSize(20);
        LogView view = LogView.Create(MemoryLog.Origin, log.Policy);
        LogProof early = log.Prove(3, 0);
        log.Append(MemoryLog.Entry(20));
        log.Publish();
        view = Accepted(view, log, 20);
        foreach (LogProof proof in (LogProof[])[early, log.Prove(3, 0), log.Prove(3, 20)])
        {
            LogDecision decision = view.Accept(3, log.Entries[3], proof);
            Assert.Equal(ErrorCodes.LogProofInvalid, decision.Rejection!.Code);
            Assert.Null(decision.Evidence);
        }
    }

    [Fact]
    public void Two_roots_of_one_size_are_caught_with_evidence_that_convicts()
    {
        MemoryLog log = MemoryLog.OfSize(20);
        LogView view = Accepted(LogView.Create(MemoryLog.Origin, log.Policy), log, 3);
        MemoryLog fork = Fork(log, 12, 20);
        foreach (ulong since in (ulong[])[0, 12, 20])
        {
            LogDecision decision = view.Accept(3, fork.Entries[3], fork.Prove(3, since));
            Assert.Equal(ErrorCodes.HistoryRewritten, decision.Rejection!.Code);
            Assert.Same(view, decision.View);
            Assert.True(decision.Evidence!.IsConclusive(log.Policy));
            Assert.True(Evidence.TryDecode(decision.Evidence.Encode(), out Evidence? read));
            Assert.True(read!.IsConclusive(log.Policy));
            Assert.False((read with { Offered = read.Held }).IsConclusive(log.Policy));
            Assert.False(read.IsConclusive(MemoryLog.OfSize(1, "another key").Policy));
        }
    }

    [Fact]
    public void A_longer_history_that_rewrites_an_entry_is_caught_with_both_checkpoints()
    {
        MemoryLog log = MemoryLog.OfSize(20);
        LogView view = Accepted(LogView.Create(MemoryLog.Origin, log.Policy), log, 3);
        MemoryLog fork = Fork(log, 12, 33);
        LogDecision decision = view.Accept(3, fork.Entries[3], fork.Prove(3, 20));
        Assert.Equal(ErrorCodes.HistoryRewritten, decision.Rejection!.Code);
        Assert.Equal(log.Files["checkpoint"], decision.Evidence!.Held.ToArray());
        Assert.Equal(fork.Files["checkpoint"], decision.Evidence.Offered.ToArray());
        Assert.False(decision.Evidence.IsConclusive(log.Policy));
    }

    [Fact]
    public void A_truncated_history_is_never_accepted()
    {
        MemoryLog log = MemoryLog.OfSize(20);
        LogView view = Accepted(LogView.Create(MemoryLog.Origin, log.Policy), log, 3);
        MemoryLog truncated = MemoryLog.OfSize(19);
        for (ulong since = 0; since <= 19; since++)
        {
            LogDecision decision = view.Accept(3, truncated.Entries[3], truncated.Prove(3, since));
            Assert.Equal(ErrorCodes.LogProofInvalid, decision.Rejection!.Code);
            Assert.Same(view, decision.View);
        }
    }

    [Fact]
    public void A_smaller_tree_than_the_request_named_is_a_rollback_and_is_kept()
    {
        MemoryLog log = MemoryLog.OfSize(20);
        LogView view = Accepted(LogView.Create(MemoryLog.Origin, log.Policy), log, 3);
        MemoryLog truncated = MemoryLog.OfSize(19);
        foreach (ulong since in (ulong[])[0, 19, 20])
        {
            LogProof proof = truncated.Prove(3, Math.Min(since, 19)) with { Since = since };
            LogDecision decision = view.Accept(3, truncated.Entries[3], proof, asked: 20);
            Assert.Equal(ErrorCodes.HistoryRewritten, decision.Rejection!.Code);
            Assert.Contains("rolled back", decision.Rejection.Detail, StringComparison.Ordinal);
            Assert.Equal(log.Files["checkpoint"], decision.Evidence!.Held.ToArray());
            Assert.Equal(truncated.Files["checkpoint"], decision.Evidence.Offered.ToArray());
            Assert.Same(view, decision.View);
        }
    }

    /// <summary>Two requests at once, both of which named 10 entries: the answer to the second arrives first.</summary>
    [Fact]
    public void An_answer_to_a_request_that_named_less_than_is_held_by_now_accuses_nobody()
    {
        MemoryLog log = MemoryLog.OfSize(10);
        LogView view = Accepted(LogView.Create(MemoryLog.Origin, log.Policy), log, 3);
        List<LogProof> crossed = [log.Prove(3, 10)];
        for (int i = 10; i < 20; i++)
        {
            log.Append(MemoryLog.Entry(i));
            log.Publish();
            crossed.Add(log.Prove(3, 10));
        }

        view = Accepted(view, log, 3);
        foreach (LogProof proof in crossed)
        {
            LogDecision decision = view.Accept(3, log.Entries[3], proof, asked: 10);
            Assert.Equal(ErrorCodes.LogProofInvalid, decision.Rejection!.Code);
            Assert.Null(decision.Evidence);
        }

        LogDecision behind = view.Accept(3, log.Entries[3], MemoryLog.OfSize(9).Prove(3, 0), asked: 10);
        Assert.NotNull(behind.Evidence);
        Assert.Throws<ArgumentOutOfRangeException>(() => view.Accept(3, log.Entries[3], log.Prove(3, 20), asked: 21));
    }

    /// <summary>Otherwise a fork that is proven from another size than was asked would leave the reader without its checkpoint.</summary>
    [Fact]
    public void A_larger_tree_that_is_not_proven_from_the_size_that_was_asked_is_kept()
    {
        MemoryLog log = MemoryLog.OfSize(20);
        LogView view = Accepted(LogView.Create(MemoryLog.Origin, log.Policy), log, 3);
        MemoryLog fork = Fork(log, 12, 33);
        foreach (ulong since in (ulong[])[0, 12, 19, 21])
        {
            LogDecision decision = view.Accept(3, fork.Entries[3], fork.Prove(3, since), asked: 20);
            Assert.Equal(ErrorCodes.HistoryRewritten, decision.Rejection!.Code);
            Assert.Equal(fork.Files["checkpoint"], decision.Evidence!.Offered.ToArray());
        }
    }

    [Fact]
    public void The_checkpoint_that_is_held_contradicts_nothing_whatever_comes_with_it()
    {
        MemoryLog log = MemoryLog.OfSize(20);
        LogView view = Accepted(LogView.Create(MemoryLog.Origin, log.Policy), log, 3);
        LogProof proof = log.Prove(3, 20);
        foreach (LogProof odd in (LogProof[])[proof with { Consistency = [default] }, proof with { Since = 7 }, proof with { Inclusion = [] }])
        {
            LogDecision decision = view.Accept(3, log.Entries[3], odd, asked: 20);
            Assert.Equal(ErrorCodes.LogProofInvalid, decision.Rejection!.Code);
            Assert.Null(decision.Evidence);
        }
    }

    [Fact]
    public void Checkpoints_of_other_keys_and_other_logs_are_untrusted()
    {
        MemoryLog log = MemoryLog.OfSize(20);
        MemoryLog stranger = MemoryLog.OfSize(20, "a stranger");
        LogView view = LogView.Create(MemoryLog.Origin, log.Policy);
        Assert.Equal(ErrorCodes.CheckpointUntrusted, view.Accept(3, stranger.Entries[3], stranger.Prove(3, 0)).Rejection!.Code);
        LogView other = LogView.Create("securefed.test/tasks/other", log.Policy);
        Assert.Equal(ErrorCodes.CheckpointUntrusted, other.Accept(3, log.Entries[3], log.Prove(3, 0)).Rejection!.Code);
        Assert.Equal(ErrorCodes.CheckpointUntrusted, LogView.Resume(MemoryLog.Origin, log.Policy, stranger.Files["checkpoint"], out LogView? resumed)!.Code);
        Assert.Null(resumed);
    }

    [Fact]
    public void A_reader_of_an_empty_log_goes_on_with_the_first_entries_but_not_from_another_empty_root()
    {
        MemoryLog log = MemoryLog.OfSize(0);
        LogView view = LogView.Create(MemoryLog.Origin, log.Policy);
        LogDecision empty = view.Accept(log.Files["checkpoint"], 0, []);
        Assert.Null(empty.Rejection);
        log.Append(MemoryLog.Entry(0));
        log.Publish();
        Assert.Equal(1ul, Accepted(empty.View, log, 0).Size);
        Assert.Equal(ErrorCodes.LogProofInvalid, view.Accept(log.Sign(0, default), 0, []).Rejection!.Code);
    }

    [Fact]
    public void Any_flipped_bit_of_a_proof_is_refused()
    {
        MemoryLog log = MemoryLog.OfSize(20);
        LogView view = Accepted(LogView.Create(MemoryLog.Origin, log.Policy), log, 3);
        for (int i = 20; i < 45; i++)
            log.Append(MemoryLog.Entry(i));
        log.Publish();
        byte[] bytes = log.Prove(30, 20).Encode();
        Assert.True(LogProof.TryDecode(bytes, out LogProof? proof));
        Assert.Null(view.Accept(30, log.Entries[30], proof!).Rejection);
        for (int bit = 0; bit < bytes.Length * 8; bit++)
        {
            byte[] flipped = [.. bytes];
            flipped[bit / 8] ^= (byte)(1 << (bit % 8));
            if (LogProof.TryDecode(flipped, out LogProof? spoiled))
                Assert.NotNull(view.Accept(30, log.Entries[30], spoiled!).Rejection);
        }
    }

    [Fact]
    public void A_receipt_is_read_back_and_verifies_offline()
    {
        MemoryLog log = MemoryLog.OfSize(300);
        foreach (byte[]? extra in (byte[]?[])[null, "upload"u8.ToArray()])
        {
            TlogProof receipt = new(77, log.Proofs.Inclusion(77, 300), log.Files["checkpoint"], extra);
            byte[] bytes = receipt.Encode();
            Assert.True(TlogProof.TryParse(bytes, out TlogProof? read));
            Assert.Equal(bytes, read!.Encode());
            Assert.Equal(extra, read.Extra);
            Assert.Null(read.Verify(log.Policy, log.Entries[77], out SignedCheckpoint? checkpoint));
            Assert.Equal(300ul, checkpoint!.Checkpoint.Size);
            Assert.Equal(ErrorCodes.LogProofInvalid, read.Verify(log.Policy, log.Entries[78], out checkpoint)!.Code);
            Assert.Null(checkpoint);
            Assert.Equal(ErrorCodes.LogProofInvalid, (read with { Index = 78 }).Verify(log.Policy, log.Entries[77], out _)!.Code);
            Assert.Equal(ErrorCodes.CheckpointUntrusted, read.Verify(MemoryLog.OfSize(0, "another").Policy, log.Entries[77], out _)!.Code);
            for (int bit = 0; bit < bytes.Length * 8; bit++)
            {
                bytes[bit / 8] ^= (byte)(1 << (bit % 8));
                bool isExtra = TlogProof.TryParse(bytes, out read) && read!.Inclusion.SequenceEqual(receipt.Inclusion) && read.Index == 77
                    && read.Checkpoint.Span.SequenceEqual(receipt.Checkpoint.Span);
                Assert.True(isExtra || read is null || read.Verify(log.Policy, log.Entries[77], out _) is not null);
                bytes[bit / 8] ^= (byte)(1 << (bit % 8));
            }
        }
    }

    [Fact]
    public void Receipts_have_one_form()
    {
        MemoryLog log = MemoryLog.OfSize(2);
        string good = System.Text.Encoding.UTF8.GetString(new TlogProof(1, log.Proofs.Inclusion(1, 2), log.Files["checkpoint"], "x"u8.ToArray()).Encode());
        Assert.StartsWith("c2sp.org/tlog-proof@v1\nextra eA==\nindex 1\n", good, StringComparison.Ordinal);
        foreach ((string from, string to) in ((string, string)[])
        [
            ("@v1", "@v2"), ("index 1", "index 01"), ("index 1", "index -1"), ("index 1", "Index 1"), ("index 1\n", ""), ("extra eA==", "extra eB=="), ("extra eA==\n", "extra eA==\nextra eA==\n"),
            ("index 1\n", "index 1\nAAAA\n"), ("index 1\n", "index 1 \n"), ("\n\n", "\n"), ("— ", "- "), ("\n", "\r\n"), ("extra eA==\nindex 1\n", "index 1\nextra eA==\n"),
        ])
        {
            string bad = good.Replace(from, to, StringComparison.Ordinal);
            Assert.NotEqual(good, bad);
            Assert.False(TlogProof.TryParse(System.Text.Encoding.UTF8.GetBytes(bad), out _), $"{from} to {to}");
        }
    }

    private static LogView Accepted(LogView view, MemoryLog log, int index)
    {
        LogDecision decision = view.Accept((ulong)index, log.Entries[index], log.Prove((ulong)index, view.Size));
        Assert.Null(decision.Rejection);
        Assert.NotNull(decision.Entry);
        return decision.View;
    }

    /// <summary>Another history under the same key, the same up to one entry.</summary>
    private static MemoryLog Fork(MemoryLog log, int changed, int size)
    {
        MemoryLog fork = new();
        for (int i = 0; i < size; i++)
            fork.Append(i == changed ? "rewritten"u8.ToArray() : MemoryLog.Entry(i));
        fork.Publish();
        Assert.True(fork.Key.PublicKey.Span.SequenceEqual(log.Key.PublicKey.Span));
        return fork;
    }
}
