using System.Data;
using Npgsql;
using SecureFed.Protocol.Wire;

namespace SecureFed.Server.Storage;

/// <summary>Deletes the blobs of rounds.</summary>
internal static class PostgresRetention
{
    private const string Lock = "SELECT pg_advisory_xact_lock($1)";
    private const string Note = "INSERT INTO securefed.deleted_rounds (task, round) VALUES ($1, $2) ON CONFLICT DO NOTHING";

    private const string Delete = """
        DELETE FROM securefed.blobs AS held USING securefed.deleted_rounds AS gone
        WHERE held.task = $1 AND held.round <> ''::BYTEA AND gone.task = $1 AND gone.round = held.round
        """;

    /// <summary>First the round is noted as deleted, while nothing is being appended; what was noted cannot come back, and is deleted afterwards.</summary>
    public static async Task<bool> DeleteAsync(NpgsqlConnection connection, Identifier taskId, Identifier round, CancellationToken cancellationToken)
    {
        await using (NpgsqlTransaction transaction = await connection.BeginTransactionAsync(IsolationLevel.ReadCommitted, cancellationToken))
        {
            await using NpgsqlBatch commands = new(connection, transaction)
            {
                BatchCommands =
                {
                    new NpgsqlBatchCommand(PostgresDatabase.Durably),
                    new NpgsqlBatchCommand(Lock) { Parameters = { new() { Value = PostgresLock.Blobs(taskId) } } },
                    new NpgsqlBatchCommand(Note) { Parameters = { new() { Value = taskId.ToArray() }, new() { Value = round.ToArray() } } },
                },
            };
            await commands.ExecuteNonQueryAsync(cancellationToken);
            await transaction.CommitAsync(cancellationToken);
        }

        return await FinishAsync(connection, taskId, cancellationToken);
    }

    /// <summary>Deletes what belongs to deleted rounds, also after an interruption.</summary>
    public static async Task<bool> FinishAsync(NpgsqlConnection connection, Identifier taskId, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = new(Delete, connection) { Parameters = { new() { Value = taskId.ToArray() } } };
        return await command.ExecuteNonQueryAsync(cancellationToken) > 0;
    }
}
