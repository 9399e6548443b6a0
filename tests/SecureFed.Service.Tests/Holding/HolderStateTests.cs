using System.Security.Cryptography;
using System.Text;
using SecureFed.Client.Holding;
using SecureFed.Cryptography.Randomness;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Wire;
using SecureFed.Service.Tests.Consortium;

namespace SecureFed.Service.Tests.Holding;

/// <summary>A key holder's state on disk: hidden, whole, and the newest.</summary>
public sealed class HolderStateTests : IDisposable
{
    private static readonly byte[] Key = [.. Enumerable.Range(1, 32).Select(i => (byte)i)];
    private readonly TemporaryDirectory directory = new();
    private readonly Identifier task = Identifier.Random(OperatingSystemRandomSource.Instance);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private string StateFile => directory.File($"{task}.holder");

    private string CounterFile => directory.File($"{task}.counter");

    public void Dispose() => directory.Dispose();

    [Fact]
    public async Task What_was_saved_last_is_loaded()
    {
        using FileHolderStateStore store = Open();
        Assert.Null(await store.LoadAsync(task, Cancellation));
        foreach (int length in new[] { 0, 1, 5000, 3 })
        {
            SavedHolder saved = Saved(length);
            await store.SaveAsync(task, saved, Cancellation);
            using FileHolderStateStore restarted = Open();
            SavedHolder loaded = (await restarted.LoadAsync(task, Cancellation))!;
            Assert.Equal(saved.State.ToArray(), loaded.State.ToArray());
            Assert.Equal((saved.TaskDigest, saved.RosterSequence, saved.RosterDigest), (loaded.TaskDigest, loaded.RosterSequence, loaded.RosterDigest));
        }

        if (OperatingSystem.IsWindows())
            return;
        foreach (string file in (string[])[StateFile, CounterFile])
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
    }

    /// <summary>By the platform's primitives alone, from the form that the doc comments state.</summary>
    [Fact]
    public async Task The_file_is_AES_256_GCM_under_HKDF_of_the_state_key_and_a_fresh_salt()
    {
        using FileHolderStateStore store = Open();
        SavedHolder saved = Saved(100);
        HashSet<string> salts = [];
        for (ulong counter = 1; counter <= 3; counter++)
        {
            await store.SaveAsync(task, saved, Cancellation);
            byte[] file = await File.ReadAllBytesAsync(StateFile, Cancellation);
            byte[] header = file[..41];
            Assert.Equal((1, counter), (header[0], System.Buffers.Binary.BinaryPrimitives.ReadUInt64BigEndian(header.AsSpan(1))));
            Assert.True(salts.Add(Convert.ToHexString(header[9..])));
            byte[] key = HKDF.DeriveKey(HashAlgorithmName.SHA256, Key, 32, header[9..], Encoding.ASCII.GetBytes("securefed/v1 key holder state"));
            byte[] content = new byte[file.Length - 41 - 16];
            using AesGcm gcm = new(key, 16);
            gcm.Decrypt(new byte[12], file.AsSpan(41, content.Length), file.AsSpan(^16), content, [.. "state\0"u8, .. task.ToArray(), .. header]);
            Assert.Equal(saved.State.ToArray(), content[^100..]);
        }
    }

    [Fact]
    public async Task Nothing_of_the_state_stands_in_the_files()
    {
        using FileHolderStateStore store = Open();
        SavedHolder saved = Saved(2000);
        await store.SaveAsync(task, saved, Cancellation);
        byte[] state = saved.State.ToArray();
        foreach (byte[] file in new[] { await File.ReadAllBytesAsync(StateFile, Cancellation), await File.ReadAllBytesAsync(CounterFile, Cancellation) })
        {
            for (int i = 0; i + 8 <= state.Length; i++)
                Assert.Equal(-1, file.AsSpan().IndexOf(state.AsSpan(i, 8)));
            Assert.Equal(-1, file.AsSpan().IndexOf(Key.AsSpan(0, 8)));
        }
    }

    [Fact]
    public async Task Every_changed_byte_of_either_file_is_noticed()
    {
        using FileHolderStateStore store = Open();
        await store.SaveAsync(task, Saved(20), Cancellation);
        foreach (string file in new[] { StateFile, CounterFile })
        {
            byte[] good = await File.ReadAllBytesAsync(file, Cancellation);
            for (int i = 0; i < good.Length; i++)
            {
                byte[] bad = [.. good];
                bad[i] ^= 1;
                await LostAsync(file, bad);
            }

            await LostAsync(file, good[..^1]);
            await LostAsync(file, [.. good, 0]);
            await LostAsync(file, []);
            await File.WriteAllBytesAsync(file, good, Cancellation);
        }

        Assert.NotNull(await store.LoadAsync(task, Cancellation));
    }

