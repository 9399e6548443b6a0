using System.Net.Sockets;
using Npgsql;

namespace SecureFed.Server.Storage;

/// <summary>Connections to one database, and what happens when they fail: transient failures are tried again for a while, all others are reported at once.</summary>
/// <remarks>
/// Work that is given to <see cref="RunAsync{T}"/> runs again after a failure whose outcome is unknown, so it must give the same result when it has been done already.
/// Session locks, LISTEN and prepared statements are used: a pooler between must pool sessions, not transactions.
/// </remarks>
internal sealed class PostgresDatabase : IAsyncDisposable
{
    /// <summary>First in every transaction that writes: 'off' would acknowledge what is not on disk. Every other setting is durable, and is the administrator's choice.</summary>
    public const string Durably = "SELECT set_config('synchronous_commit', 'on', true) WHERE current_setting('synchronous_commit') = 'off'";

    private static readonly TimeSpan ShortestPause = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan ReadPatience = TimeSpan.FromSeconds(3);
    private readonly PostgresAddress address;
    private readonly NpgsqlDataSource source;
    private readonly TimeSpan patience;
    private readonly TimeProvider time;
    private readonly ILogger logger;
    private int isLost;

    /// <param name="address">Of the database.</param>
    /// <param name="patience">How long a write waits for a database that is away, before it fails as transient.</param>
    /// <param name="time">For pauses.</param>
    /// <param name="logger">Told once when the database is lost and once when it is back.</param>
    public PostgresDatabase(PostgresAddress address, TimeSpan patience, TimeProvider time, ILogger logger)
    {
        this.address = address;
        this.patience = patience;
        this.time = time;
        this.logger = logger;
        source = NpgsqlDataSource.Create(address.ConnectionString);
    }

    public TimeProvider Time => time;

    public ILogger Logger => logger;

    /// <summary>Host, port and database.</summary>
    public override string ToString() => address.ToString();

    /// <exception cref="StorageException">The database is away for longer than the patience (transient), full, or refuses the work.</exception>
    public async Task<T> RunAsync<T>(Func<NpgsqlConnection, CancellationToken, Task<T>> work, CancellationToken cancellationToken = default)
    {
        long started = time.GetTimestamp();
        for (TimeSpan pause = ShortestPause; ; pause = Longer(pause))
        {
            try
            {
                await using NpgsqlConnection connection = await source.OpenConnectionAsync(cancellationToken);
                T result = await AttemptAsync(connection, work, cancellationToken);
                NoteBack();
                return result;
            }
            catch (Exception exception) when (IsOfDatabase(exception))
            {
                if (!IsTransient(exception) || time.GetElapsedTime(started) + pause > patience)
                    throw Describe(exception);
                NoteLost(exception);
            }

            await Task.Delay(pause, time, cancellationToken);
        }
    }

    /// <summary>Reads in the calling thread, and waits a moment for a database that restarts.</summary>
    /// <exception cref="StorageException">It is away for longer (transient), or refuses.</exception>
    public T Read<T>(Func<NpgsqlConnection, T> work)
    {
        TimeSpan longest = patience < ReadPatience ? patience : ReadPatience;
        long started = time.GetTimestamp();
        for (TimeSpan pause = ShortestPause; ; pause = Longer(pause))
        {
            try
            {
                using NpgsqlConnection connection = source.OpenConnection();
                T result = work(connection);
                NoteBack();
                return result;
            }
            catch (Exception exception) when (IsOfDatabase(exception))
            {
                if (!IsTransient(exception) || time.GetElapsedTime(started) + pause > longest)
                    throw Describe(exception);
                NoteLost(exception);
            }

            Task.Delay(pause, time).GetAwaiter().GetResult();
        }
    }

    /// <summary>One attempt, on a connection that is nobody else's.</summary>
    /// <exception cref="StorageException">It cannot be opened.</exception>
    public async Task<NpgsqlConnection> OpenAloneAsync(CancellationToken cancellationToken = default)
    {
        NpgsqlConnection connection = new(address.ConnectionStringAlone);
        try
        {
            await connection.OpenAsync(cancellationToken);
            return connection;
        }
        catch (Exception exception) when (IsOfDatabase(exception))
        {
            await connection.DisposeAsync();
            throw Describe(exception);
        }
    }

    public StorageException Describe(Exception exception)
    {
        string reason = exception is PostgresException { MessageText: { } text, SqlState: { } state } ? $"{text}, {state}" : exception.Message;
        if (IsFull(exception))
            return new StorageException($"The database {address} has no room ({reason}). Nothing was acknowledged. Free space: the server goes on by itself.", isFull: true, exception);
        if (IsTransient(exception))
            return new StorageException($"The database {address} cannot be used now ({reason}). The server goes on by itself when the database is back.", isFull: false, exception, isTransient: true);
        return exception is PostgresException { SqlState: PostgresErrorCodes.InvalidPassword or PostgresErrorCodes.InvalidAuthorizationSpecification }
            ? new StorageException($"The database {address} does not let the user '{address.User}' in ({reason}). Check user and password in its address, and the database's pg_hba.conf.", isFull: false, exception)
            : new StorageException($"The database {address} refuses ({reason}). Check its address, its TLS settings and the rights of the user '{address.User}'.", isFull: false, exception);
    }

    public static bool IsOfDatabase(Exception exception) => exception is NpgsqlException or IOException or SocketException or TimeoutException;

    public static bool IsTransient(Exception exception) => exception switch
    {
        _ when IsFull(exception) => false,
        PostgresException refused => refused.IsTransient || refused.SqlState is PostgresErrorCodes.AdminShutdown or PostgresErrorCodes.CrashShutdown
            or PostgresErrorCodes.CannotConnectNow or PostgresErrorCodes.QueryCanceled
            or PostgresErrorCodes.ReadOnlySqlTransaction, // A primary that has just become a standby.
        NpgsqlException failed => failed.IsTransient || failed.InnerException is IOException or SocketException or TimeoutException,
        _ => exception is IOException or SocketException or TimeoutException,
    };

    public async ValueTask DisposeAsync() => await source.DisposeAsync();

    private static bool IsFull(Exception exception) => exception is PostgresException { SqlState: PostgresErrorCodes.DiskFull };

    private static TimeSpan Longer(TimeSpan pause) => pause * 2 < LongestPause ? pause * 2 : LongestPause;

    private static async Task<T> AttemptAsync<T>(NpgsqlConnection connection, Func<NpgsqlConnection, CancellationToken, Task<T>> work, CancellationToken cancellationToken)
    {
        try
        {
            return await work(connection, cancellationToken);
        }
        catch (InvalidOperationException exception) when (connection.State != System.Data.ConnectionState.Open)
        {
            throw new IOException("The connection broke.", exception); // So the driver says when a command follows the break.
        }
    }

    private void NoteLost(Exception exception)
    {
        if (Interlocked.Exchange(ref isLost, 1) == 0)
            Log.DatabaseLost(logger, address.ToString(), exception.Message);
    }

    private void NoteBack()
    {
        if (Volatile.Read(ref isLost) == 1 && Interlocked.Exchange(ref isLost, 0) == 1)
            Log.DatabaseBack(logger, address.ToString());
    }
}
