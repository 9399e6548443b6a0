using SecureFed.Cryptography.Randomness;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Transparency.Log;

namespace SecureFed.Protocol.Tests.Transparency.Log;

public sealed class LogVerifierTests
{
    private const int Flips = 10_000;

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(255)]
    [InlineData(256)]
    [InlineData(257)]
    [InlineData(65_536)]
    [InlineData(66_051)]
    public void A_genuine_log_verifies_and_hands_on_every_entry_in_order(int size)
    {
        MemoryLog log = MemoryLog.OfSize(size);
        int seen = 0;
        LogVerification verification = new LogVerifier(log, log.Policy).Verify((index, entry) =>
        {
            Assert.Equal((ulong)seen, index);
            Assert.True(entry.Span.SequenceEqual(log.Entries[seen++]));
            return null;
        });
        Assert.True(verification.IsValid);
        Assert.Equal(size, seen);
        Assert.Equal((ulong)size, verification.Checkpoint!.Checkpoint.Size);
    }

    [Fact]
    public void Ten_thousand_flipped_bits_over_every_file_are_all_detected_and_no_unproven_entry_is_handed_on()
    {
        // 515 entries: full and partial files of both levels.
        MemoryLog log = MemoryLog.OfSize(515);
        string[] paths = [.. log.Files.Keys];
        Assert.Equal(8, paths.Length);
        using KeyedRandomSource random = Seeded.Source("flips");
        Dictionary<string, int> flips = paths.ToDictionary(p => p, _ => 0, StringComparer.Ordinal);
        LogVerifier verifier = new(log, log.Policy);
        for (int i = 0; i < Flips; i++)
        {
            string path = paths[i % paths.Length];
            byte[] file = log.Files[path];
            int bit = random.Below(file.Length * 8);
            file[bit / 8] ^= (byte)(1 << (bit % 8));
            LogVerification verification = verifier.Verify((index, entry) =>
            {
                Assert.True(entry.Span.SequenceEqual(log.Entries[(int)index]));
                return null;
            });
            LogFault fault = Assert.IsType<LogFault>(verification.Fault);
            Assert.Equal(path, fault.Place);
            flips[path]++;
            file[bit / 8] ^= (byte)(1 << (bit % 8));
        }

        Assert.All(flips.Values, count => Assert.Equal(Flips / paths.Length, count));
        Assert.True(verifier.Verify().IsValid);
    }

    [Fact]
    public void Every_bit_of_the_checkpoint_counts()
    {
        MemoryLog log = MemoryLog.OfSize(3);
        byte[] note = log.Files["checkpoint"];
        for (int bit = 0; bit < note.Length * 8; bit++)
        {
            note[bit / 8] ^= (byte)(1 << (bit % 8));
            LogFault fault = Assert.IsType<LogFault>(new LogVerifier(log, log.Policy).Verify().Fault);
            Assert.Equal(("checkpoint", ErrorCodes.CheckpointUntrusted), (fault.Place, fault.Rejection.Code));
            note[bit / 8] ^= (byte)(1 << (bit % 8));
        }
    }

    [Fact]
    public void A_missing_shortened_or_lengthened_file_is_named()
    {
        MemoryLog log = MemoryLog.OfSize(515);
        foreach (string path in log.Files.Keys.ToArray())
        {
            byte[] file = log.Files[path];
            foreach (byte[]? other in (byte[]?[])[null, file[..^1], [.. file, 0], []])
            {
                if (other is null)
                    log.Files.Remove(path);
                else
                    log.Files[path] = other;
                LogFault fault = Assert.IsType<LogFault>(new LogVerifier(log, log.Policy).Verify().Fault);
                Assert.Equal(path, fault.Place);
                log.Files[path] = file;
            }
        }
    }

    [Fact]
    public void A_wrong_entry_is_named_by_its_index()
    {
        MemoryLog log = MemoryLog.OfSize(515);
        byte[] bundle = log.Files["tile/entries/001"];
        Assert.True(EntryBundle.TryDecode(bundle, 256, out ReadOnlyMemory<byte>[] entries));
        entries[44] = "forged"u8.ToArray();
        log.Files["tile/entries/001"] = EntryBundle.Encode(entries);
        LogFault fault = Assert.IsType<LogFault>(new LogVerifier(log, log.Policy).Verify().Fault);
        Assert.Equal(("tile/entries/001", 300ul, ErrorCodes.LogProofInvalid), (fault.Place, fault.EntryIndex, fault.Rejection.Code));
    }

    [Fact]
    public void A_log_whose_files_fit_together_under_another_root_is_rewritten()
    {
        MemoryLog log = MemoryLog.OfSize(515);
        MemoryLog forged = new();
        for (int i = 0; i < 515; i++)
            forged.Append(i == 300 ? "forged"u8.ToArray() : MemoryLog.Entry(i));
        forged.Publish();
        forged.Files["checkpoint"] = log.Files["checkpoint"];
        LogFault fault = Assert.IsType<LogFault>(new LogVerifier(forged, log.Policy).Verify().Fault);
        Assert.Equal(("checkpoint", ErrorCodes.HistoryRewritten), (fault.Place, fault.Rejection.Code));
    }

    [Fact]
    public void A_log_must_continue_the_checkpoint_of_an_earlier_visit()
    {
        MemoryLog log = MemoryLog.OfSize(300);
        Assert.Null(log.Policy.Open(log.Files["checkpoint"], out SignedCheckpoint? earlier));
        for (int i = 300; i < 700; i++)
            log.Append(MemoryLog.Entry(i));
        log.Publish();
        Assert.True(new LogVerifier(log, log.Policy).Verify(earlier: earlier).IsValid);
        foreach (int size in (int[])[299, 300, 700])
        {
            MemoryLog fork = new();
            for (int i = 0; i < size; i++)
                fork.Append(i == 12 ? "rewritten"u8.ToArray() : MemoryLog.Entry(i));
            fork.Publish();
            Assert.True(new LogVerifier(fork, log.Policy).Verify().IsValid);
            LogFault fault = Assert.IsType<LogFault>(new LogVerifier(fork, log.Policy).Verify(earlier: earlier).Fault);
            Assert.Equal(ErrorCodes.HistoryRewritten, fault.Rejection.Code);
        }
    }

    [Fact]
    public void The_first_entry_that_the_check_refuses_is_the_fault()
    {
        MemoryLog log = MemoryLog.OfSize(515);
        LogFault fault = Assert.IsType<LogFault>(new LogVerifier(log, log.Policy).Verify((index, _) => index >= 257 ? new RoundRejection(ErrorCodes.WrongPhase, "") : null).Fault);
        Assert.Equal(("tile/entries/001", 257ul, ErrorCodes.WrongPhase), (fault.Place, fault.EntryIndex, fault.Rejection.Code));
    }

    [Fact]
    public void Partial_files_that_a_grown_log_has_deleted_are_read_from_the_full_ones()
    {
        MemoryLog log = MemoryLog.OfSize(300);
        byte[] earlier = log.Files["checkpoint"];
        for (int i = 300; i < 512; i++)
            log.Append(MemoryLog.Entry(i));
        log.Publish();
        Assert.True(log.Files.Remove("tile/0/001.p/44") && log.Files.Remove("tile/entries/001.p/44"));
        log.Files["checkpoint"] = earlier;
        Assert.True(new LogVerifier(log, log.Policy).Verify().IsValid);
        log.Files["tile/0/001"][40] ^= 1;
        Assert.False(new LogVerifier(log, log.Policy).Verify().IsValid);
    }
}
