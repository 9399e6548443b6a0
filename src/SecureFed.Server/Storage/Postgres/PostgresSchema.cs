using System.Data;
using Npgsql;

namespace SecureFed.Server.Storage;

/// <summary>The tables, as numbered steps that have been applied once and never change afterwards: a change is a new step at the end.</summary>
/// <remarks>
/// All in a schema of its own. <c>blobs.round</c> is empty for a blob that is kept for ever; content that two rounds hold is stored for each, so that retention is one
/// DELETE. Blobs are not compressed: masked words are uniform. <c>entries.writer</c> tells an entry of this process from an equal one of another.
/// </remarks>
internal static class PostgresSchema
{
    private const long LockKey = 0x5365637572654664; // "SecureFd"

    private static readonly string[] Steps =
    [
        """
        CREATE TABLE securefed.tasks (task BYTEA PRIMARY KEY);
        CREATE TABLE securefed.entries (
            task BYTEA NOT NULL, index BIGINT NOT NULL, writer BYTEA NOT NULL, bytes BYTEA NOT NULL, signature BYTEA NOT NULL,
            PRIMARY KEY (task, index));
        CREATE TABLE securefed.blobs (
            task BYTEA NOT NULL, digest BYTEA NOT NULL, round BYTEA NOT NULL, part INTEGER NOT NULL, bytes BYTEA NOT NULL,
            PRIMARY KEY (task, digest, round, part));
        ALTER TABLE securefed.blobs ALTER COLUMN bytes SET STORAGE EXTERNAL;
        CREATE INDEX blobs_of_round ON securefed.blobs (task, round) WHERE round <> ''::BYTEA;
        CREATE TABLE securefed.deleted_rounds (task BYTEA NOT NULL, round BYTEA NOT NULL, PRIMARY KEY (task, round));
        CREATE TABLE securefed.files (
            task BYTEA NOT NULL, path TEXT NOT NULL, tree_size BIGINT, bytes BYTEA NOT NULL,
            PRIMARY KEY (task, path));
        CREATE TABLE securefed.guards (task BYTEA PRIMARY KEY, size BIGINT NOT NULL, root BYTEA NOT NULL);
        """,
        "CREATE TABLE securefed.rosters (sequence NUMERIC(20) PRIMARY KEY, bytes BYTEA NOT NULL)",
        """
        CREATE TABLE securefed.nonces (
            key BYTEA NOT NULL, nonce TEXT NOT NULL, expires BIGINT NOT NULL, attempt BYTEA NOT NULL,
            PRIMARY KEY (key, nonce));
        """,
    ];

    /// <summary>Brings the database to the version of this program: all missing steps or none, by one process at a time.</summary>
    /// <param name="connection">Of its own; closed by the caller when this fails.</param>
    /// <param name="place">Of the database, for messages.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <returns>Whether a step was missing.</returns>
    /// <exception cref="StorageException">A newer program has been here, or the database does not write durably; nothing was changed.</exception>
    public static async Task<bool> MigrateAsync(NpgsqlConnection connection, string place, CancellationToken cancellationToken = default)
    {
        if (!await ReadAsync<bool>(connection, "SELECT current_setting('fsync')::BOOLEAN", cancellationToken))
            throw new StorageException($"The database {place} runs with fsync = off: what it acknowledges is lost with the power. Turn fsync on.");
        if (await MissingStepsAsync(connection, place, cancellationToken) == 0)
            return false;

        // Ahead of the transaction: one that waits for the lock inside would go on with names that it had looked up before.
        await ExecuteAsync(connection, $"SELECT pg_advisory_lock({LockKey})", cancellationToken);
        await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(IsolationLevel.ReadCommitted, cancellationToken);
        await ExecuteAsync(connection, PostgresDatabase.Durably, cancellationToken);
        int missing = await MissingStepsAsync(connection, place, cancellationToken); // Another process may have been faster.
        for (int version = Steps.Length - missing + 1; version <= Steps.Length; version++)
        {
            // Asked first, because IF NOT EXISTS wants the right to create schemas even when there is one.
            if (version == 1 && await ReadAsync<bool>(connection, "SELECT NOT EXISTS (SELECT FROM pg_namespace WHERE nspname = 'securefed')", cancellationToken))
                await ExecuteAsync(connection, "CREATE SCHEMA securefed", cancellationToken);
            if (version == 1)
                await ExecuteAsync(connection, "CREATE TABLE securefed.migrations (version INTEGER PRIMARY KEY, applied TIMESTAMPTZ NOT NULL DEFAULT now())", cancellationToken);
            await ExecuteAsync(connection, Steps[version - 1], cancellationToken);
            await ExecuteAsync(connection, $"INSERT INTO securefed.migrations (version) VALUES ({version})", cancellationToken);
        }

        await transaction.CommitAsync(cancellationToken);
        await ExecuteAsync(connection, $"SELECT pg_advisory_unlock({LockKey})", cancellationToken); // A failure closes the connection, which unlocks too.
        return missing > 0;
    }

    private static async Task<int> MissingStepsAsync(NpgsqlConnection connection, string place, CancellationToken cancellationToken)
    {
        int version = await ReadAsync<bool>(connection, "SELECT NOT EXISTS (SELECT FROM pg_tables WHERE schemaname = 'securefed' AND tablename = 'migrations')", cancellationToken)
            ? 0
            : await ReadAsync<int>(connection, "SELECT coalesce(max(version), 0) FROM securefed.migrations", cancellationToken);
        return version <= Steps.Length
            ? Steps.Length - version
            : throw new StorageException($"The database {place} has schema version {version}, and this server knows versions up to {Steps.Length}. Nothing was changed; use the version of the server that wrote it, or a newer one.");
    }

    private static async Task<T> ReadAsync<T>(NpgsqlConnection connection, string sql, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = new(sql, connection);
        return (T)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = new(sql, connection);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
