using System.Globalization;
using System.Net;
using Npgsql;

namespace SecureFed.Server.Storage;

/// <summary>Where the database is, read from <c>postgres://USER:PASSWORD@HOST:PORT/DATABASE?sslmode=…</c>. Its text and its errors never show the password.</summary>
/// <remarks>
/// Names and values are percent-encoded. Options: <c>sslmode</c> (disable, require, verify-ca, verify-full), <c>sslrootcert</c> (path), <c>host</c> (directory of a
/// local socket, with an empty host ahead). Anything else is refused, so that a misspelt option is not a silent default. Without <c>sslmode</c> a remote database
/// must speak TLS, because entries, signatures and the password cross the network; on this machine TLS is used if offered, and is not needed on a local socket.
/// 'allow' and 'prefer' are refused: whoever is on the path can turn TLS off. 'require' encrypts but does not prove who answers; 'verify-full' does.
/// </remarks>
internal sealed class PostgresAddress
{
    private const string Form = "The form is postgres://USER:PASSWORD@HOST:PORT/DATABASE?sslmode=verify-full, with percent escapes in names and password.";
    private readonly NpgsqlConnectionStringBuilder settings;

    private PostgresAddress(NpgsqlConnectionStringBuilder settings) => this.settings = settings;

    /// <summary>Holds the password: for opening connections only.</summary>
    public string ConnectionString => settings.ConnectionString;

    /// <summary>The same for a connection that is nobody else's: it listens, or holds a lock.</summary>
    public string ConnectionStringAlone => new NpgsqlConnectionStringBuilder(ConnectionString) { Pooling = false, MaxAutoPrepare = 0, KeepAlive = 5 }.ConnectionString;

    public string User => settings.Username!;

    public SslMode SslMode => settings.SslMode;

    public static PostgresAddress Parse(string text)
    {
        int scheme = text.IndexOf("://", StringComparison.Ordinal);
        if (scheme < 0 || text[..scheme] is not ("postgres" or "postgresql") || text.Contains('#', StringComparison.Ordinal))
            throw Refuse("it does not start with postgres://, or has a '#'");
        string[] front = text[(scheme + 3)..].Split('?', 2);
        string[] place = front[0].Split('/');
        string[] authority = place[0].Split('@');
        if (place.Length != 2 || authority.Length != 2 || place[1].Length == 0)
            throw Refuse("it does not have one user, one host and one database");
        string[] credentials = authority[0].Split(':');
        if (credentials.Length > 2 || credentials[0].Length == 0)
            throw Refuse("it does not have one user with one password");

        (string host, int port) = HostAndPort(authority[1]);
        NpgsqlConnectionStringBuilder read = new()
        {
            Host = host,
            Port = port,
            Username = Unescape(credentials[0]),
            Password = credentials.Length == 2 ? Unescape(credentials[1]) : null,
            Database = Unescape(place[1]),
            ApplicationName = "securefed",
            Timeout = 5,
            CommandTimeout = 30,
            MaxPoolSize = 20,
            MaxAutoPrepare = 32,
            AutoPrepareMinUsages = 2,
            Enlist = false,
            GssEncryptionMode = GssEncryptionMode.Disable,
        };
        SslMode? sslMode = null;
        foreach ((string name, string value) in Options(front.Length == 2 ? front[1] : ""))
        {
            if (name is "sslmode")
                sslMode = SslModeOf(value);
            else if (name is "sslrootcert")
                read.RootCertificate = value;
            else if (name is "host" && host.Length == 0 && value.StartsWith('/'))
                read.Host = value;
            else
                throw Refuse("it has an unknown or repeated option; sslmode, sslrootcert and host (the directory of a local socket, with no other host) are known");
        }

        if (read.Host!.Length == 0)
            throw Refuse("it has no host");
        read.SslMode = sslMode ?? DefaultSslMode(read.Host);
        if (!read.Host.StartsWith('/')) // The server gives up a peer that vanished, and with it the peer's lock, within about 11 s.
            read.Options = "-c tcp_keepalives_idle=5 -c tcp_keepalives_interval=2 -c tcp_keepalives_count=3";
        return new PostgresAddress(read);
    }

    /// <summary>Host, port and database.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{settings.Host}:{settings.Port}/{settings.Database}");

    private static SslMode DefaultSslMode(string host)
    {
        if (host.StartsWith('/'))
            return SslMode.Disable;
        bool isLocal = host is "localhost" || (IPAddress.TryParse(host, out IPAddress? address) && IPAddress.IsLoopback(address));
        return isLocal ? SslMode.Prefer : SslMode.Require;
    }

    private static SslMode SslModeOf(string value) => value switch
    {
        "disable" => SslMode.Disable,
        "require" => SslMode.Require,
        "verify-ca" => SslMode.VerifyCA,
        "verify-full" => SslMode.VerifyFull,
        "allow" or "prefer" => throw Refuse("sslmode allow and prefer can be turned off by whoever is on the path; choose require, verify-ca or verify-full"),
        _ => throw Refuse("its sslmode is unknown; disable, require, verify-ca and verify-full are known"),
    };

    private static (string Host, int Port) HostAndPort(string text)
    {
        int colon = text.StartsWith('[') ? text.IndexOf("]:", StringComparison.Ordinal) + 1 : text.IndexOf(':', StringComparison.Ordinal);
        string host = colon > 0 ? text[..colon] : text;
        if (host.StartsWith('['))
            host = host.EndsWith(']') ? host[1..^1] : throw Refuse("its host has no closing bracket");
        else if (host.Contains(':', StringComparison.Ordinal))
            throw Refuse("its host is not a name or an address");
        if (colon <= 0)
            return (Unescape(host), NpgsqlConnection.DefaultPort);
        return ushort.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out ushort port) && port > 0
            ? (Unescape(host), port)
            : throw Refuse("its port is not a number from 1 to 65535");
    }

    private static IEnumerable<(string Name, string Value)> Options(string text)
    {
        HashSet<string> seen = new(StringComparer.Ordinal);
        foreach (string option in text.Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            string[] parts = option.Split('=', 2);
            // A name that was there already comes back as one that nobody knows.
            yield return (parts.Length == 2 && seen.Add(parts[0]) ? parts[0] : "", Unescape(parts[^1]));
        }
    }

    private static string Unescape(string text)
    {
        for (int i = text.IndexOf('%', StringComparison.Ordinal); i >= 0; i = text.IndexOf('%', i + 1))
        {
            if (i + 2 >= text.Length || !char.IsAsciiHexDigit(text[i + 1]) || !char.IsAsciiHexDigit(text[i + 2]))
                throw Refuse("a '%' is not followed by two hexadecimal digits");
        }

        return Uri.UnescapeDataString(text);
    }

    /// <summary>Nothing of the text is shown: a password that was not escaped can be anywhere in it.</summary>
    private static StorageException Refuse(string reason) => new($"The address of the database is not understood: {reason}. {Form}");
}
