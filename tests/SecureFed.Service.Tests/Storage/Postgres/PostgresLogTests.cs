using System.Reflection;
using Microsoft.Extensions.Logging.Abstractions;
using SecureFed.Cryptography.Keys;
using SecureFed.Cryptography.Randomness;
using SecureFed.Protocol.Transparency.Log;
using SecureFed.Server.Storage;
using SecureFed.Server.Tasks;

namespace SecureFed.Service.Tests.Storage;

/// <summary>One log that two servers publish: a reader that names the size it holds is never answered with less, because it would take that for a rollback.</summary>
[Collection(PostgresCollection.Name)]
public sealed class PostgresLogTests(PostgresCluster cluster)
{
    [Fact]
    public async Task A_replica_that_is_behind_answers_not_yet_and_puts_no_smaller_checkpoint_over_a_larger_one()
    {
        PostgresAddress address = await cluster.CreateDatabaseAsync();
        using SigningKey key = SigningKey.Generate(OperatingSystemRandomSource.Instance);
        await using PostgresReplica first = await PostgresReplica.JoinAsync(address);
        using TaskLog ahead = await OpenAsync(first, key);
        await AppendAsync(ahead, 0, 5);
        await ahead.PublishAsync();
        byte[] smaller = ahead.Read(TaskLog.CheckpointPath)!;
        await using PostgresReplica second = await PostgresReplica.JoinAsync(address);
        using TaskLog behind = await OpenAsync(second, key);
        await AppendAsync(ahead, 5, 10);
        await ahead.PublishAsync();

        // What the one replica has shown, the other cannot prove yet: no answer, and the checkpoint is the common one.
        Assert.Equal((10ul, 5ul), (ahead.PublishedSize, behind.PublishedSize));
        Assert.NotNull(behind.ProofOf(0, 5));
        Assert.Null(behind.ProofOf(0, 10));
        Assert.Equal(10ul, SizeOf(behind));
        await second.Store.WriteFilesAsync([(TaskLog.CheckpointPath, smaller)]);
        Assert.Equal((10ul, 10ul), (SizeOf(behind), SizeOf(ahead)));

        Assert.True(behind.Refresh());
        LogProof proof = behind.ProofOf(0, 10)!;
        Assert.Equal(10ul, proof.Since);
        Assert.True(Checkpoint.TryParse(NoteOf(proof.Checkpoint.Span).Text.Span, out Checkpoint? tree));
        Assert.Equal(10ul, tree!.Size);
        Assert.False(await behind.PublishAsync());
        Assert.Equal((10ul, 10ul), (behind.PublishedSize, SizeOf(behind)));
    }

    /// <summary>Nobody announces a checkpoint: whoever waits for one at the replica that came second would wait until the phase is over.</summary>
    [Fact]
    public async Task A_leader_whose_checkpoint_comes_after_a_larger_guard_publishes_once_the_other_has()
    {
        PostgresAddress address = await cluster.CreateDatabaseAsync();
        using SigningKey key = SigningKey.Generate(OperatingSystemRandomSource.Instance);
        await using PostgresReplica first = await PostgresReplica.JoinAsync(address);
        await using PostgresReplica second = await PostgresReplica.JoinAsync(address);
        using TaskLog leading = await OpenAsync(first, key);
        await using IAsyncDisposable? leadership = await first.Store.TryLeadAsync();
        await AppendAsync(leading, 0, 5);
        await second.Store.WaitForEntriesAsync(4, TimeSpan.FromSeconds(30));
        using TaskLog following = await OpenAsync(second, key);
        TaskCompletionSource covered = new(TaskCreationOptions.RunContinuationsAsynchronously);
        WriteHealth health = new(Stored.TaskId, "the checkpoint", TimeProvider.System, NullLogger.Instance);
        using CheckpointPublisher publisher = new(leading, first.Store, health, TimeProvider.System, () =>
        {
            if (leading.PublishedSize == 10)
                covered.TrySetResult();
        });

        TileSet tree = new();
        for (int i = 0; i < 10; i++)
            tree.Append(Stored.Entry(i).Bytes.Span);
        await second.Store.WriteGuardAsync(new LogGuard(tree.Size, tree.Root));
        await publisher.AnnounceAsync();
        Assert.Equal((0ul, false), (leading.PublishedSize, health.IsFailing));
        await AppendAsync(following, 5, 10);
        Assert.True(await following.PublishAsync());

        await covered.Task.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        Assert.NotNull(leading.ProofOf(9, 0));
    }

