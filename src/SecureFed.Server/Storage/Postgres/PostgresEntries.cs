using Npgsql;
using SecureFed.Protocol.Wire;

namespace SecureFed.Server.Storage;

/// <summary>Reads a task's entries in pages and keeps the last ones that were read or written: a fold reads them one after the other, a receipt the newest.</summary>
internal sealed class PostgresEntries(Identifier taskId, PostgresDatabase database)
{
    private const int PageEntries = 256;
    private const int KeptEntries = 1024;
    private const string CountEntries = "SELECT coalesce(max(index) + 1, 0) FROM securefed.entries WHERE task = $1";
    private const string ReadPage = "SELECT index, bytes, signature FROM securefed.entries WHERE task = $1 AND index >= $2 AND index < $2 + $3 ORDER BY index";
    private readonly Slot?[] kept = new Slot?[KeptEntries];

    public static async Task<ulong> CountAsync(NpgsqlConnection connection, Identifier taskId, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = new(CountEntries, connection) { Parameters = { new() { Value = taskId.ToArray() } } };
        return (ulong)(long)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    public void Keep(ulong index, StoredEntry entry) => Volatile.Write(ref kept[index % KeptEntries], new Slot(index, entry));

    /// <exception cref="StorageException">The database does not hold it (any more).</exception>
    public StoredEntry Read(ulong index)
    {
        if (Volatile.Read(ref kept[index % KeptEntries]) is { } slot && slot.Index == index)
            return slot.Entry;
        return database.Read(connection => TryReadPage(connection, index, out StoredEntry entry) ? entry
            : throw new StorageException($"Entry {index} of task {taskId} is missing in the database {database}, which holds less than it acknowledged. Stop the server and restore the database from a backup that is not older."));
    }

    private bool TryReadPage(NpgsqlConnection connection, ulong from, out StoredEntry first)
    {
        first = default;
        using NpgsqlCommand command = new(ReadPage, connection) { Parameters = { new() { Value = taskId.ToArray() }, new() { Value = (long)from }, new() { Value = PageEntries } } };
        using NpgsqlDataReader reader = command.ExecuteReader();
        bool isFound = false;
        while (reader.Read())
        {
            ulong index = (ulong)reader.GetInt64(0);
            StoredEntry entry = new(reader.GetFieldValue<byte[]>(1), reader.GetFieldValue<byte[]>(2));
            if (index == from)
                (isFound, first) = (true, entry);
            Keep(index, entry);
        }

        return isFound;
    }

    private sealed record Slot(ulong Index, StoredEntry Entry);
}
