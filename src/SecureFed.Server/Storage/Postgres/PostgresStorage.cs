using System.Collections.Concurrent;
using Npgsql;
using SecureFed.Cryptography.Randomness;
using SecureFed.Protocol.Wire;

namespace SecureFed.Server.Storage;

/// <summary>The logs of all tasks in a PostgreSQL database, which several server processes may use at once.</summary>
/// <remarks>
/// One connection listens for all tasks, one holds each leadership, and up to 20 do the rest. The rollback guard is as safe as the database: whoever can restore an old
/// backup restores an old guard with it, so keep clients and auditors checking (they remember checkpoints).
/// </remarks>
internal sealed class PostgresStorage : IStorage
{
    private const int WriterBytes = 16;
    private static readonly TimeSpan DefaultPatience = TimeSpan.FromSeconds(10);
    private readonly PostgresDatabase database;
    private readonly IRandomSource random;
    private readonly PostgresNotices notices;
    private readonly ConcurrentDictionary<Identifier, PostgresTaskStore?> open = new();
    private int isClosed;

    private PostgresStorage(PostgresDatabase database, IRandomSource random)
    {
        this.database = database;
        this.random = random;
        notices = new PostgresNotices(
            database, (taskId, count) => open.GetValueOrDefault(taskId)?.Hear(count), (taskId, client) => open.GetValueOrDefault(taskId)?.HearOf(client));
    }

    /// <summary>Connects, and brings the tables to this program's version.</summary>
    /// <param name="address">See <see cref="PostgresAddress"/>.</param>
    /// <param name="random">Names this process in what it writes.</param>
    /// <param name="logger">Told when the database is lost and when it is back.</param>
    /// <param name="patience">How long a write waits for a database that is away before it fails as transient. Null for 10 s.</param>
    /// <param name="time">Null for the system's.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <exception cref="StorageException">Not reachable (transient, and at once), no access, or tables of a newer version; nothing was changed.</exception>
    public static async Task<PostgresStorage> OpenAsync(
        PostgresAddress address, IRandomSource random, ILogger logger, TimeSpan? patience = null, TimeProvider? time = null, CancellationToken cancellationToken = default)
    {
        PostgresDatabase opened = new(address, patience ?? DefaultPatience, time ?? TimeProvider.System, logger);
        try
        {
            await using NpgsqlConnection connection = await opened.OpenAloneAsync(cancellationToken);
            if (await PostgresSchema.MigrateAsync(connection, opened.ToString(), cancellationToken))
                Log.DatabaseMigrated(logger, opened.ToString());
            return new PostgresStorage(opened, random);
        }
        catch (Exception exception) when (PostgresDatabase.IsOfDatabase(exception))
        {
            await opened.DisposeAsync();
            throw opened.Describe(exception);
        }
        catch
        {
            await opened.DisposeAsync();
            throw;
        }
    }

    /// <summary>Also the tasks that other replicas created.</summary>
    public bool IsShared => true;

    public async Task<bool> TryUseNonceAsync(Identifier keyId, string nonce, DateTimeOffset expires, DateTimeOffset now, CancellationToken cancellationToken = default)
    {
        byte[] attempt = new byte[WriterBytes];
        random.Fill(attempt);
        UsedNonce used = new(keyId, nonce, expires.ToUnixTimeSeconds());
        return await database.RunAsync((connection, cancellation) => PostgresNonces.TryUseAsync(connection, used, attempt, now, cancellation), cancellationToken);
    }

