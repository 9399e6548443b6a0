using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using Polly;
using Polly.Retry;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Requests;
using SecureFed.Protocol.Resources;

namespace SecureFed.Client.Http;

/// <summary>An answer of the service: its status and whole body.</summary>
internal readonly record struct ServiceResponse(HttpStatusCode Status, byte[] Body, string? ETag);

/// <summary>One request after the other to the service: retries what may pass, turns problem details into typed exceptions, counts bytes.</summary>
internal sealed class ServiceConnection
{
    private readonly HttpClient http;
    private readonly ResiliencePipeline<ServiceResponse> retries;
    private long bytesUp;
    private long bytesDown;

    public ServiceConnection(HttpClient http, int greatestAttempts, TimeSpan firstDelay, TimeProvider time)
    {
        this.http = http;
        ResiliencePipelineBuilder<ServiceResponse> builder = new() { TimeProvider = time };
        if (greatestAttempts > 1)
        {
            builder.AddRetry(new RetryStrategyOptions<ServiceResponse>
            {
                ShouldHandle = new PredicateBuilder<ServiceResponse>().Handle<HttpRequestException>(IsTransient).HandleResult(r => IsTransient(r.Status)),
                MaxRetryAttempts = greatestAttempts - 1,
                Delay = firstDelay,
                BackoffType = DelayBackoffType.Exponential,
                UseJitter = true,
            });
        }

        retries = builder.Build();
    }

    /// <summary>Bytes of request bodies so far.</summary>
    public long BytesUp => Interlocked.Read(ref bytesUp);

    /// <summary>Bytes of response bodies so far.</summary>
    public long BytesDown => Interlocked.Read(ref bytesDown);

    public Task<ServiceResponse> GetAsync(string path, TimeSpan? wait = null, string? knownETag = null, CancellationToken cancellationToken = default) =>
        SendAsync(
            () =>
            {
                HttpRequestMessage request = new(HttpMethod.Get, path);
                if (wait is { } patience)
                    request.Headers.TryAddWithoutValidation("Prefer", FormattableString.Invariant($"wait={(int)patience.TotalSeconds}"));
                if (knownETag is not null)
                    request.Headers.TryAddWithoutValidation("If-None-Match", knownETag);
                return request;
            },
            cancellationToken);

    public Task<ServiceResponse> PutAsync(string path, string message, ReadOnlyMemory<byte> body, CancellationToken cancellationToken = default) =>
        SendAsync(() => WithBody(HttpMethod.Put, path, MediaTypes.Of(message), body), cancellationToken);

    public Task<ServiceResponse> PostAsync(string path, ReadOnlyMemory<byte> json, CancellationToken cancellationToken = default) =>
        SendAsync(() => WithBody(HttpMethod.Post, path, MediaTypes.Json, json), cancellationToken);

    public Task<ServiceResponse> PostMessageAsync(string path, string message, ReadOnlyMemory<byte> body, CancellationToken cancellationToken = default) =>
        SendAsync(() => WithBody(HttpMethod.Post, path, MediaTypes.Of(message), body), cancellationToken);

    private async Task<ServiceResponse> SendAsync(Func<HttpRequestMessage> createRequest, CancellationToken cancellationToken)
    {
        ServiceResponse response;
        try
        {
            response = await retries.ExecuteAsync(async token => await SendOnceAsync(createRequest, token), cancellationToken);
        }
        catch (HttpRequestException exception) when (exception.HttpRequestError == HttpRequestError.ConfigurationLimitExceeded)
        {
            throw new SecureFedException(ErrorCodes.InvalidMessage, "The server's answer is longer than any that this protocol knows; check the address and the versions of client and server.", false, exception);
        }
        catch (HttpRequestException exception)
        {
            throw new SecureFedException(
                ErrorCodes.ServerUnreachable,
                $"The server at {http.BaseAddress} does not answer ({exception.HttpRequestError}). Check the address, the certificate pin and whether the server runs; nothing is lost, start again later.",
                IsTransient(exception),
                exception);
        }

        return (int)response.Status < 400 ? response : throw ToException(response);
    }

    private async Task<ServiceResponse> SendOnceAsync(Func<HttpRequestMessage> createRequest, CancellationToken cancellationToken)
    {
        using HttpRequestMessage request = createRequest();
        using HttpResponseMessage response = await SendInTimeAsync(request, cancellationToken);
        byte[] body = await response.Content.ReadAsByteArrayAsync(cancellationToken);
        Interlocked.Add(ref bytesUp, request.Content?.Headers.ContentLength ?? 0);
        Interlocked.Add(ref bytesDown, body.Length);
        return new ServiceResponse(response.StatusCode, body, response.Headers.ETag?.ToString());
    }

    /// <summary>HttpClient reports its own timeout as a cancellation, which nobody asked for.</summary>
    private async Task<HttpResponseMessage> SendInTimeAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        try
        {
            return await http.SendAsync(request, HttpCompletionOption.ResponseContentRead, cancellationToken);
        }
        catch (OperationCanceledException exception) when (!cancellationToken.IsCancellationRequested)
        {
            throw new HttpRequestException(HttpRequestError.ConnectionError, "The request timed out.", exception);
        }
    }

    private static HttpRequestMessage WithBody(HttpMethod method, string path, string mediaType, ReadOnlyMemory<byte> body)
    {
        ReadOnlyMemoryContent content = new(body);
        content.Headers.ContentType = MediaTypeHeaderValue.Parse(mediaType);
        return new HttpRequestMessage(method, path) { Content = content };
    }

    // A wrong certificate stays wrong; everything else on the way to the server may pass.
    private static bool IsTransient(HttpRequestException exception) =>
        exception.HttpRequestError is not (HttpRequestError.SecureConnectionError or HttpRequestError.ConfigurationLimitExceeded);

    private static bool IsTransient(HttpStatusCode status) =>
        status is HttpStatusCode.TooManyRequests or HttpStatusCode.BadGateway or HttpStatusCode.ServiceUnavailable or HttpStatusCode.GatewayTimeout or HttpStatusCode.InternalServerError or HttpStatusCode.InsufficientStorage;

    private static SecureFedException ToException(ServiceResponse response)
    {
        try
        {
            using JsonDocument problem = JsonDocument.Parse(response.Body);
            string code = problem.RootElement.GetProperty("code").GetString() ?? ErrorCodes.InternalError;
            string detail = problem.RootElement.GetProperty("detail").GetString() ?? "";
            return new SecureFedException(code, detail, IsTransient(response.Status));
        }
        catch (Exception exception) when (exception is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            return new SecureFedException(
                ErrorCodes.InternalError,
                $"The server answered {(int)response.Status} without problem details; check that the address is a SecureFed server.",
                IsTransient(response.Status),
                exception);
        }
    }

    /// <summary>Reads a JSON resource.</summary>
    /// <exception cref="SecureFedException">The body is not that resource.</exception>
    public static T ReadJson<T>(ServiceResponse response)
    {
        try
        {
            return JsonSerializer.Deserialize<T>(response.Body, ResourceJson.Options) ?? throw new JsonException("null");
        }
        catch (JsonException exception)
        {
            throw new SecureFedException(ErrorCodes.InvalidMessage, $"The server's answer is no {typeof(T).Name}; check the versions of client and server.", false, exception);
        }
    }
}
