using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using SecureFed.Cryptography.Randomness;
using SecureFed.Protocol.Transparency.Log;
using SecureFed.Server.Witnessing;

namespace SecureFed.Service.Tests.Witnessing;

/// <summary>A witness on a loopback port, and a bare client of it.</summary>
internal sealed class RunningWitness : IAsyncDisposable
{
    private readonly WebApplication app;
    private readonly HttpClient http;

    private RunningWitness(WebApplication app, WitnessKey key)
    {
        this.app = app;
        Address = new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());
        http = new HttpClient { BaseAddress = Address };
        Endpoint = new WitnessEndpoint(Address, key.Verifier);
    }

    public Uri Address { get; }

    public WitnessEndpoint Endpoint { get; }

    public static WitnessKey NewKey(string name = "witness.test/w1") => WitnessKey.Generate(name, OperatingSystemRandomSource.Instance);

    public static async Task<RunningWitness> StartAsync(string directory, WitnessKey key, NoteVerifier log, TimeProvider? time = null)
    {
        WebApplication host = Create(directory, key, log, time);
        await host.StartAsync();
        return new RunningWitness(host, key);
    }

    public static WebApplication Create(string directory, WitnessKey key, NoteVerifier log, TimeProvider? time = null) => SecureFedWitness.Create(
        new WitnessOptions { Key = key, Logs = [log], StateDirectory = directory, Time = time ?? TimeProvider.System },
        new IPEndPoint(IPAddress.Loopback, 0));

    public async Task<(int Status, string? Type, string Body)> AddCheckpointAsync(byte[] request)
    {
        using ByteArrayContent body = new(request);
        using HttpResponseMessage response = await http.PostAsync("/add-checkpoint", body);
        return ((int)response.StatusCode, response.Content.Headers.ContentType?.MediaType, await response.Content.ReadAsStringAsync());
    }

    public async Task<(int Status, string Body)> GetAsync(string path)
    {
        using HttpResponseMessage response = await http.GetAsync(path);
        return ((int)response.StatusCode, await response.Content.ReadAsStringAsync());
    }

    public async ValueTask DisposeAsync()
    {
        http.Dispose();
        await app.StopAsync();
        await app.DisposeAsync();
    }
}
