using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using SecureFed.Client;
using SecureFed.Client.Http;
using SecureFed.Protocol.Wire;
using SecureFed.Server;

namespace SecureFed.Service.Tests.Consortium;

/// <summary>The consortium's server once more, on a loopback port with a certificate made now.</summary>
internal sealed class KestrelServer : IAsyncDisposable
{
    private readonly TestConsortium consortium;
    private readonly WebApplication app;
    private readonly X509Certificate2 certificate;

    private KestrelServer(TestConsortium consortium, WebApplication app, X509Certificate2 certificate)
    {
        this.consortium = consortium;
        this.app = app;
        this.certificate = certificate;
        Address = new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());
    }

    public Uri Address { get; }

    public string Pin => PinnedHandler.PinOf(certificate);

    public static async Task<KestrelServer> StartAsync(TestConsortium consortium, string? store = null)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new("CN=localhost", key, HashAlgorithmName.SHA256);
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        using X509Certificate2 made = request.CreateSelfSigned(now.AddHours(-1), now.AddHours(1));
        X509Certificate2 own = X509CertificateLoader.LoadPkcs12(made.Export(X509ContentType.Pkcs12), null);
        WebApplication host = SecureFedServer.Create(
            new ServerOptions { Signer = consortium.ServerMember.Key, Roster = consortium.Roster, Store = store },
            own,
            new IPEndPoint(IPAddress.Loopback, 0));
        await host.StartAsync();
        return new KestrelServer(consortium, host, own);
    }

    public async Task<Identifier> CreateTaskAsync(Protocol.Resources.TaskDefinition definition)
    {
        using HttpClient http = SignedHttpClient.Create(Address, Pin, consortium.Operator.Id, consortium.Operator.Key);
        return Identifier.Parse((await new SecureFedOperator(http).CreateTaskAsync(definition)).TaskId);
    }

    public SecureFedClient ClientFor(int index, Identifier task, string? pin)
    {
        SecureFedClientOptions options = consortium.OptionsFor(index, task);
        (options.ServerAddress, options.ServerCertificatePin) = (Address, pin);
        return new SecureFedClient(SignedHttpClient.Create(Address, pin, options.ClientId, options.Signer!), options, TimeProvider.System);
    }

    public SecureFedOperator OperatorApi() => new(SignedHttpClient.Create(Address, Pin, consortium.Operator.Id, consortium.Operator.Key));

    public async ValueTask DisposeAsync()
    {
        await app.StopAsync();
        await app.DisposeAsync();
        certificate.Dispose();
    }
}
