extern alias server;
using Microsoft.Extensions.Logging;
using SecureFed.Cryptography.Randomness;
using SecureFed.Protocol.Wire;
using SecureFed.Server.Storage;
using SecureFed.Service.Tests.Consortium;

namespace SecureFed.Service.Tests.Storage;

/// <summary>Files that changed while the server was down: a torn tail is cut off and said, anything else is refused and left alone.</summary>
public sealed class DamageTests : IAsyncLifetime
{
    private const int Entries = 12;
    private const int Flips = 1000;
    private readonly TemporaryDirectory directory = new();
    private readonly List<long> ends = []; // ends[i]: length of the journal with i entries.
    private byte[] journal = [];

    private string Data => directory.File("data");

    private string TaskDirectory => Path.Combine(Data, "tasks", Stored.TaskId.ToString());

    private string JournalPath => Path.Combine(TaskDirectory, "journal");

    public async ValueTask InitializeAsync()
    {
        await using EmbeddedStorage storage = StorageSession.Open(Data, HookedCalls.WithoutFlush);
        await using ITaskStore store = await storage.CreateAsync(Stored.TaskId);
        for (int i = 0; i < Entries; i++)
        {
            ends.Add(new FileInfo(JournalPath).Length);
            await store.AppendAsync((ulong)i, Stored.Entry(i), [Stored.Permanent(i), Stored.Words(i)]);
        }

        ends.Add(new FileInfo(JournalPath).Length);
        await store.WriteGuardAsync(new LogGuard(Entries, Digest.Of("root"u8)));
        journal = await File.ReadAllBytesAsync(JournalPath);
    }

