using System.Diagnostics;
using Npgsql;
using SecureFed.Server.Storage;
using SecureFed.Service.Tests.Consortium;

namespace SecureFed.Service.Tests.Storage;

/// <summary>A private PostgreSQL in a temporary directory, reached by a local socket; fsync is on, and nothing is flushed but by a commit. Absent binaries skip its tests, and fail them under CI=true.</summary>
public sealed class PostgresCluster : IAsyncLifetime
{
    public const string Password = "not/so@secret %";
    public const string Database = "test";
    private const string User = "securefed";
    private readonly TemporaryDirectory directory = new();
    private string? missing;
    private bool isStarted;
    private bool hasDatabase;

    /// <summary>Further lines of its configuration.</summary>
    internal string Configuration { get; init; } = "";

    /// <summary>Of the socket.</summary>
    public string Directory => directory.Path;

    private string Data => directory.File("data");

    private static bool IsRoot => !OperatingSystem.IsWindows() && Environment.UserName == "root";

    public async ValueTask InitializeAsync()
    {
        if (OperatingSystem.IsWindows() || FindBinary("initdb") is null)
        {
            missing = "PostgreSQL is not installed (initdb, pg_ctl and postgres in PATH or /usr/lib/postgresql/*/bin).";
            return;
        }

        string password = directory.File("password");
        await File.WriteAllTextAsync(password, Password);
        if (IsRoot) // The database refuses to run as root.
            await RunAsync("chown", "-R", await ServiceUserAsync(), directory.Path);
        await RunAsServiceAsync("initdb", "-D", Data, "-U", User, "-A", "scram-sha-256", $"--pwfile={password}", "-E", "UTF8", "--locale=C", "--no-sync");
        await File.AppendAllTextAsync(Path.Combine(Data, "postgresql.conf"), $"\nlisten_addresses = ''\nunix_socket_directories = '{directory.Path}'\nfsync = on\nshared_buffers = 32MB\nwal_writer_delay = 10s\n{Configuration}");
        await StartAsync();
        isStarted = true;
    }

    public async ValueTask DisposeAsync()
    {
        if (isStarted)
            await StopAsync();
        directory.Dispose();
    }

    /// <summary>The address of a database without tables, which belongs to the caller until the next call: an empty one costs less than a new one.</summary>
    internal async Task<PostgresAddress> CreateDatabaseAsync()
    {
        Require();
        if (!hasDatabase)
            await ExecuteAsync(AddressOf("postgres"), $"CREATE DATABASE {Database}");
        hasDatabase = true;
        await ExecuteAsync(AddressOf(Database), "DROP SCHEMA IF EXISTS securefed CASCADE");
        return AddressOf(Database);
    }

    /// <param name="database">Name.</param>
    /// <param name="socketDirectory">Null for the database's own.</param>
    /// <param name="password">Null for the right one.</param>
    internal PostgresAddress AddressOf(string database, string? socketDirectory = null, string? password = null) =>
        PostgresAddress.Parse(UriOf(database, socketDirectory, password));

    /// <summary>The same as an operator writes it.</summary>
    internal string UriOf(string database = Database, string? socketDirectory = null, string? password = null) =>
        $"postgres://{User}:{Uri.EscapeDataString(password ?? Password)}@/{database}?host={Uri.EscapeDataString(socketDirectory ?? Directory)}";

    internal static async Task<object?> ExecuteAsync(PostgresAddress address, string sql)
    {
        await using NpgsqlConnection connection = new(address.ConnectionStringAlone);
        await connection.OpenAsync();
        await using NpgsqlCommand command = new(sql, connection);
        return await command.ExecuteScalarAsync();
    }

    public void Require()
    {
        if (missing is null)
            return;
        Assert.SkipWhen(!string.Equals(Environment.GetEnvironmentVariable("CI"), "true", StringComparison.OrdinalIgnoreCase), missing);
        Assert.Fail(missing);
    }

    public Task StartAsync() => RunAsServiceAsync("pg_ctl", "-D", Data, "-l", directory.File("log"), "-w", "start");

    /// <summary>As if it had crashed: what was not flushed is gone, and it recovers when it starts.</summary>
    public Task StopAsync() => RunAsServiceAsync("pg_ctl", "-D", Data, "-w", "-m", "immediate", "stop");

    public Task RestartAsync() => RunAsServiceAsync("pg_ctl", "-D", Data, "-l", directory.File("log"), "-w", "-m", "immediate", "restart");

    private static string? FindBinary(string name)
    {
        IEnumerable<string> installed = System.IO.Directory.Exists("/usr/lib/postgresql") ? System.IO.Directory.GetDirectories("/usr/lib/postgresql").OrderDescending(StringComparer.Ordinal).Select(d => Path.Combine(d, "bin")) : [];
        return installed.Concat((Environment.GetEnvironmentVariable("PATH") ?? "").Split(':')).Select(d => Path.Combine(d, name)).FirstOrDefault(IsThere);
    }

    /// <summary>A link that leads nowhere is not.</summary>
    private static bool IsThere(string path)
    {
        FileInfo file = new(path);
        return file.Exists && (file.ResolveLinkTarget(returnFinalTarget: true)?.Exists ?? true);
    }

    private static async Task<string> ServiceUserAsync() =>
        (await File.ReadAllLinesAsync("/etc/passwd")).Any(l => l.StartsWith("postgres:", StringComparison.Ordinal)) ? "postgres" : "nobody";

    private static async Task RunAsServiceAsync(string binary, params string[] arguments)
    {
        string path = FindBinary(binary)!;
        if (IsRoot)
            await RunAsync("runuser", ["-u", await ServiceUserAsync(), "--", path, .. arguments]);
        else
            await RunAsync(path, arguments);
    }

    private static async Task RunAsync(string command, params string[] arguments)
    {
        ProcessStartInfo start = new(command, arguments) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = "/" };
        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, $"{command} {string.Join(' ', arguments)}: {await errors}{await output}");
    }
}
