using System.Net;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using SecureFed.Protocol.Transparency.Log;

namespace SecureFed.Server.Witnessing;

/// <summary>The witness role as a host on Kestrel.</summary>
/// <remarks>
/// C2SP tlog-witness. <c>POST /add-checkpoint</c> and <c>GET /{hash of origin}/checkpoint</c> are the specification's; <c>GET /vkey</c> is for people who set a
/// policy up, who compare it with what the witness's owner tells them. Plain HTTP is permitted: the log's and the witness's signatures authenticate everything.
/// </remarks>
public static class SecureFedWitness
{
    private const string Text = "text/plain; charset=utf-8";

    /// <param name="options">Key, logs and state.</param>
    /// <param name="endpoint">Address and port; port 0 picks a free one.</param>
    /// <param name="certificate">Null: plain HTTP.</param>
    /// <param name="configureLogging">Default: none.</param>
    /// <exception cref="Protocol.Errors.SecureFedException">The state directory is in use, or a state file is damaged.</exception>
    public static WebApplication Create(WitnessOptions options, IPEndPoint endpoint, X509Certificate2? certificate = null, Action<ILoggingBuilder>? configureLogging = null)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        configureLogging?.Invoke(builder.Logging);
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = AddCheckpointRequest.GreatestBytes;
            kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(10);
            kestrel.Listen(endpoint, listen =>
            {
                listen.Protocols = certificate is null ? HttpProtocols.Http1 : HttpProtocols.Http1AndHttp2;
                if (certificate is not null)
                    listen.UseHttps(certificate, https => https.SslProtocols = System.Security.Authentication.SslProtocols.Tls13);
            });
        });

        // The container owns what its factory makes, and so releases the lock.
        builder.Services.AddSingleton(services => new WitnessDesk(options, services.GetRequiredService<ILoggerFactory>().CreateLogger(typeof(SecureFedWitness))));
        WebApplication app = builder.Build();
        try
        {
            Map(app, app.Services.GetRequiredService<WitnessDesk>());
            return app;
        }
        catch
        {
            ((IDisposable)app).Dispose();
            throw;
        }
    }

    private static void Map(WebApplication app, WitnessDesk desk)
    {
        app.MapPost("/add-checkpoint", async context =>
        {
            try
            {
                await AnswerAsync(context, desk, await ReadAsync(context.Request));
            }
            catch (Microsoft.AspNetCore.Http.BadHttpRequestException exception)
            {
                await WriteAsync(context, exception.StatusCode, Text, exception.Message + "\n");
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException && !context.RequestAborted.IsCancellationRequested)
            {
                Log.WitnessStoreFailed(app.Logger, exception);
                await WriteAsync(context, StatusCodes.Status503ServiceUnavailable, Text, "The witness could not store the checkpoint and did not cosign it.\n");
            }
        });
        app.MapGet("/{originHash}/checkpoint", (string originHash) => desk.Find(originHash) is { } note ? Results.Bytes(note, Text) : Results.NotFound());
        app.MapGet("/vkey", () => Results.Text(desk.Verifier + "\n"));
    }

    private static async Task<byte[]> ReadAsync(HttpRequest request)
    {
        using MemoryStream body = new();
        await request.Body.CopyToAsync(body, request.HttpContext.RequestAborted);
        return body.ToArray();
    }

    private static Task AnswerAsync(HttpContext context, WitnessDesk desk, byte[] body)
    {
        string line = desk.AddCheckpoint(body, out WitnessRefusal? refusal);
        return refusal is null
            ? WriteAsync(context, StatusCodes.Status200OK, Text, line)
            : WriteAsync(context, refusal.Status, refusal.ContentType, refusal.Body);
    }

    private static Task WriteAsync(HttpContext context, int status, string type, string body)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = type;
        return context.Response.WriteAsync(body, context.RequestAborted);
    }
}
