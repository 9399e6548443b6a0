using System.Net.Sockets;
using SecureFed.Service.Tests.Consortium;

namespace SecureFed.Service.Tests.Storage;

/// <summary>Stands between a client and the database's socket, and cuts the connection when the database has answered a COMMIT: the client cannot know the outcome.</summary>
internal sealed class AnswerCutter : IAsyncDisposable
{
    private const string SocketName = ".s.PGSQL.5432";
    private static readonly byte[] Committed = [(byte)'C', 0, 0, 0, 11, .. "COMMIT\0"u8];
    private readonly TemporaryDirectory directory = new();
    private readonly Socket listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly string target;
    private readonly Task accepting;
    private int isArmed;
    private int cuts;

    /// <param name="databaseDirectory">Of the database's socket.</param>
    public AnswerCutter(string databaseDirectory)
    {
        target = Path.Combine(databaseDirectory, SocketName);
        listener.Bind(new UnixDomainSocketEndPoint(directory.File(SocketName)));
        listener.Listen();
        accepting = Task.Run(AcceptAsync);
    }

    public string Directory => directory.Path;

    public int Cuts => Volatile.Read(ref cuts);

    public void CutNextCommit() => Interlocked.Exchange(ref isArmed, 1);

    public async ValueTask DisposeAsync()
    {
        listener.Dispose();
        await accepting;
        directory.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
                _ = ServeAsync(await listener.AcceptAsync());
        }
        catch (SocketException)
        {
            // Disposed.
        }
    }

    private async Task ServeAsync(Socket client)
    {
        using Socket database = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        using (client)
        {
            try
            {
                await database.ConnectAsync(new UnixDomainSocketEndPoint(target));
                await Task.WhenAny(CopyAsync(client, database, isAnswer: false), CopyAsync(database, client, isAnswer: true));
            }
            catch (SocketException)
            {
                // Either side has gone.
            }
        }
    }

    private async Task CopyAsync(Socket from, Socket to, bool isAnswer)
    {
        byte[] buffer = new byte[1 << 16];
        try
        {
            while (await from.ReceiveAsync(buffer) is > 0 and int count)
            {
                if (isAnswer && buffer.AsSpan(0, count).IndexOf(Committed) >= 0 && Interlocked.Exchange(ref isArmed, 0) == 1)
                {
                    Interlocked.Increment(ref cuts);
                    return;
                }

                await to.SendAsync(buffer.AsMemory(0, count));
            }
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // Either side has gone.
        }
    }
}
