using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using SecureFed.Client.Http;

namespace SecureFed.Client;

/// <summary>How an application adds the client.</summary>
public static class ServiceCollectionExtensions
{
    /// <summary>Adds <see cref="SecureFedClient"/> as a typed HTTP client: TLS 1.3 with the pinned certificate, every request signed.</summary>
    public static IHttpClientBuilder AddSecureFedClient(this IServiceCollection services, Action<SecureFedClientOptions> configure)
    {
        SecureFedClientOptions options = new();
        configure(options);
        options.Validate();
        services.TryAddSingleton(TimeProvider.System);

        // A name per task and identity, and options captured instead of registered: a second client keeps its own.
        return services
            .AddHttpClient($"securefed {options.TaskId} {options.ClientId}", http => SignedHttpClient.Configure(http, options.ServerAddress!))
            .AddTypedClient((http, provider) => new SecureFedClient(http, options, provider.GetRequiredService<TimeProvider>()))
            .ConfigurePrimaryHttpMessageHandler(() => PinnedHandler.Create(options.ServerCertificatePin))
            .AddHttpMessageHandler(provider => new RequestSigner(options.ClientId, options.Signer!, options.Random, provider.GetRequiredService<TimeProvider>()));
    }
}
