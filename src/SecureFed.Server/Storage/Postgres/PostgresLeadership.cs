using Npgsql;
using SecureFed.Protocol.Wire;

namespace SecureFed.Server.Storage;

/// <summary>A session lock of the database, held by a connection of its own: it ends when that connection does.</summary>
/// <remarks>
/// For a moment two replicas may believe that they lead: the old one hears of its broken connection later than the database. Nothing depends on there being one only:
/// every decision is an entry, and one entry takes an index. When a replica vanishes without closing, the database gives its lock up within about 11 s.
/// </remarks>
internal sealed class PostgresLeadership : IAsyncDisposable
{
    private static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(2);
    private readonly Identifier taskId;
    private readonly PostgresDatabase database;
    private readonly NpgsqlConnection connection;
    private readonly CancellationTokenSource stopping = new();
    private readonly Task watching;
    private volatile bool isHeld = true;

    private PostgresLeadership(Identifier taskId, PostgresDatabase database, NpgsqlConnection connection)
    {
        this.taskId = taskId;
        this.database = database;
        this.connection = connection;
        watching = Task.Run(WatchAsync);
    }

    /// <summary>False once the connection broke or the leadership was given back.</summary>
    public bool IsHeld => isHeld;

    /// <returns>Null if another replica leads.</returns>
    public static async Task<PostgresLeadership?> TryTakeAsync(Identifier taskId, PostgresDatabase database, CancellationToken cancellationToken = default)
    {
        NpgsqlConnection own = await database.OpenAloneAsync(cancellationToken);
        try
        {
            await using NpgsqlCommand command = new("SELECT pg_try_advisory_lock($1)", own) { Parameters = { new() { Value = PostgresLock.Leadership(taskId) } } };
            if ((bool)(await command.ExecuteScalarAsync(cancellationToken))!)
                return new PostgresLeadership(taskId, database, own);
        }
        catch (Exception exception) when (PostgresDatabase.IsOfDatabase(exception))
        {
            await own.DisposeAsync();
            throw database.Describe(exception);
        }
        catch
        {
            await own.DisposeAsync();
            throw;
        }

        await own.DisposeAsync();
        return null;
    }

    /// <summary>Gives it back, so that another replica can have it at once.</summary>
    public async ValueTask DisposeAsync()
    {
        if (stopping.IsCancellationRequested)
            return;
        isHeld = false;
        await stopping.CancelAsync();
        await watching;
        await connection.DisposeAsync();
        stopping.Dispose();
    }

    private async Task WatchAsync()
    {
        try
        {
            while (true)
            {
                await connection.WaitAsync(Heartbeat, stopping.Token);
                await ExecuteAsync("SELECT 1");
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            await TryUnlockAsync();
        }
        catch (Exception exception) when (exception is InvalidOperationException || PostgresDatabase.IsOfDatabase(exception))
        {
            isHeld = false;
            if (!stopping.IsCancellationRequested)
                Log.LeadershipLost(database.Logger, taskId, exception.Message);
            await connection.CloseAsync();
        }
    }

    /// <summary>Explicitly, because the database learns of the closing a little later.</summary>
    private async Task TryUnlockAsync()
    {
        try
        {
            await ExecuteAsync("SELECT pg_advisory_unlock_all()");
        }
        catch (Exception exception) when (exception is InvalidOperationException || PostgresDatabase.IsOfDatabase(exception))
        {
            // The connection is gone, and the lock with it.
        }
    }

    private async Task ExecuteAsync(string sql)
    {
        await using NpgsqlCommand command = new(sql, connection) { CommandTimeout = 5 };
        await command.ExecuteNonQueryAsync(CancellationToken.None);
    }
}
