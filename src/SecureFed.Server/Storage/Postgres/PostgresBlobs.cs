using Npgsql;
using NpgsqlTypes;
using SecureFed.Protocol.Wire;

namespace SecureFed.Server.Storage;

/// <summary>Blobs as rows: cut into parts, because a value of the database should stay far below its limit of 1 GB.</summary>
internal static class PostgresBlobs
{
    private const int PartBytes = 16 << 20;
    private const int ProbeBytes = 1 << 16;

    private const string Insert = """
        INSERT INTO securefed.blobs (task, digest, round, part, bytes)
        SELECT $1, b.digest, b.round, b.part, b.bytes FROM unnest($4, $5, $6, $7) AS b (digest, round, part, bytes)
        WHERE EXISTS (SELECT FROM securefed.entries WHERE task = $1 AND index = $2 AND writer = $3)
        ON CONFLICT DO NOTHING
        """;

    private const string ReadParts = """
        SELECT bytes FROM securefed.blobs
        WHERE task = $1 AND digest = $2 AND round = (SELECT round FROM securefed.blobs WHERE task = $1 AND digest = $2 ORDER BY round LIMIT 1)
        ORDER BY part
        """;

    /// <summary>Statements that write the blobs if the transaction has written the entry of that index.</summary>
    public static IEnumerable<NpgsqlBatchCommand> Inserts(Identifier taskId, ulong index, byte[] writer, IEnumerable<(Digest Digest, StoredBlob Blob)> blobs)
    {
        List<(byte[] Digest, byte[] Round, int Part, byte[] Bytes)> rows = [];
        long size = 0;
        foreach ((byte[] Digest, byte[] Round, int Part, byte[] Bytes) row in blobs.DistinctBy(b => (b.Digest, b.Blob.PrunableRound)).SelectMany(b => PartsOf(b.Digest, b.Blob)))
        {
            if (rows.Count > 0 && size + row.Bytes.Length > PartBytes)
            {
                yield return Command();
                rows.Clear();
                size = 0;
            }

            rows.Add(row);
            size += row.Bytes.Length;
        }

        if (rows.Count > 0)
            yield return Command();

        NpgsqlBatchCommand Command() => new(Insert)
        {
            Parameters =
            {
                new() { Value = taskId.ToArray(), NpgsqlDbType = NpgsqlDbType.Bytea },
                new() { Value = (long)index, NpgsqlDbType = NpgsqlDbType.Bigint },
                new() { Value = writer, NpgsqlDbType = NpgsqlDbType.Bytea },
                Column(rows.Select(r => r.Digest)),
                Column(rows.Select(r => r.Round)),
                new() { Value = rows.Select(r => r.Part).ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Integer },
                Column(rows.Select(r => r.Bytes)),
            },
        };
    }

    /// <summary>Null if it is not held.</summary>
    public static byte[]? Read(NpgsqlConnection connection, Identifier taskId, Digest digest)
    {
        using NpgsqlCommand command = new(ReadParts, connection) { Parameters = { new() { Value = taskId.ToArray() }, new() { Value = digest.ToArray() } } };
        using NpgsqlDataReader reader = command.ExecuteReader();
        List<byte[]> parts = [];
        while (reader.Read())
            parts.Add(reader.GetFieldValue<byte[]>(0));
        return parts switch
        {
            [] => null,
            [byte[] whole] => whole,
            _ => Concatenate(parts),
        };
    }

    /// <summary>Writes a blob in a transaction that is not committed.</summary>
    public static async Task<bool> ProbeAsync(NpgsqlConnection connection, Identifier taskId, CancellationToken cancellationToken)
    {
        const string Sql = "INSERT INTO securefed.blobs (task, digest, round, part, bytes) VALUES ($1, $2, $2, -1, $3)";
        await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(cancellationToken);
        await using NpgsqlCommand command = new(Sql, connection, transaction)
        {
            Parameters = { new() { Value = taskId.ToArray() }, new() { Value = Array.Empty<byte>() }, new() { Value = new byte[ProbeBytes] } },
        };
        await command.ExecuteNonQueryAsync(cancellationToken);
        await transaction.RollbackAsync(cancellationToken);
        return true;
    }

    /// <summary>One value for each row of an unnest.</summary>
    public static NpgsqlParameter Column(IEnumerable<byte[]> values) => new() { Value = values.ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bytea };

    private static byte[] Concatenate(List<byte[]> parts)
    {
        byte[] whole = new byte[parts.Sum(p => p.Length)];
        int offset = 0;
        foreach (byte[] part in parts)
        {
            part.CopyTo(whole, offset);
            offset += part.Length;
        }

        return whole;
    }

    private static IEnumerable<(byte[] Digest, byte[] Round, int Part, byte[] Bytes)> PartsOf(Digest digest, StoredBlob blob)
    {
        byte[] round = blob.PrunableRound?.ToArray() ?? [];
        int part = 0;
        int offset = 0;
        do
        {
            ReadOnlyMemory<byte> bytes = blob.Bytes.Slice(offset, Math.Min(PartBytes, blob.Bytes.Length - offset));
            yield return (digest.ToArray(), round, part++, bytes.ToArray());
            offset += bytes.Length;
        }
        while (offset < blob.Bytes.Length);
    }
}
