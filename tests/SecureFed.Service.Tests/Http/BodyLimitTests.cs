using System.Net;
using System.Security.Cryptography;
using SecureFed.Protocol.Requests;
using SecureFed.Protocol.Wire;
using SecureFed.Service.Tests.Consortium;

namespace SecureFed.Service.Tests.Http;

/// <summary>A body is read up to what its resource can need, known from the task before the first byte comes.</summary>
public class BodyLimitTests(TestConsortium consortium)
{
    private const int Dimension = 1000;

    [Theory]
    [InlineData("keys", 1024)]
    [InlineData("shares", 4096)]
    [InlineData("uploads", 1024 + 4 * (Dimension + 1))]
    [InlineData("confirmations", 1024)]
    [InlineData("unmask", 4096)]
    public async Task A_message_longer_than_its_kind_allows_is_refused_before_it_is_read(string part, int greatestLimit)
    {
        Identifier task = await consortium.CreateTaskAsync(Definitions.Vector(Dimension));
        using HandSteppedClient client = await HandSteppedClient.JoinAsync(consortium, 0, task);
        await client.PutAsync(part, new byte[greatestLimit + 1]).AssertProblemAsync(HttpStatusCode.RequestEntityTooLarge, "payload-too-large");

        EndlessContent endless = new();
        SignedRequest request = SignedRequest.From(client.Member, HttpMethod.Put, client.PathOf(part)) with { Digest = ContentDigest.Of("never seen"u8) };
        using HttpClient http = consortium.Unsigned();
        using CancellationTokenSource stop = new(TimeSpan.FromSeconds(20));
        using HttpResponseMessage response = await http.SendAsync(request.Build(m => m.Content = endless), HttpCompletionOption.ResponseHeadersRead, stop.Token);
        await response.AssertProblemAsync(HttpStatusCode.RequestEntityTooLarge, "payload-too-large");
        Assert.InRange(endless.Written, 1, greatestLimit + 256 * 1024); // The transport's own buffers, not the server's memory.
    }

    [Fact]
    public async Task A_whole_upload_fits()
    {
        Identifier task = await consortium.CreateTaskAsync(Definitions.Vector(Dimension));
        using HandSteppedClient client = await HandSteppedClient.JoinAsync(consortium, 0, task);
        await client.PutAsync("uploads", RandomNumberGenerator.GetBytes(4 * (Dimension + 1) + 200)).AssertProblemAsync(HttpStatusCode.BadRequest, "unsupported-version", "invalid-message");
    }

    [Fact]
    public async Task A_definition_of_more_than_a_mebibyte_is_refused()
    {
        using HttpClient http = consortium.HttpFor(consortium.Operator);
        await http.PostAsync(Routes.Tasks, new ByteArrayContent(new byte[(1 << 20) + 1])).AssertProblemAsync(HttpStatusCode.RequestEntityTooLarge, "payload-too-large");
        await http.PostAsync(Routes.Tasks, new ByteArrayContent(new byte[1 << 20])).AssertProblemAsync(HttpStatusCode.UnprocessableEntity, "invalid-task");
    }

    [Fact]
    public async Task A_read_takes_no_body()
    {
        using HttpClient http = consortium.Unsigned();
        SignedRequest request = SignedRequest.From(consortium.Operator, HttpMethod.Get, "/v1/roster", [1]);
        await http.SendAsync(request.Build()).AssertProblemAsync(HttpStatusCode.RequestEntityTooLarge, "payload-too-large");
    }

    /// <summary>Zeros without an announced length, until nobody reads them any more.</summary>
    private sealed class EndlessContent : HttpContent
    {
        public long Written { get; private set; }

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            byte[] block = new byte[1024];
            try
            {
                while (Written < 64 << 20)
                {
                    await stream.WriteAsync(block);
                    await stream.FlushAsync();
                    Written += block.Length;
                }
            }
            catch (Exception exception) when (exception is IOException or OperationCanceledException or InvalidOperationException)
            {
                // The server has hung up.
            }
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }
}