    [Fact]
    public async Task Another_key_another_task_and_the_other_file_do_not_open()
    {
        using FileHolderStateStore store = Open();
        await store.SaveAsync(task, Saved(20), Cancellation);
        using FileHolderStateStore stranger = new(directory.Path, new byte[32]);
        Assert.Equal(ErrorCodes.StateLost, (await Assert.ThrowsAsync<SecureFedException>(() => stranger.LoadAsync(task, Cancellation))).Code);
        Identifier other = Identifier.Random(OperatingSystemRandomSource.Instance);
        File.Copy(StateFile, directory.File($"{other}.holder"));
        File.Copy(CounterFile, directory.File($"{other}.counter"));
        Assert.Equal(ErrorCodes.StateLost, (await Assert.ThrowsAsync<SecureFedException>(() => store.LoadAsync(other, Cancellation))).Code);
        await LostAsync(CounterFile, await File.ReadAllBytesAsync(StateFile, Cancellation));
    }

    [Fact]
    public async Task A_state_that_was_replaced_by_an_older_one_or_removed_is_lost()
    {
        using FileHolderStateStore store = Open();
        await store.SaveAsync(task, Saved(20), Cancellation);
        byte[] first = await File.ReadAllBytesAsync(StateFile, Cancellation);
        await store.SaveAsync(task, Saved(30), Cancellation);
        byte[] second = await File.ReadAllBytesAsync(StateFile, Cancellation);
        await LostAsync(StateFile, first);
        await File.WriteAllBytesAsync(StateFile, second, Cancellation);
        Assert.NotNull(await store.LoadAsync(task, Cancellation));
        File.Delete(StateFile);
        Assert.Equal(ErrorCodes.StateLost, (await Assert.ThrowsAsync<SecureFedException>(() => store.LoadAsync(task, Cancellation))).Code);
    }

    [Fact]
    public async Task A_process_that_ended_between_the_two_files_has_lost_nothing()
    {
        using FileHolderStateStore store = Open();
        await store.SaveAsync(task, Saved(20), Cancellation);
        byte[] counter = await File.ReadAllBytesAsync(CounterFile, Cancellation);
        await store.SaveAsync(task, Saved(30), Cancellation);
        await File.WriteAllBytesAsync(CounterFile, counter, Cancellation);
        Assert.Equal(30, (await store.LoadAsync(task, Cancellation))!.State.Length);
        await store.SaveAsync(task, Saved(40), Cancellation);
        Assert.Equal(40, (await store.LoadAsync(task, Cancellation))!.State.Length);
        await File.WriteAllBytesAsync(CounterFile, counter, Cancellation);
        Assert.Equal(ErrorCodes.StateLost, (await Assert.ThrowsAsync<SecureFedException>(() => store.LoadAsync(task, Cancellation))).Code);
    }

    [Fact]
    public void A_state_key_is_made_once_for_its_owner_and_has_32_bytes()
    {
        string path = directory.File("holder.state-key");
        StateKeyFile.Create(path, OperatingSystemRandomSource.Instance);
        byte[] key = StateKeyFile.Load(path);
        Assert.Equal(32, key.Length);
        Assert.Equal(File.ReadAllBytes(path), key);
        Assert.NotEqual(new byte[32], key);
        if (!OperatingSystem.IsWindows())
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
        Assert.ThrowsAny<IOException>(() => StateKeyFile.Create(path, OperatingSystemRandomSource.Instance));
        File.WriteAllBytes(path, new byte[31]);
        Assert.Equal(ErrorCodes.InvalidConfiguration, Assert.Throws<SecureFedException>(() => StateKeyFile.Load(path)).Code);
        Assert.Equal(ErrorCodes.InvalidConfiguration, Assert.Throws<SecureFedException>(() => StateKeyFile.Load(directory.File("absent"))).Code);
    }

    private static SavedHolder Saved(int length)
    {
        byte[] state = new byte[length];
        OperatingSystemRandomSource.Instance.Fill(state);
        return new SavedHolder(state, Digest.Of(state), (ulong)length, Digest.Of("roster"u8));
    }

    private FileHolderStateStore Open() => new(directory.Path, Key);

    private async Task LostAsync(string file, byte[] bytes)
    {
        await File.WriteAllBytesAsync(file, bytes, Cancellation);
        using FileHolderStateStore store = Open();
        SecureFedException lost = await Assert.ThrowsAsync<SecureFedException>(() => store.LoadAsync(task, Cancellation));
        Assert.Equal((ErrorCodes.StateLost, false), (lost.Code, lost.IsTransient));
    }
}
