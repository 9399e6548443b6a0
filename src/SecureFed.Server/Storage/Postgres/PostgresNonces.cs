using Npgsql;
using NpgsqlTypes;
using SecureFed.Protocol.Wire;

namespace SecureFed.Server.Storage;

/// <summary>Used nonces, for all replicas: a request that one of them has executed is refused by the others.</summary>
internal static class PostgresNonces
{
    // The attempt tells a repetition of this statement, after a connection that broke, from another request.
    private const string Insert = """
        INSERT INTO securefed.nonces AS held (key, nonce, expires, attempt) VALUES ($1, $2, $3, $4)
        ON CONFLICT (key, nonce) DO UPDATE SET attempt = held.attempt WHERE held.attempt = excluded.attempt
        """;

    public static async Task<bool> TryUseAsync(NpgsqlConnection connection, UsedNonce nonce, byte[] attempt, DateTimeOffset now, CancellationToken cancellationToken)
    {
        NpgsqlBatchCommand insert = new(Insert)
        {
            Parameters = { new() { Value = nonce.KeyId.ToArray(), NpgsqlDbType = NpgsqlDbType.Bytea }, new() { Value = nonce.Nonce }, new() { Value = nonce.Expires }, new() { Value = attempt } },
        };
        await using NpgsqlBatch commands = new(connection) // One transaction.
        {
            BatchCommands =
            {
                new NpgsqlBatchCommand(PostgresDatabase.Durably),
                new NpgsqlBatchCommand("DELETE FROM securefed.nonces WHERE expires < $1") { Parameters = { new() { Value = now.ToUnixTimeSeconds() } } },
                insert,
            },
        };
        await commands.ExecuteNonQueryAsync(cancellationToken);
        return insert.RecordsAffected == 1;
    }
}
