using System.Net;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using SecureFed.Client;
using SecureFed.Client.Http;
using SecureFed.Server;

namespace SecureFed.Cli.Attack;

/// <summary>The real service on Kestrel with its genuine key, and in front of it a middleware that lies as the current scene says.</summary>
/// <remarks>One scene at a time; run several servers to try several deviations at once.</remarks>
internal sealed class HostileServer : IAsyncDisposable
{
    private readonly WebApplication app;
    private readonly X509Certificate2 certificate;
    private readonly HttpClient[] connections;
    private readonly HttpClient operatorConnection;
    private volatile Scene? scene;

    private HostileServer(HostileConsortium consortium, WebApplication host, X509Certificate2 tls)
    {
        Consortium = consortium;
        app = host;
        certificate = tls;
        Address = new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());
        connections = [.. consortium.Clients.Select(client => ConnectAs(client))];
        operatorConnection = ConnectAs(consortium.Operator);
    }

    public HostileConsortium Consortium { get; }

    public Uri Address { get; }

    public string CertificatePin => PinnedHandler.PinOf(certificate);

    public SecureFedOperator Operator => new(operatorConnection);

    public static async Task<HostileServer> StartAsync(HostileConsortium consortium, CancellationToken cancellationToken)
    {
        X509Certificate2 tls = LoopbackCertificate.Create();
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Limits.MaxRequestBodySize = null;
            kestrel.Listen(new IPEndPoint(IPAddress.Loopback, 0), listen =>
            {
                listen.Protocols = HttpProtocols.Http1AndHttp2;
                listen.UseHttps(tls, https => https.SslProtocols = SslProtocols.Tls13);
            });
        });
        builder.Services.AddSecureFedServer(new ServerOptions { Signer = consortium.Server.Key, Roster = consortium.Roster });
        WebApplication host = builder.Build();
        HostileServer? server = null;
        host.Use((HttpContext context, RequestDelegate next) => server?.scene is { } current ? Interception.InvokeAsync(context, next, current) : next(context));
        host.UseSecureFedServer();
        await host.StartAsync(cancellationToken);
        return server = new HostileServer(consortium, host, tls);
    }

    /// <summary>From now on the server lies as this scene says; null makes it honest.</summary>
    public void Play(Scene? next) => scene = next;

    /// <summary>A client's connections, kept for all scenes.</summary>
    public HttpClient ConnectionOf(int client) => connections[client];

    public HttpClient ConnectAs(Party party, string? pin = null) =>
        SignedHttpClient.Create(Address, pin ?? CertificatePin, party.Id, party.Key);

    public async ValueTask DisposeAsync()
    {
        foreach (HttpClient connection in connections.Append(operatorConnection))
            connection.Dispose();
        await app.StopAsync(CancellationToken.None);
        await app.DisposeAsync();
        certificate.Dispose();
        Consortium.Dispose();
    }
}
