using System.Collections.Concurrent;
using System.Globalization;
using Npgsql;
using SecureFed.Protocol.Wire;

namespace SecureFed.Server.Storage;

/// <summary>Tells the other replicas how long a task's log is and which clients have asked about it, and hears it from them (NOTIFY and LISTEN, on one connection for all tasks).</summary>
/// <remarks>
/// A hint, not a promise: whoever waits also asks the database from time to time. Sent after the commit and not in it, because a transaction that notifies holds a lock
/// of the whole database while it is flushed, and would queue the tasks behind each other.
/// </remarks>
internal sealed class PostgresNotices : IAsyncDisposable
{
    private const string Channel = "securefed";
    private const int GreatestClientsPerNotice = 300; // A payload has at most 8,000 bytes, a name 22.
    private static readonly TimeSpan PauseAfterFailure = TimeSpan.FromMilliseconds(250);
    private readonly PostgresDatabase database;
    private readonly Action<Identifier, ulong> heard;
    private readonly Action<Identifier, Identifier> heardPresence;
    private readonly CancellationTokenSource stopping = new();
    private readonly ConcurrentDictionary<Identifier, ulong> unsent = new();
    private readonly ConcurrentDictionary<(Identifier Task, Identifier Client), byte> unsentPresence = new();
    private readonly Task listening;
    private Task sending = Task.CompletedTask;
    private int isSending;

    /// <param name="database">Of the tasks.</param>
    /// <param name="heard">Called with a task and its number of entries; quick, and for numbers that are known already too.</param>
    /// <param name="heardPresence">Called with a task and a client that has asked some replica about it; quick.</param>
    public PostgresNotices(PostgresDatabase database, Action<Identifier, ulong> heard, Action<Identifier, Identifier> heardPresence)
    {
        this.database = database;
        this.heard = heard;
        this.heardPresence = heardPresence;
        listening = Task.Run(ListenAsync);
    }

    /// <summary>Returns at once; of several counts of a task the last is sent.</summary>
    public void Send(Identifier taskId, ulong entryCount)
    {
        unsent[taskId] = entryCount;
        BeginSending();
    }

    /// <summary>Returns at once; a client that is waiting to be told of is told of once.</summary>
    public void SendPresence(Identifier taskId, Identifier client)
    {
        unsentPresence[(taskId, client)] = 0;
        BeginSending();
    }

    private void BeginSending()
    {
        if (Interlocked.Exchange(ref isSending, 1) == 0)
            sending = Task.Run(SendAsync);
    }

    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        await listening;
        await sending;
        stopping.Dispose();
    }

    private async Task SendAsync()
    {
        try
        {
            do
            {
                foreach (Identifier taskId in unsent.Keys)
                {
                    if (unsent.TryRemove(taskId, out ulong count))
                        await SendAsync(string.Create(CultureInfo.InvariantCulture, $"{taskId} {count}"));
                }

                foreach (IGrouping<Identifier, Identifier> clients in unsentPresence.Keys.Where(key => unsentPresence.TryRemove(key, out _)).GroupBy(key => key.Task, key => key.Client).ToArray())
                {
                    foreach (Identifier[] some in clients.Chunk(GreatestClientsPerNotice))
                        await SendAsync($"{clients.Key} {string.Join(',', some)}");
                }

                Interlocked.Exchange(ref isSending, 0);
            }
            while (!(unsent.IsEmpty && unsentPresence.IsEmpty) && Interlocked.Exchange(ref isSending, 1) == 0);
        }
        catch (Exception exception) when (exception is StorageException or OperationCanceledException)
        {
            Interlocked.Exchange(ref isSending, 0); // They ask the database themselves.
        }
    }

    private Task<int> SendAsync(string payload) => database.RunAsync(
        async (connection, cancellationToken) =>
        {
            await using NpgsqlCommand command = new($"SELECT pg_notify('{Channel}', $1)", connection) { Parameters = { new() { Value = payload } } };
            return await command.ExecuteNonQueryAsync(cancellationToken);
        },
        stopping.Token);

    private async Task ListenAsync()
    {
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                await using NpgsqlConnection connection = await database.OpenAloneAsync(stopping.Token);
                connection.Notification += (_, notice) => Hear(notice.Payload);
                await using NpgsqlCommand command = new($"LISTEN {Channel}", connection);
                await command.ExecuteNonQueryAsync(stopping.Token);
                while (true)
                    await connection.WaitAsync(stopping.Token);
            }
            catch (Exception exception) when (exception is StorageException or InvalidOperationException || PostgresDatabase.IsOfDatabase(exception))
            {
                await Task.Delay(PauseAfterFailure, database.Time, stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    /// <summary>What anyone may have written there is either understood or ignored.</summary>
    private void Hear(string payload)
    {
        string[] parts = payload.Split(' ');
        if (parts.Length != 2 || !Identifier.TryParse(parts[0], out Identifier taskId))
            return;
        if (ulong.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out ulong count))
        {
            heard(taskId, count);
            return;
        }

        foreach (string name in parts[1].Split(','))
        {
            if (Identifier.TryParse(name, out Identifier client))
                heardPresence(taskId, client);
        }
    }
}
