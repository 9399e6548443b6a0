using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using SecureFed.Server.Storage;

namespace SecureFed.Service.Tests.Storage;

/// <summary>A PostgreSQL that is reached over TLS, with a certificate of its own: the address says how far it is checked.</summary>
public sealed class PostgresTlsTests : IAsyncLifetime
{
    private readonly int port = FindPort();
    private readonly PostgresCluster cluster;

    public PostgresTlsTests() => cluster = new PostgresCluster
    {
        // Paths are relative to the data directory, which lies in the cluster's.
        Configuration = string.Create(CultureInfo.InvariantCulture, $"listen_addresses = '127.0.0.1'\nport = {port}\nssl = on\nssl_cert_file = '../server.crt'\nssl_key_file = '../server.key'\n"),
    };

    private string RootPath => Path.Combine(cluster.Directory, "server.crt");

    public async ValueTask InitializeAsync()
    {
        (string certificate, string key) = MakeCertificate("localhost");
        await File.WriteAllTextAsync(RootPath, certificate);
        string keyPath = Path.Combine(cluster.Directory, "server.key");
        await File.WriteAllTextAsync(keyPath, key);
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(keyPath, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        await cluster.InitializeAsync();
    }

    public ValueTask DisposeAsync() => cluster.DisposeAsync();

    [Fact]
    public async Task A_store_works_over_TLS_with_the_certificate_that_the_address_names_and_no_other()
    {
        cluster.Require();
        PostgresAddress address = AddressOf("localhost", "verify-full", RootPath);
        await using (PostgresReplica replica = await PostgresReplica.JoinAsync(address))
        {
            Assert.True(await replica.Store.AppendAsync(0, Stored.Entry(0), [Stored.Permanent(0), Stored.Words(0)]));
            Stored.AssertHolds(replica.Store, 0);
        }

        Assert.Equal(true, await PostgresCluster.ExecuteAsync(address, "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"));

        string other = Path.Combine(cluster.Directory, "other.crt");
        await File.WriteAllTextAsync(other, MakeCertificate("localhost").Certificate);
        await AssertRefusedAsync(AddressOf("localhost", "verify-full", other)); // Of the same name, but not the one.
        await AssertRefusedAsync(AddressOf("localhost", "verify-ca", other));
        await AssertRefusedAsync(AddressOf("localhost", "verify-full", null)); // No authority of this machine has signed it.
        await AssertRefusedAsync(AddressOf("127.0.0.1", "verify-full", RootPath)); // It is made out to another name.
        await (await PostgresReplica.OpenAsync(AddressOf("127.0.0.1", "verify-ca", RootPath))).DisposeAsync(); // Which this does not ask for.
        await (await PostgresReplica.OpenAsync(AddressOf("localhost", "require", null))).DisposeAsync();
    }

    private static async Task AssertRefusedAsync(PostgresAddress address)
    {
        StorageException refused = await Assert.ThrowsAsync<StorageException>(() => PostgresReplica.OpenAsync(address));
        Assert.False(refused.IsTransient);
        Assert.Contains("TLS", refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(PostgresCluster.Password, refused.ToString(), StringComparison.Ordinal);
    }

    private PostgresAddress AddressOf(string host, string mode, string? root) => PostgresAddress.Parse(string.Create(
        CultureInfo.InvariantCulture,
        $"postgres://securefed:{Uri.EscapeDataString(PostgresCluster.Password)}@{host}:{port}/postgres?sslmode={mode}{(root is null ? "" : "&sslrootcert=" + Uri.EscapeDataString(root))}"));

    private static (string Certificate, string Key) MakeCertificate(string name)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new($"CN={name}", key, HashAlgorithmName.SHA256);
        SubjectAlternativeNameBuilder names = new();
        names.AddDnsName(name);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: false, pathLengthConstraint: 0, critical: true));
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        using X509Certificate2 made = request.CreateSelfSigned(now.AddHours(-1), now.AddDays(1));
        return (made.ExportCertificatePem() + "\n", key.ExportPkcs8PrivateKeyPem() + "\n");
    }

    private static int FindPort()
    {
        using TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
