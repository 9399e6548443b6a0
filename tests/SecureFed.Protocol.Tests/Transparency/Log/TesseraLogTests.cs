using System.Text;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Transparency.Log;

namespace SecureFed.Protocol.Tests.Transparency.Log;

/// <summary>A log that transparency-dev/tessera wrote: 15 entries, at each of its sizes.</summary>
public sealed class TesseraLogTests
{
    private const string Key = "example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx";
    private const int Size = 15;

    private static readonly int[] Sizes = [.. Enumerable.Range(0, Size + 1)];

    private static TlogPolicy Policy => NoteVerifier.TryParse(Key, out NoteVerifier? log) ? TlogPolicy.Of(log!) : throw new InvalidOperationException("The key is malformed.");

    [Fact]
    public void Verifier_key_is_read_and_written_back()
    {
        Assert.True(NoteVerifier.TryParse(Key, out NoteVerifier? verifier));
        Assert.Equal(("example.com/log/testdata", 0x33d7b496u, NoteKeyType.Ed25519), (verifier!.Name, verifier.KeyId, verifier.Type));
        Assert.Equal(Key, verifier.ToString());
    }

    [Fact]
    public void Whole_log_verifies_at_every_size()
    {
        List<string> seen = [];
        foreach (int size in Sizes)
        {
            seen.Clear();
            LogVerification verification = new LogVerifier(new Folder(size), Policy).Verify((index, entry) =>
            {
                Assert.Equal((ulong)seen.Count, index);
                seen.Add(Encoding.UTF8.GetString(entry.Span));
                return null;
            });
            Assert.Null(verification.Fault);
            Assert.Equal((ulong)size, verification.Checkpoint!.Checkpoint.Size);
            Assert.Equal(size, seen.Count);
        }

        Assert.Equal(["one", "two", "three"], seen[..3]);
    }

    [Fact]
    public void Every_checkpoint_continues_every_earlier_one_by_our_proofs()
    {
        foreach (int to in Sizes)
        {
            Folder log = new(to);
            foreach (int from in Sizes.Where(s => s <= to))
            {
                Assert.Null(Policy.Open(new Folder(from).Read("checkpoint"), out SignedCheckpoint? earlier));
                Assert.Null(new LogVerifier(log, Policy).Verify(earlier: earlier).Fault);
            }
        }
    }

    [Fact]
    public void Our_tiles_and_bundles_of_the_same_entries_are_the_same_bytes()
    {
        Folder whole = new(Size);
        List<byte[]> entries = [];
        Assert.True(new LogVerifier(whole, Policy).Verify((_, entry) =>
        {
            entries.Add(entry.ToArray());
            return null;
        }).IsValid);
        TileSet tiles = new();
        int compared = 0;
        foreach (byte[] entry in entries)
        {
            tiles.Append(entry);
            foreach (LogFile file in tiles.TakeFiles())
            {
                Assert.Equal(whole.Read(file.Path.ToString()), file.Bytes.ToArray());
                compared++;
            }

            Assert.True(SignedNote.TryParse(new Folder(entries.IndexOf(entry) + 1).Read("checkpoint"), out SignedNote? note));
            Assert.Equal(note!.Text.ToArray(), new Checkpoint("example.com/log/testdata", tiles.Size, tiles.Root).Encode());
        }

        Assert.Equal(2 * Size, compared);
    }

    [Fact]
    public void A_checkpoint_of_another_size_under_the_same_files_is_refused()
    {
        Folder log = new(Size) { CheckpointSize = 14 };
        Assert.Null(new LogVerifier(log, Policy).Verify().Fault);
        Assert.Null(Policy.Open(new Folder(15).Read("checkpoint"), out SignedCheckpoint? later));
        LogFault fault = Assert.IsType<LogFault>(new LogVerifier(log, Policy).Verify(earlier: later).Fault);
        Assert.Equal(("checkpoint", ErrorCodes.HistoryRewritten), (fault.Place, fault.Rejection.Code));
    }

    private sealed class Folder(int size) : ILogSource
    {
        private readonly string folder = Path.Combine(SharedVectors.Folder("tessera-log"), "log");

        public int CheckpointSize { get; init; } = size;

        public byte[]? Read(string path)
        {
            string file = Path.Combine(folder, string.Equals(path, "checkpoint", StringComparison.Ordinal) ? FormattableString.Invariant($"checkpoint.{CheckpointSize}") : path);
            return File.Exists(file) ? File.ReadAllBytes(file) : null;
        }
    }
}