    public async Task<IReadOnlyList<Identifier>> ListAsync(CancellationToken cancellationToken = default) => await database.RunAsync(
        async (connection, cancellation) =>
        {
            await using NpgsqlCommand command = new("SELECT task FROM securefed.tasks ORDER BY task", connection);
            await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellation);
            List<Identifier> tasks = [];
            while (await reader.ReadAsync(cancellation))
                tasks.Add(new Identifier(reader.GetFieldValue<byte[]>(0)));
            return tasks;
        },
        cancellationToken);

    public async Task<ITaskStore> CreateAsync(Identifier taskId, CancellationToken cancellationToken = default)
    {
        await database.RunAsync(
            async (connection, cancellation) =>
            {
                NpgsqlBatchCommand insert = new("INSERT INTO securefed.tasks (task) VALUES ($1) ON CONFLICT DO NOTHING") { Parameters = { new() { Value = taskId.ToArray() } } };
                await using NpgsqlBatch commands = new(connection) { BatchCommands = { new NpgsqlBatchCommand(PostgresDatabase.Durably), insert } };
                return await commands.ExecuteNonQueryAsync(cancellation);
            },
            cancellationToken);
        ITaskStore store = await OpenAsync(taskId, cancellationToken);
        if (store.EntryCount == 0)
            return store;
        await store.DisposeAsync();
        throw new InvalidOperationException($"Task {taskId} exists already.");
    }

    public async Task<ITaskStore> OpenAsync(Identifier taskId, CancellationToken cancellationToken = default)
    {
        if (!open.TryAdd(taskId, null))
            throw new InvalidOperationException($"Task {taskId} is open already.");
        try
        {
            ulong count = await database.RunAsync((connection, cancellation) => CheckAsync(connection, taskId, cancellation), cancellationToken);
            byte[] writer = new byte[WriterBytes];
            random.Fill(writer);
            PostgresTaskStore store = new(taskId, database, notices, writer, count, () => open.TryRemove(taskId, out _));
            open[taskId] = store;
            return store;
        }
        catch
        {
            open.TryRemove(taskId, out _);
            throw;
        }
    }

    public async Task<ReadOnlyMemory<byte>?> FindRosterAsync(ulong beyond, CancellationToken cancellationToken = default) => await database.RunAsync(
        async (connection, cancellation) =>
        {
            const string Sql = "SELECT bytes FROM securefed.rosters WHERE sequence > $1 ORDER BY sequence DESC LIMIT 1";
            await using NpgsqlCommand command = new(Sql, connection) { Parameters = { new() { Value = (decimal)beyond } } };
            return await command.ExecuteScalarAsync(cancellation) is byte[] roster ? roster : default(ReadOnlyMemory<byte>?);
        },
        cancellationToken);

    /// <remarks>Two that are kept at the same moment through two replicas may both stay, with two numbers: then the first was in force for no time.</remarks>
    public async Task<bool> KeepRosterAsync(ulong sequence, ReadOnlyMemory<byte> roster, CancellationToken cancellationToken = default) => await database.RunAsync(
        async (connection, cancellation) =>
        {
            const string Insert = "INSERT INTO securefed.rosters (sequence, bytes) SELECT $1, $2 WHERE NOT EXISTS (SELECT FROM securefed.rosters WHERE sequence >= $1) ON CONFLICT DO NOTHING";
            NpgsqlParameter number = new() { Value = (decimal)sequence };
            byte[] bytes = roster.ToArray();
            NpgsqlBatchCommand insert = new(Insert) { Parameters = { number, new() { Value = bytes } } };
            await using (NpgsqlBatch commands = new(connection) { BatchCommands = { new NpgsqlBatchCommand(PostgresDatabase.Durably), insert } })
                await commands.ExecuteNonQueryAsync(cancellation);
            await using NpgsqlCommand look = new("SELECT bytes = $2 FROM securefed.rosters WHERE sequence = $1", connection) { Parameters = { number.Clone(), new() { Value = bytes } } };
            return await look.ExecuteScalarAsync(cancellation) is true;
        },
        cancellationToken);

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref isClosed, 1) == 1)
            return;
        foreach (PostgresTaskStore? store in open.Values)
        {
            if (store is not null)
                await store.DisposeAsync();
        }

        await notices.DisposeAsync();
        await database.DisposeAsync();
    }

    /// <returns>Number of entries.</returns>
    private async Task<ulong> CheckAsync(NpgsqlConnection connection, Identifier taskId, CancellationToken cancellationToken)
    {
        const string Sql = "SELECT EXISTS (SELECT FROM securefed.tasks WHERE task = $1), count(*), coalesce(max(index) + 1, 0) FROM securefed.entries WHERE task = $1";
        long held;
        long end;
        await using (NpgsqlCommand command = new(Sql, connection) { Parameters = { new() { Value = taskId.ToArray() } } })
        {
            await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
            await reader.ReadAsync(cancellationToken);
            if (!reader.GetBoolean(0))
                throw new InvalidOperationException($"There is no task {taskId} in the database {database}.");
            (held, end) = (reader.GetInt64(1), reader.GetInt64(2));
        }

        if (held != end)
            throw new StorageException($"The log of task {taskId} in the database {database} is damaged: {end - held} of its first {end} entries are missing. Nothing was changed; restore the database from a backup.");
        return (ulong)end;
    }
}
