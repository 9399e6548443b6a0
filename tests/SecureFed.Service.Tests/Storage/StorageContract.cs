using SecureFed.Protocol.Wire;
using SecureFed.Server.Storage;

namespace SecureFed.Service.Tests.Storage;

/// <summary>What every storage must do. A derived class says how one is opened; opening again must show what was acknowledged.</summary>
public abstract class StorageContract : IAsyncLifetime
{
    private IStorage storage = null!;
    private ITaskStore store = null!;

    public async ValueTask InitializeAsync()
    {
        storage = (IStorage)Open();
        store = await storage.CreateAsync(Stored.TaskId);
    }

    public async ValueTask DisposeAsync()
    {
        await store.DisposeAsync();
        await storage.DisposeAsync();
        Clean();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task An_entry_and_its_blobs_are_read_back()
    {
        Assert.True(await store.AppendAsync(0, Stored.Entry(0), [Stored.Permanent(0), Stored.Words(0)]));
        Assert.Equal(1ul, store.EntryCount);
        AssertHolds(0);
        Assert.Throws<ArgumentOutOfRangeException>(() => store.ReadEntry(1));
        Assert.False(store.TryGet(Digest.Of("other"u8), out _));
        Assert.Throws<KeyNotFoundException>(() => store.Get(Digest.Of("other"u8)));
    }

    [Fact]
    public async Task Only_the_next_index_is_taken()
    {
        await Append(0, 2);
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => store.AppendAsync(1, Stored.Entry(1), []));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => store.AppendAsync(3, Stored.Entry(3), []));
        await Append(2, 3);
        AssertHolds(0, 1, 2);
    }

    [Fact]
    public async Task Concurrent_appends_are_stored_in_the_order_of_their_calls()
    {
        Task<bool>[] appends = [.. Enumerable.Range(0, 64).Select(i => store.AppendAsync((ulong)i, Stored.Entry(i), [Stored.Permanent(i), Stored.Words(i)]))];
        Assert.All(await Task.WhenAll(appends), Assert.True);
        await ReopenAsync();
        Assert.Equal(64ul, store.EntryCount);
        AssertHolds([.. Enumerable.Range(0, 64)]);
    }

    [Fact]
    public async Task Opening_again_shows_the_same_and_goes_on()
    {
        await Append(0, 3);
        await store.WriteFilesAsync([("tile/0/000.p/3", "tile"u8.ToArray()), ("checkpoint", "signed"u8.ToArray())]);
        await store.WriteGuardAsync(new LogGuard(3, Digest.Of("root"u8)));
        await ReopenAsync();
        Assert.Equal(3ul, store.EntryCount);
        AssertHolds(0, 1, 2);
        Assert.Equal("tile"u8.ToArray(), store.ReadFile("tile/0/000.p/3"));
        Assert.Equal("signed"u8.ToArray(), store.ReadFile("checkpoint"));
        Assert.Equal(new LogGuard(3, Digest.Of("root"u8)), store.ReadGuard());
        await Append(3, 5);
        await ReopenAsync();
        AssertHolds(0, 1, 2, 3, 4);
    }

    [Fact]
    public async Task Retention_deletes_the_words_of_one_round_and_nothing_else()
    {
        await Append(0, 4); // Rounds alternate.
        await store.DeleteBlobsAsync(Stored.Round(0));
        await store.DeleteBlobsAsync(Stored.Round(0));
        await Check();
        await ReopenAsync();
        await Check();

        async Task Check()
        {
            Assert.False(store.TryGet(Stored.DigestOf(Stored.Words(0)), out _));
            Assert.False(store.TryGet(Stored.DigestOf(Stored.Words(2)), out _));
            AssertHolds(1, 3);
            Assert.Equal(Stored.Permanent(0).Bytes.ToArray(), store.Get(Stored.DigestOf(Stored.Permanent(0))).ToArray());
            Assert.Equal(Stored.Entry(0).Bytes.ToArray(), store.ReadEntry(0).Bytes.ToArray());
            await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => store.AppendAsync(4, Stored.Entry(4), [Stored.Words(4)]));
        }
    }

    [Fact]
    public async Task A_blob_that_two_rounds_hold_stays_until_both_are_deleted()
    {
        StoredBlob blob = Stored.Words(0);
        await store.AppendAsync(0, Stored.Entry(0), [blob, blob]);
        await store.AppendAsync(1, Stored.Entry(1), [blob with { PrunableRound = Stored.Round(1) }]);
        await store.DeleteBlobsAsync(Stored.Round(1));
        Assert.True(store.TryGet(Stored.DigestOf(blob), out _));
        await store.AppendAsync(2, Stored.Entry(2), [blob with { PrunableRound = Stored.Round(3, 7) }]);
        await store.DeleteBlobsAsync(Stored.Round(0));
        Assert.True(store.TryGet(Stored.DigestOf(blob), out _));
        await store.DeleteBlobsAsync(Stored.Round(3, 7));
        Assert.False(store.TryGet(Stored.DigestOf(blob), out _));
    }

    [Fact]
    public async Task A_blob_becomes_permanent_when_one_entry_needs_it_for_ever()
    {
        StoredBlob blob = Stored.Words(0);
        await store.AppendAsync(0, Stored.Entry(0), [blob]);
        await store.AppendAsync(1, Stored.Entry(1), [blob with { PrunableRound = null }]);
        await store.DeleteBlobsAsync(Stored.Round(0));
        await ReopenAsync();
        Assert.Equal(blob.Bytes.ToArray(), store.Get(Stored.DigestOf(blob)).ToArray());
    }

    [Fact]
    public async Task A_published_file_is_replaced_as_a_whole()
    {
        Assert.Null(store.ReadFile("checkpoint"));
        await store.WriteFilesAsync([("checkpoint", "a longer first content"u8.ToArray())]);
        await store.WriteFilesAsync([("checkpoint", "second"u8.ToArray())]);
        Assert.Equal("second"u8.ToArray(), store.ReadFile("checkpoint"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("/etc/passwd")]
    [InlineData("../journal")]
    [InlineData("tile//0")]
    [InlineData("tile/./0")]
    [InlineData("checkpoint.new")]
    [InlineData("a\\b")]
    public async Task A_path_that_leads_elsewhere_is_refused(string path)
    {
        Assert.Throws<ArgumentException>(() => store.ReadFile(path));
        await Assert.ThrowsAsync<ArgumentException>(() => store.WriteFilesAsync([(path, default)]));
    }

    [Fact]
    public async Task The_guard_follows_no_larger_and_no_other_tree()
    {
        Assert.Null(store.ReadGuard());
        LogGuard five = new(5, Digest.Of("five"u8));
        await store.WriteGuardAsync(five);
        await store.WriteGuardAsync(five);
        await Assert.ThrowsAsync<InvalidOperationException>(() => store.WriteGuardAsync(new LogGuard(4, five.Root)));
        await Assert.ThrowsAsync<InvalidOperationException>(() => store.WriteGuardAsync(new LogGuard(5, Digest.Of("fork"u8))));
        await store.WriteGuardAsync(new LogGuard(6, Digest.Of("six"u8)));
        Assert.Equal(6ul, store.ReadGuard()!.Value.Size);
    }

    [Fact]
    public async Task Tasks_are_listed_and_created_once()
    {
        await Append(0, 1);
        Identifier second = Stored.Round(9);
        await using (await storage.CreateAsync(second))
            Assert.Equal(new[] { Stored.TaskId, second }.Order(), await storage.ListAsync());
        await store.DisposeAsync();
        await Assert.ThrowsAsync<InvalidOperationException>(() => storage.CreateAsync(Stored.TaskId));
        await using (await storage.CreateAsync(second)) // It had no entry yet.
            await Assert.ThrowsAsync<InvalidOperationException>(() => storage.OpenAsync(Stored.Round(10)));
        store = await storage.OpenAsync(Stored.TaskId);
        AssertHolds(0);
    }

    [Fact]
    public async Task Whoever_waits_for_entries_is_woken_by_the_next_one_or_when_the_time_is_over()
    {
        await store.WaitForEntriesAsync(0, TimeSpan.FromMilliseconds(20));
        Task waiting = store.WaitForEntriesAsync(1, TimeSpan.FromMinutes(1));
        await Append(0, 1);
        Assert.False(waiting.IsCompleted);
        await Append(1, 2);
        await waiting.WaitAsync(TimeSpan.FromSeconds(20));
        await store.WaitForEntriesAsync(1, TimeSpan.FromMinutes(1)).WaitAsync(TimeSpan.FromSeconds(20));
        using CancellationTokenSource cancelled = new(10);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => store.WaitForEntriesAsync(2, TimeSpan.FromMinutes(1), cancelled.Token));
    }

    [Fact]
    public async Task A_nonce_is_used_once_also_after_opening_again_and_forgotten_when_it_has_expired()
    {
        DateTimeOffset now = DateTimeOffset.FromUnixTimeSeconds(1_800_000_000);
        (Identifier key, string nonce) = (Stored.Round(1), Stored.Round(7).ToString());
        bool[] atOnce = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => storage.TryUseNonceAsync(key, nonce, now.AddMinutes(10), now))));
        Assert.Single(atOnce, used => used);
        Assert.True(await storage.TryUseNonceAsync(Stored.Round(2), nonce, now.AddMinutes(10), now));
        Assert.True(await storage.TryUseNonceAsync(key, Stored.Round(8).ToString(), now.AddMinutes(1), now));
        await ReopenAsync();
        Assert.False(await storage.TryUseNonceAsync(key, nonce, now.AddMinutes(10), now.AddMinutes(9)));
        Assert.False(await storage.TryUseNonceAsync(Stored.Round(2), nonce, now.AddMinutes(10), now.AddMinutes(10)));
        Assert.True(await storage.TryUseNonceAsync(key, nonce, now.AddMinutes(30), now.AddMinutes(20)));
        Assert.False(await storage.TryUseNonceAsync(key, nonce, now.AddMinutes(30), now.AddMinutes(20)));
    }

    [Fact]
    public async Task A_probe_leaves_nothing_behind()
    {
        await Append(0, 2);
        await store.ProbeAsync();
        await store.ProbeAsync();
        await ReopenAsync();
        await store.ProbeAsync();
        Assert.Equal(2ul, store.EntryCount);
        AssertHolds(0, 1);
        await Append(2, 3);
    }

    [Fact]
    public async Task Who_is_alone_can_lead()
    {
        await using IAsyncDisposable? leadership = await store.TryLeadAsync();
        Assert.NotNull(leadership);
        Assert.True(store.IsLeader);
    }

    [Fact]
    public async Task The_roster_with_the_greatest_number_is_kept_and_no_other_takes_its_number()
    {
        byte[] first = [1, 2, 3];
        byte[] other = [3, 2, 1];
        Assert.Null(await storage.FindRosterAsync(0));
        Assert.True(await storage.KeepRosterAsync(3, first));
        Assert.True(await storage.KeepRosterAsync(3, first));
        Assert.False(await storage.KeepRosterAsync(3, other));
        Assert.False(await storage.KeepRosterAsync(2, other));
        await ReopenAsync();
        Assert.Equal(first, (await storage.FindRosterAsync(2))!.Value.ToArray());
        Assert.Null(await storage.FindRosterAsync(3));
        Assert.False(await storage.KeepRosterAsync(1, other));
        Assert.True(await storage.KeepRosterAsync(ulong.MaxValue, other));
        await ReopenAsync();
        Assert.Equal(other, (await storage.FindRosterAsync(0))!.Value.ToArray());
        Assert.Equal(other, (await storage.FindRosterAsync(ulong.MaxValue - 1))!.Value.ToArray());
    }

    private protected abstract object Open();

    /// <summary>The object that <see cref="Open"/> gives for the same place after the earlier one was disposed.</summary>
    private protected virtual object OpenAgain() => Open();

    private protected virtual void Clean()
    {
    }

    private async Task ReopenAsync()
    {
        await store.DisposeAsync();
        await storage.DisposeAsync();
        storage = (IStorage)OpenAgain();
        store = await storage.OpenForWritingAsync(Stored.TaskId);
    }

    private async Task Append(int from, int to)
    {
        for (int i = from; i < to; i++)
            Assert.True(await store.AppendAsync((ulong)i, Stored.Entry(i), [Stored.Permanent(i), Stored.Words(i)]));
    }

    private void AssertHolds(params int[] indices) => Assert.All(indices, i => Stored.AssertHolds(store, i));
}
