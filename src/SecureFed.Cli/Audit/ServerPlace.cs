using SecureFed.Cli.Output;
using SecureFed.Client.Http;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Requests;
using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Transparency.Log;
using SecureFed.Protocol.Wire;

namespace SecureFed.Cli.Audit;

/// <summary>A running server: the log is public, blobs and parameters are for an auditor of the roster.</summary>
internal sealed class ServerPlace : AuditPlace
{
    private readonly HttpClient anonymous;
    private readonly HttpClient? signed;
    private readonly ServiceConnection? connection;

    private ServerPlace(HttpClient anonymous, HttpClient? signed)
    {
        this.anonymous = anonymous;
        this.signed = signed;
        connection = signed is null ? null : Connect(signed);
    }

    public required Identifier TaskId { get; init; }

    public override bool IsLive => true;

    /// <param name="address">The server, or a task's address on it.</param>
    /// <param name="task">The task; null if the address names it.</param>
    /// <param name="certificatePin">Null for the platform's chain validation.</param>
    /// <param name="signed">Signs as a member of the roster; null for what everybody may read. Disposed with the place.</param>
    /// <param name="isAuditor">Whether that member is an auditor, who is shown blobs.</param>
    public static ServerPlace Open(Uri address, Identifier? task, string? certificatePin, HttpClient? signed, bool isAuditor = true)
    {
        Identifier wanted = task ?? TaskIn(address) ?? throw CommandException.Misuse("Which task?", "Name it with --task, or in the address: https://host/v1/tasks/TASK.");
        HttpClient open = new(PinnedHandler.Create(certificatePin));
        SignedHttpClient.Configure(open, new Uri(address.GetLeftPart(UriPartial.Authority)));
        return new ServerPlace(open, signed)
        {
            Name = address.ToString(),
            TaskId = wanted,
            Log = new Files(Connect(open), wanted),
            Blobs = signed is null || !isAuditor ? null : new ServedBlobs(Connect(signed), wanted),
            WithoutBlobs = signed is null || !isAuditor ? "blobs are shown to auditors of the roster only (--id and --key)" : "",
        };
    }

    public override string PathOf(string logFile) => $"{Routes.TaskPart(TaskId, DirectoryPlace.LogFolder)}/{logFile}";

    public override byte[]? FindParameters(Identifier task) => connection is null ? null : ReadOrNull(connection, Routes.TaskPart(task, "parameters"));

    public override string BudgetSource(Identifier task) => "GET " + Routes.TaskPart(task, "budget");

    public override byte[]? ReadPublishedBudget(Identifier task) => connection is null ? null : ReadOrNull(connection, Routes.TaskPart(task, "budget"));

    public override void Dispose()
    {
        anonymous.Dispose();
        signed?.Dispose();
        base.Dispose();
    }

    private static Identifier? TaskIn(Uri address)
    {
        string[] parts = address.AbsolutePath.Trim('/').Split('/');
        return parts is ["v1", "tasks", var name, ..] && Identifier.TryParse(name, out Identifier task) ? task : null;
    }

    private static ServiceConnection Connect(HttpClient http) => new(http, 5, TimeSpan.FromMilliseconds(200), TimeProvider.System);

    /// <summary>The verifier reads one file after the other and is not asynchronous; here is no context that waiting could block.</summary>
    private static byte[]? ReadOrNull(ServiceConnection connection, string path)
    {
        try
        {
            return connection.GetAsync(path).GetAwaiter().GetResult().Body;
        }
        catch (SecureFedException exception) when (exception.Code is ErrorCodes.UnknownResource or ErrorCodes.NotReady)
        {
            return null;
        }
    }

    private sealed class Files(ServiceConnection connection, Identifier task) : ILogSource
    {
        public byte[]? Read(string path) => ReadOrNull(connection, $"{Routes.TaskPart(task, DirectoryPlace.LogFolder)}/{path}");
    }

    private sealed class ServedBlobs(ServiceConnection connection, Identifier task) : IBlobSource
    {
        public ReadOnlyMemory<byte> Get(Digest digest) =>
            ReadOrNull(connection, $"{Routes.TaskPart(task, DirectoryPlace.BlobFolder)}/{digest}") ?? throw new KeyNotFoundException($"{DirectoryPlace.BlobFolder}/{digest} is missing.");
    }
}