    public ValueTask DisposeAsync()
    {
        directory.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task Every_flipped_bit_of_the_journal_is_found()
    {
        Random random = new(5);
        int torn = 0;
        for (int flip = 0; flip < Flips; flip++)
        {
            byte[] damaged = [.. journal];
            int place = random.Next(damaged.Length);
            damaged[place] ^= (byte)(1 << random.Next(8));
            int entry = ends.FindLastIndex(end => end <= place);
            if (entry < Entries - 1)
            {
                StorageException refused = await RefusedAsync(damaged);
                if (entry >= 0)
                    Assert.Contains($"entry {entry} (or one flushed together with it), at offset {ends[entry]},", refused.Message, StringComparison.Ordinal);
            }
            else
            {
                // The last frame looks torn; the guard tells that it had been acknowledged.
                torn++;
                (ulong count, LogGuard? guard, _) = await OpenAsync(damaged);
                Assert.Equal((ulong)Entries - 1, count);
                Assert.True(count < guard!.Value.Size);
            }
        }

        Assert.InRange(torn, 1, Flips / 2);
    }

    [Fact]
    public async Task A_torn_tail_is_cut_off_at_the_last_valid_entry_and_said()
    {
        for (int length = (int)ends[9]; length < journal.Length; length += 37)
        {
            int whole = ends.FindLastIndex(end => end <= length);
            (ulong count, _, List<string> log) = await OpenAsync(journal[..length]);
            Assert.Equal((ulong)whole, count);
            Assert.Equal(ends[whole], new FileInfo(JournalPath).Length);
            Assert.Equal(length == ends[whole] ? [] : [$"Task {Stored.TaskId}: the last {length - ends[whole]} bytes of the journal, from offset {ends[whole]}, were torn by an interrupted write and have been cut off; {whole} entries remain"], log);
        }
    }

    [Fact]
    public async Task A_tail_of_zeros_or_of_anything_else_is_cut_off()
    {
        byte[] noise = new byte[3 << 20];
        new Random(6).NextBytes(noise);
        journal[..20].CopyTo(noise, 100); // The title is no frame.
        foreach (byte[] tail in new[] { new byte[5000], noise, journal[(int)ends[3]..(int)ends[5]] })
        {
            // Frames of another place are valid nowhere else.
            Assert.Equal((ulong)Entries, (await OpenAsync([.. journal, .. tail])).Count);
            Assert.Equal(journal, await File.ReadAllBytesAsync(JournalPath));
        }
    }

    [Fact]
    public async Task Frames_that_were_removed_exchanged_or_taken_from_before_are_refused()
    {
        byte[] Frame(int entry) => journal[(int)ends[entry]..(int)ends[entry + 1]];
        byte[] first = journal[..(int)ends[3]];
        await RefusedAsync([.. first, .. new byte[Frame(3).Length], .. journal[(int)ends[4]..]]);
        Assert.Equal(3ul, (await OpenAsync([.. first, .. Frame(4), .. Frame(3)])).Count); // Nothing valid follows: the guard tells.
        await RefusedAsync([.. first, .. Frame(4), .. Frame(3), .. journal[(int)ends[5]..]]);
    }

    [Fact]
    public async Task A_journal_of_another_task_is_refused()
    {
        await using (EmbeddedStorage storage = StorageSession.Open(Data, HookedCalls.WithoutFlush))
            await (await storage.CreateAsync(Stored.Round(4))).DisposeAsync();
        await RefusedAsync(await File.ReadAllBytesAsync(Path.Combine(Data, "tasks", Stored.Round(4).ToString(), "journal")));
    }

    [Fact]
    public async Task A_missing_or_short_file_of_words_is_refused_with_its_first_entry()
    {
        string words = Path.Combine(TaskDirectory, $"words-{Stored.Round(0)}");
        byte[] bytes = await File.ReadAllBytesAsync(words);
        await File.WriteAllBytesAsync(words, bytes[..(2 * 1024)]);
        Assert.Contains("entry 4 names", (await RefusedAsync(journal)).Message, StringComparison.Ordinal);
        File.Delete(words);
        Assert.Contains("entry 0 names", (await RefusedAsync(journal)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_changed_blob_is_not_handed_out()
    {
        string words = Path.Combine(TaskDirectory, $"words-{Stored.Round(0)}");
        byte[] bytes = await File.ReadAllBytesAsync(words);
        bytes[5] ^= 1;
        await File.WriteAllBytesAsync(words, bytes);
        await using EmbeddedStorage storage = StorageSession.Open(Data, HookedCalls.WithoutFlush);
        await using ITaskStore store = await storage.OpenAsync(Stored.TaskId);
        Assert.Throws<StorageException>(() => store.TryGet(Stored.DigestOf(Stored.Words(0)), out _));
        Assert.True(store.TryGet(Stored.DigestOf(Stored.Words(2)), out _));
    }

    [Fact]
    public async Task A_changed_guard_is_refused()
    {
        string guard = Path.Combine(Data, "guard", Stored.TaskId.ToString());
        await File.WriteAllTextAsync(guard, (await File.ReadAllTextAsync(guard)).Replace("\n12\n", "\n11\n", StringComparison.Ordinal));
        Assert.Contains("guard", (await RefusedAsync(journal)).Message, StringComparison.Ordinal);
    }

    private async Task<StorageException> RefusedAsync(byte[] damaged)
    {
        StorageException refused = await Assert.ThrowsAsync<StorageException>(() => OpenAsync(damaged));
        Assert.Contains("Nothing was changed", refused.Message, StringComparison.Ordinal);
        Assert.False(refused.IsTransient);
        Assert.Equal(damaged, await File.ReadAllBytesAsync(JournalPath));
        return refused;
    }

    private async Task<(ulong Count, LogGuard? Guard, List<string> Log)> OpenAsync(byte[] damaged)
    {
        await File.WriteAllBytesAsync(JournalPath, damaged);
        Lines log = new();
        await using EmbeddedStorage storage = EmbeddedStorage.Open(Data, OperatingSystemRandomSource.Instance, log, calls: HookedCalls.WithoutFlush);
        await using ITaskStore store = await storage.OpenAsync(Stored.TaskId);
        Assert.Equal(damaged, await File.ReadAllBytesAsync(JournalPath)); // The caller may still refuse it.
        await Assert.ThrowsAsync<InvalidOperationException>(() => store.AppendAsync(store.EntryCount, Stored.Entry(0), []));
        await store.BeginWritingAsync();
        for (int i = 0; i < (int)store.EntryCount; i++)
            Stored.AssertHolds(store, i);
        return (store.EntryCount, store.ReadGuard(), log.All);
    }

    private sealed class Lines : ILogger
    {
        public List<string> All { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) => All.Add(formatter(state, exception));
    }
}