    /// <summary>Between two readings another replica may publish: the size of the one with the note of the other would prove nothing.</summary>
    [Fact]
    public async Task A_checkpoint_is_taken_over_with_the_note_from_which_its_size_was_read()
    {
        PostgresAddress address = await cluster.CreateDatabaseAsync();
        using SigningKey key = SigningKey.Generate(OperatingSystemRandomSource.Instance);
        await using PostgresReplica first = await PostgresReplica.JoinAsync(address);
        using TaskLog ahead = await OpenAsync(first, key);
        await AppendAsync(ahead, 0, 5);
        await ahead.PublishAsync();
        await using PostgresReplica second = await PostgresReplica.JoinAsync(address);
        ITaskStore store = DispatchProxy.Create<ITaskStore, PublishingAfterReading>();
        PublishingAfterReading readings = (PublishingAfterReading)store;
        (readings.Inner, readings.Publish) = (second.Store, () => { });
        using TaskLog behind = TaskLog.Open(Stored.TaskId, store, key, LogWitnesses.None);
        for (int size = 6; size < 20; size++)
        {
            int next = size;
            readings.Publish = () =>
            {
                AppendAsync(ahead, next - 1, next).GetAwaiter().GetResult();
                ahead.PublishAsync().GetAwaiter().GetResult();
            };
            behind.Refresh();
            readings.Publish = () => { };
            LogProof proof = behind.ProofOf(0, 0)!;
            Assert.True(Checkpoint.TryParse(NoteOf(proof.Checkpoint.Span).Text.Span, out Checkpoint? tree));
            Assert.Equal(behind.PublishedSize, tree!.Size);
        }

        Assert.Equal(18ul, behind.PublishedSize);
    }

    /// <summary>A store in which another replica publishes as soon as the checkpoint was read.</summary>
    public class PublishingAfterReading : DispatchProxy
    {
        internal ITaskStore Inner { get; set; } = null!;

        internal Action Publish { get; set; } = null!;

        protected override object? Invoke(MethodInfo? targetMethod, object?[]? args)
        {
            object? answer = targetMethod!.Invoke(Inner, args);
            if (string.Equals(targetMethod.Name, nameof(ITaskStore.ReadFile), StringComparison.Ordinal) && string.Equals((string?)args![0], TaskLog.CheckpointPath, StringComparison.Ordinal))
                Publish();
            return answer;
        }
    }

    private static async Task<TaskLog> OpenAsync(PostgresReplica replica, SigningKey key)
    {
        TaskLog log = TaskLog.Open(Stored.TaskId, replica.Store, key, LogWitnesses.None);
        await log.BeginAsync(NullLogger.Instance);
        return log;
    }

    private static async Task AppendAsync(TaskLog log, int from, int to)
    {
        for (int i = from; i < to; i++)
            Assert.True(await log.AppendAsync((ulong)i, Stored.Entry(i).Bytes, [Stored.Permanent(i)]));
    }

    private static ulong SizeOf(TaskLog log)
    {
        Assert.True(Checkpoint.TryParse(NoteOf(log.Read(TaskLog.CheckpointPath)).Text.Span, out Checkpoint? tree));
        return tree!.Size;
    }

    private static SignedNote NoteOf(ReadOnlySpan<byte> note)
    {
        Assert.True(SignedNote.TryParse(note, out SignedNote? signed));
        return signed!;
    }
}
