using System.Data;
using Npgsql;
using NpgsqlTypes;
using SecureFed.Protocol.Wire;

namespace SecureFed.Server.Storage;

/// <summary>One transaction with consecutive entries and their blobs: all, or nothing.</summary>
/// <remarks>
/// Safe to repeat when the outcome of a commit is unknown: entries that are there already are compared with index, writer, bytes and signature. A transaction of a
/// broken connection that is still under way makes the repetition wait, because both want the same index. The entries come first and the blobs only if the entries
/// were taken, so a replica that loses the race has written nothing and sent its blobs in vain.
/// </remarks>
internal sealed class PostgresAppend(Identifier taskId, byte[] writer)
{
    private const string ShareBlobs = "SELECT pg_advisory_xact_lock_shared($1)";

    private const string InsertEntries = """
        INSERT INTO securefed.entries (task, index, writer, bytes, signature)
        SELECT $1, $2 + e.place - 1, $3, e.bytes, e.signature FROM unnest($4, $5) WITH ORDINALITY AS e (bytes, signature, place)
        WHERE ($2 = 0 OR EXISTS (SELECT FROM securefed.entries WHERE task = $1 AND index = $2 - 1))
          AND NOT EXISTS (SELECT FROM securefed.deleted_rounds WHERE task = $1 AND round = ANY ($6))
        ON CONFLICT DO NOTHING
        """;

    private const string ReadEntries = """
        SELECT index, writer, bytes, signature FROM securefed.entries WHERE task = $1 AND index BETWEEN $2 AND $3 ORDER BY index
        """;

    private const string DeletedOf = "SELECT round FROM securefed.deleted_rounds WHERE task = $1 AND round = ANY ($2)";

    public async Task<AppendOutcome> CommitAsync(NpgsqlConnection connection, IReadOnlyList<PendingAppend> batch, CancellationToken cancellationToken)
    {
        await using (NpgsqlTransaction transaction = await connection.BeginTransactionAsync(IsolationLevel.ReadCommitted, cancellationToken))
        {
            NpgsqlBatchCommand entries = EntriesOf(batch);
            await using NpgsqlBatch commands = new(connection, transaction);
            commands.BatchCommands.Add(new NpgsqlBatchCommand(PostgresDatabase.Durably));
            commands.BatchCommands.Add(new NpgsqlBatchCommand(ShareBlobs) { Parameters = { new() { Value = PostgresLock.Blobs(taskId) } } });
            commands.BatchCommands.Add(entries);
            foreach (NpgsqlBatchCommand command in PostgresBlobs.Inserts(taskId, batch[^1].Index, writer, batch.SelectMany(a => a.Blobs)))
                commands.BatchCommands.Add(command);
            await commands.ExecuteNonQueryAsync(cancellationToken);
            if (entries.RecordsAffected == batch.Count)
            {
                await transaction.CommitAsync(cancellationToken);
                return new AppendOutcome(batch.Count, AppendObstacle.None, batch[^1].Index + 1);
            }

            await transaction.RollbackAsync(cancellationToken);
        }

        return await CompareAsync(connection, batch, cancellationToken);
    }

    /// <summary>Looks at what the database holds at the indices of the batch.</summary>
    private async Task<AppendOutcome> CompareAsync(NpgsqlConnection connection, IReadOnlyList<PendingAppend> batch, CancellationToken cancellationToken)
    {
        int durable = 0;
        bool isTaken = false;
        await using (NpgsqlCommand command = new(ReadEntries, connection) { Parameters = { Task(), Number(batch[0].Index), Number(batch[^1].Index) } })
        {
            await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
            while (!isTaken && durable < batch.Count && await reader.ReadAsync(cancellationToken))
            {
                isTaken = !IsOurs(reader, batch[durable]);
                durable += isTaken ? 0 : 1;
            }
        }

        ulong count = await PostgresEntries.CountAsync(connection, taskId, cancellationToken);
        if (isTaken)
            return new AppendOutcome(durable, AppendObstacle.IndexTaken, count);
        if (durable == batch.Count)
            return new AppendOutcome(durable, AppendObstacle.None, count);
        if (count < batch[durable].Index)
            return new AppendOutcome(durable, AppendObstacle.PredecessorMissing, count);
        HashSet<Identifier> deleted = await DeletedAsync(connection, batch, cancellationToken);
        int allowed = batch.Skip(durable).TakeWhile(a => !a.Rounds.Any(deleted.Contains)).Count();
        return allowed == 0 ? new AppendOutcome(durable, AppendObstacle.RoundDeleted, count) : new AppendOutcome(durable, AppendObstacle.None, count, allowed);
    }

    private bool IsOurs(NpgsqlDataReader reader, PendingAppend append) =>
        reader.GetInt64(0) == (long)append.Index
        && reader.GetFieldValue<byte[]>(1).AsSpan().SequenceEqual(writer)
        && reader.GetFieldValue<byte[]>(2).AsSpan().SequenceEqual(append.Entry.Bytes.Span)
        && reader.GetFieldValue<byte[]>(3).AsSpan().SequenceEqual(append.Entry.Signature.Span);

    private async Task<HashSet<Identifier>> DeletedAsync(NpgsqlConnection connection, IReadOnlyList<PendingAppend> batch, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = new(DeletedOf, connection) { Parameters = { Task(), Rounds(batch) } };
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        HashSet<Identifier> deleted = [];
        while (await reader.ReadAsync(cancellationToken))
            deleted.Add(new Identifier(reader.GetFieldValue<byte[]>(0)));
        return deleted;
    }

    private NpgsqlBatchCommand EntriesOf(IReadOnlyList<PendingAppend> batch) => new(InsertEntries)
    {
        Parameters =
        {
            Task(),
            Number(batch[0].Index),
            new() { Value = writer, NpgsqlDbType = NpgsqlDbType.Bytea },
            PostgresBlobs.Column(batch.Select(a => a.Entry.Bytes.ToArray())),
            PostgresBlobs.Column(batch.Select(a => a.Entry.Signature.ToArray())),
            Rounds(batch),
        },
    };

    private NpgsqlParameter Task() => new() { Value = taskId.ToArray(), NpgsqlDbType = NpgsqlDbType.Bytea };

    private static NpgsqlParameter Number(ulong number) => new() { Value = (long)number, NpgsqlDbType = NpgsqlDbType.Bigint };

    private static NpgsqlParameter Rounds(IReadOnlyList<PendingAppend> batch) => PostgresBlobs.Column(batch.SelectMany(a => a.Rounds).Distinct().Select(r => r.ToArray()));
}
