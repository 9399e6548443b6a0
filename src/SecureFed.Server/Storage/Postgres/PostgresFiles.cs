using System.Globalization;
using System.Text;
using Npgsql;
using NpgsqlTypes;
using SecureFed.Protocol.Wire;

namespace SecureFed.Server.Storage;

/// <summary>Published files and the rollback guard. Several replicas write them, so the database itself refuses to go back.</summary>
internal static class PostgresFiles
{
    private const string Checkpoint = "checkpoint";

    // A replica that is behind does not replace the checkpoint of one that is ahead; the same size may get further cosignatures.
    private const string Write = """
        INSERT INTO securefed.files AS held (task, path, tree_size, bytes) VALUES ($1, $2, $3, $4)
        ON CONFLICT (task, path) DO UPDATE SET tree_size = excluded.tree_size, bytes = excluded.bytes
        WHERE held.tree_size IS NULL OR excluded.tree_size >= held.tree_size
        """;

    private const string WriteGuard = """
        INSERT INTO securefed.guards AS held (task, size, root) VALUES ($1, $2, $3)
        ON CONFLICT (task) DO UPDATE SET size = excluded.size, root = excluded.root
        WHERE excluded.size > held.size OR (excluded.size = held.size AND excluded.root = held.root)
        """;

    public static byte[]? Read(NpgsqlConnection connection, Identifier taskId, string path)
    {
        using NpgsqlCommand command = new("SELECT bytes FROM securefed.files WHERE task = $1 AND path = $2", connection) { Parameters = { Task(taskId), new() { Value = path } } };
        return (byte[]?)command.ExecuteScalar();
    }

    /// <summary>All in one transaction, in the order of their paths, so that two replicas do not wait for each other.</summary>
    public static async Task<bool> WriteAsync(NpgsqlConnection connection, Identifier taskId, IReadOnlyList<(string Path, ReadOnlyMemory<byte> Bytes)> files, CancellationToken cancellationToken)
    {
        if (files.Count == 0)
            return true;
        await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(cancellationToken);
        await using NpgsqlBatch commands = new(connection, transaction) { BatchCommands = { new NpgsqlBatchCommand(PostgresDatabase.Durably) } };
        foreach ((string path, ReadOnlyMemory<byte> bytes) in files.OrderBy(f => f.Path, StringComparer.Ordinal))
        {
            commands.BatchCommands.Add(new NpgsqlBatchCommand(Write)
            {
                Parameters =
                {
                    Task(taskId),
                    new() { Value = path },
                    new() { Value = path is Checkpoint ? (object?)TreeSizeOf(bytes.Span) ?? DBNull.Value : DBNull.Value, NpgsqlDbType = NpgsqlDbType.Bigint },
                    new() { Value = bytes, NpgsqlDbType = NpgsqlDbType.Bytea },
                },
            });
        }

        await commands.ExecuteNonQueryAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return true;
    }

    public static LogGuard? ReadGuard(NpgsqlConnection connection, Identifier taskId)
    {
        using NpgsqlCommand command = new("SELECT size, root FROM securefed.guards WHERE task = $1", connection) { Parameters = { Task(taskId) } };
        using NpgsqlDataReader reader = command.ExecuteReader();
        return reader.Read() ? new LogGuard((ulong)reader.GetInt64(0), new Digest(reader.GetFieldValue<byte[]>(1))) : null;
    }

    /// <exception cref="InvalidOperationException">It may not follow the one that is there.</exception>
    public static async Task<bool> WriteGuardAsync(NpgsqlConnection connection, Identifier taskId, LogGuard guard, CancellationToken cancellationToken)
    {
        NpgsqlBatchCommand write = new(WriteGuard) { Parameters = { Task(taskId), new() { Value = (long)guard.Size }, new() { Value = guard.Root.ToArray() } } };
        await using NpgsqlBatch commands = new(connection) { BatchCommands = { new NpgsqlBatchCommand(PostgresDatabase.Durably), write } }; // One transaction.
        await commands.ExecuteNonQueryAsync(cancellationToken);
        if (write.RecordsAffected == 0)
            guard.RequireFollows(ReadGuard(connection, taskId)); // Guards only grow: what was in the way is in the way now.
        return true;
    }

    /// <summary>The second line of a checkpoint in the tlog-checkpoint format (C2SP), which is the size of the tree; null if this is none.</summary>
    private static long? TreeSizeOf(ReadOnlySpan<byte> text)
    {
        int first = text.IndexOf((byte)'\n');
        ReadOnlySpan<byte> rest = text[(first + 1)..];
        int second = rest.IndexOf((byte)'\n');
        return first > 0 && second > 0 && long.TryParse(Encoding.ASCII.GetString(rest[..second]), NumberStyles.None, CultureInfo.InvariantCulture, out long size) ? size : null;
    }

    private static NpgsqlParameter Task(Identifier taskId) => new() { Value = taskId.ToArray(), NpgsqlDbType = NpgsqlDbType.Bytea };
}
