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
        services.TryAddSingleton(options);
        services.TryAddSingleton(TimeProvider.System);
        return services
            .AddHttpClient<SecureFedClient>(http => SignedHttpClient.Configure(http, options.ServerAddress!))
            .ConfigurePrimaryHttpMessageHandler(() => PinnedHandler.Create(options.ServerCertificatePin))
            .AddHttpMessageHandler(provider => new RequestSigner(options.ClientId, options.Signer!, options.Random, provider.GetRequiredService<TimeProvider>()));
    }
}
