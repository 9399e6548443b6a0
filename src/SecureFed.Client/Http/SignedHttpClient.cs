using SecureFed.Cryptography.Keys;
using SecureFed.Cryptography.Randomness;
using SecureFed.Protocol.Wire;

namespace SecureFed.Client.Http;

/// <summary>An HTTP client that pins the server and signs requests, for programs without dependency injection.</summary>
public static class SignedHttpClient
{
    /// <summary>No answer is longer: the largest are models of 2^25 parameters and cohorts of a million clients.</summary>
    private const long GreatestResponseBytes = 512L * 1024 * 1024;

    public static HttpClient Create(Uri serverAddress, string? certificatePin, Identifier identity, ISigner signer, TimeProvider? time = null)
    {
        HttpClient http = new(new RequestSigner(identity, signer, OperatingSystemRandomSource.Instance, time ?? TimeProvider.System)
        {
            InnerHandler = PinnedHandler.Create(certificatePin),
        });
        Configure(http, serverAddress);
        return http;
    }

    internal static void Configure(HttpClient http, Uri serverAddress)
    {
        http.BaseAddress = serverAddress;
        http.MaxResponseContentBufferSize = GreatestResponseBytes;
        http.Timeout = TimeSpan.FromMinutes(5); // Longer than any long poll; the server answers within 30 s.
    }
}
