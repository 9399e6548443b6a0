using System.Net;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection.Extensions;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Resources;
using SecureFed.Server.Enrolment;
using SecureFed.Server.Http;
using SecureFed.Server.Storage;
using SecureFed.Server.Tasks;

namespace SecureFed.Server;

/// <summary>The REST service: how a host adds it, and a ready host on Kestrel.</summary>
public static class SecureFedServer
{
    /// <summary>Registers the service's parts.</summary>
    public static IServiceCollection AddSecureFedServer(this IServiceCollection services, ServerOptions options)
    {
        services.AddSingleton(options);
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton<RosterDesk>();
        services.AddSingleton<TaskRegistry>();
        services.AddHostedService(provider => provider.GetRequiredService<TaskRegistry>());
        services.AddSingleton(provider => new NonceMemory(provider.GetRequiredService<TimeProvider>(), 2 * options.RequestLifetime));
        services.ConfigureHttpJsonOptions(json => ResourceJson.Configure(json.SerializerOptions));
        services.Configure<RouteHandlerOptions>(routes => routes.ThrowOnBadRequest = true); // CatchAsync words the answer.
        services.AddRouting();
        services.AddOpenApi("v1");
        return services;
    }

    /// <summary>Adds routing, authentication and the endpoints to a pipeline.</summary>
    public static IApplicationBuilder UseSecureFedServer(this IApplicationBuilder app)
    {
        app.Use(CatchAsync);
        app.UseRouting();
        app.UseMiddleware<RequestAuthentication>();
        app.UseEndpoints(endpoints =>
        {
            RosterEndpoints.Map(endpoints);
            RouteGroupBuilder ofTasks = endpoints.MapGroup("").AddEndpointFilter(ReplicaLag.WaitAsync);
            TaskEndpoints.Map(ofTasks);
            RoundEndpoints.Map(ofTasks);
            HolderEndpoints.Map(ofTasks);
            ChangeEndpoints.Map(ofTasks);
            LogEndpoints.Map(endpoints);
            endpoints.MapGet("/healthz", () => Results.Text("ok")).WithName("Health").WithMetadata(PublicEndpoint.Instance);
            endpoints.MapGet("/readyz", Ready).WithName("Ready").WithMetadata(PublicEndpoint.Instance);
            endpoints.MapOpenApi("/openapi/{documentName}.json").WithMetadata(PublicEndpoint.Instance);
        });
        return app;
    }

    /// <summary>A host on Kestrel, TLS 1.3 only.</summary>
    /// <param name="options">Identity and roster.</param>
    /// <param name="certificate">Server certificate; clients pin its key or trust its issuer.</param>
    /// <param name="endpoint">Address and port; port 0 picks a free one.</param>
    /// <param name="configureLogging">Default: warnings to the console's error stream.</param>
    public static WebApplication Create(ServerOptions options, X509Certificate2 certificate, IPEndPoint endpoint, Action<ILoggingBuilder>? configureLogging = null)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        configureLogging?.Invoke(builder.Logging);
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = null; // Each resource has its own limit, see BodyLimits.
            kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(10);
            kestrel.Listen(endpoint, listen =>
            {
                listen.Protocols = HttpProtocols.Http1AndHttp2;
                listen.UseHttps(certificate, https => https.SslProtocols = System.Security.Authentication.SslProtocols.Tls13);
            });
        });
        builder.Services.AddSecureFedServer(options);
        WebApplication app = builder.Build();
        app.UseSecureFedServer();
        return app;
    }

    /// <summary>Tells everybody that nothing can be written now, but neither which task nor why: that is in the server's log.</summary>
    private static IResult Ready(TaskRegistry registry) => registry.IsReady
        ? Results.Text("ready")
        : ProblemResponses.Of(
            ErrorCodes.StorageUnavailable,
            "The server cannot write its logs, so it accepts nothing; reading goes on. Its log lines name the cause: check the disk or the database, and start the server again if they say so.",
            StatusCodes.Status503ServiceUnavailable);

    /// <summary>Routing answers an unknown path or method with a bare status; here it gets problem details like every other refusal.</summary>
    private static Task DescribeAsync(HttpContext context) => context.Response.StatusCode switch
    {
        StatusCodes.Status404NotFound => ProblemResponses.Of(ErrorCodes.UnknownResource, "No such resource; /openapi/v1.json lists all of them.").ExecuteAsync(context),
        StatusCodes.Status405MethodNotAllowed =>
            ProblemResponses.Of(ErrorCodes.MethodNotAllowed, "This resource does not take this method; /openapi/v1.json lists those that it takes.").ExecuteAsync(context),
        _ => Task.CompletedTask,
    };

    private static async Task CatchAsync(HttpContext context, RequestDelegate next)
    {
        try
        {
            await next(context);
            if (context.Response is { HasStarted: false, ContentType: null })
                await DescribeAsync(context);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // The client went away; nobody reads an answer.
        }
        catch (Microsoft.AspNetCore.Http.BadHttpRequestException exception) when (!context.Response.HasStarted)
        {
            await ProblemResponses.Of(ErrorCodes.InvalidMessage, $"The request is malformed: {exception.Message}").ExecuteAsync(context);
        }
        catch (StorageException exception) when (!context.Response.HasStarted)
        {
            context.Response.Headers.RetryAfter = "1";
            await ProblemResponses.Of(exception.Code, exception.Message).ExecuteAsync(context);
        }
        catch (Exception exception) when (!context.Response.HasStarted)
        {
            Log.RequestFailed(context.RequestServices.GetRequiredService<ILoggerFactory>().CreateLogger(typeof(SecureFedServer)), exception);
            await ProblemResponses.Of(ErrorCodes.InternalError, "The server failed; nothing was acknowledged. Try again, then tell the operator.").ExecuteAsync(context);
        }
    }
}
