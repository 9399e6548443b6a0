using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Transparency.Log;
using SecureFed.Server.Witnessing;
using SecureFed.Service.Tests.Consortium;

namespace SecureFed.Service.Tests.Witnessing;

/// <summary>A log asks its witnesses: live, dead, silent and lying ones.</summary>
public sealed class WitnessClientTests : IDisposable
{
    private static readonly WitnessEndpoint fake = new(new Uri("http://witness.invalid/prefix/"), RunningWitness.NewKey("witness.test/fake").Verifier);

    private readonly TemporaryDirectory directory = new();
    private readonly WitnessKey first = RunningWitness.NewKey("witness.test/w1");
    private readonly WitnessKey second = RunningWitness.NewKey("witness.test/w2");
    private readonly WitnessKey third = RunningWitness.NewKey("witness.test/w3");
    private readonly GrowingLog log = new();

    public void Dispose()
    {
        first.Dispose();
        second.Dispose();
        third.Dispose();
        directory.Dispose();
    }

    [Fact]
    public async Task A_growing_log_keeps_two_witnesses_while_the_third_is_dead()
    {
        await using RunningWitness one = await RunningWitness.StartAsync(directory.File("1"), first, log.Verifier);
        RunningWitness two = await RunningWitness.StartAsync(directory.File("2"), second, log.Verifier);
        WitnessEndpoint stable = two.Endpoint;
        using WitnessClient client = new([one.Endpoint, stable, new WitnessEndpoint(DeadAddress(), third.Verifier)], NullLogger.Instance, TimeSpan.FromSeconds(30));
        TlogPolicy policy = TlogPolicy.Of(log.Verifier, 2, first.Verifier, second.Verifier, third.Verifier);
        LogView view = LogView.Create(GrowingLog.Origin, policy);
        foreach (ulong size in (ulong[])[0, 1, 5, 5, 300, 700])
        {
            SignedNote cosigned = await client.CosignAsync(log.GrowTo(size).Checkpoint, log.Prove);
            Assert.True(cosigned.TryVerify([log.Verifier, .. policy.Witnesses], out IReadOnlyList<NoteVerifier> signers));
            Assert.Equal([log.Verifier, first.Verifier, second.Verifier], signers);
            LogDecision decision = view.Accept(cosigned.Encode(), view.Size, log.Prove(view.Size, size));
            Assert.Null(decision.Rejection);
            view = decision.View;
        }

        // Without the second there is no quorum, and the client's view says so.
        await two.DisposeAsync();
        SignedNote lonely = await client.CosignAsync(log.GrowTo(701).Checkpoint, log.Prove);
        Assert.Equal(2, lonely.Signatures.Count);
        Assert.Equal(ErrorCodes.CheckpointUntrusted, view.Accept(lonely.Encode(), 700, log.Prove(700, 701)).Rejection!.Code);
        Assert.Null(TlogPolicy.Of(log.Verifier, 1, first.Verifier, second.Verifier).Open(lonely.Encode(), out _));
        Assert.NotNull(TlogPolicy.Of(log.Verifier, 2, first.Verifier, second.Verifier).Open(lonely.Encode(), out _));
    }

    [Fact]
    public async Task A_restarted_log_learns_each_witnesss_size_from_the_witness()
    {
        await using RunningWitness one = await RunningWitness.StartAsync(directory.File("1"), first, log.Verifier);
        await using RunningWitness two = await RunningWitness.StartAsync(directory.File("2"), second, log.Verifier);
        using (WitnessClient client = new([one.Endpoint], NullLogger.Instance, TimeSpan.FromSeconds(30)))
            Assert.Equal(2, (await client.CosignAsync(log.GrowTo(7).Checkpoint, log.Prove)).Signatures.Count);
        using (WitnessClient client = new([two.Endpoint], NullLogger.Instance, TimeSpan.FromSeconds(30)))
            Assert.Equal(2, (await client.CosignAsync(log.GrowTo(300).Checkpoint, log.Prove)).Signatures.Count);
        using WitnessClient restarted = new([one.Endpoint, two.Endpoint], NullLogger.Instance, TimeSpan.FromSeconds(30));
        Assert.Equal(3, (await restarted.CosignAsync(log.GrowTo(301).Checkpoint, log.Prove)).Signatures.Count);
    }

    [Fact]
    public async Task A_lost_answer_is_made_good_with_the_next_checkpoint()
    {
        await using RunningWitness one = await RunningWitness.StartAsync(directory.File("1"), first, log.Verifier);
        using LosingHandler losing = new(_ => true) { InnerHandler = new SocketsHttpHandler() };
        using WitnessClient client = new([one.Endpoint], NullLogger.Instance, TimeSpan.FromSeconds(30), handler: losing);
        Assert.Single((await client.CosignAsync(log.GrowTo(7).Checkpoint, log.Prove)).Signatures);
        Assert.Equal(2, (await client.CosignAsync(log.Checkpoint, log.Prove)).Signatures.Count);
        Assert.Equal(3, losing.Lost); // The lost one, the conflict that told the size, and the proof from there.
    }

    [Fact]
    public async Task A_silent_witness_costs_the_timeout_and_nothing_else()
    {
        await using RunningWitness one = await RunningWitness.StartAsync(directory.File("1"), first, log.Verifier);
        using TcpListener silent = new(IPAddress.Loopback, 0);
        silent.Start();
        WitnessEndpoint mute = new(new Uri($"http://{silent.LocalEndpoint}"), second.Verifier);

        // Warm, so that the short time is not spent on the first request's compilation.
        using (WitnessClient warm = new([one.Endpoint], NullLogger.Instance, TimeSpan.FromSeconds(30)))
            await warm.CosignAsync(log.GrowTo(1).Checkpoint, log.Prove);
        using WitnessClient client = new([mute, one.Endpoint], NullLogger.Instance, TimeSpan.FromSeconds(5));
        long start = TimeProvider.System.GetTimestamp();
        SignedNote cosigned = await client.CosignAsync(log.GrowTo(3).Checkpoint, log.Prove);
        Assert.InRange(TimeProvider.System.GetElapsedTime(start), TimeSpan.FromSeconds(4.9), TimeSpan.FromSeconds(30));
        Assert.True(cosigned.TryVerify([first.Verifier], out _));
        Assert.Equal(2, cosigned.Signatures.Count);
    }

    [Fact]
    public async Task The_callers_cancellation_ends_the_wait()
    {
        using TcpListener silent = new(IPAddress.Loopback, 0);
        silent.Start();
        using WitnessClient client = new([new WitnessEndpoint(new Uri($"http://{silent.LocalEndpoint}"), first.Verifier)], NullLogger.Instance, TimeSpan.FromMinutes(5));
        using CancellationTokenSource stop = new(TimeSpan.FromMilliseconds(50));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => client.CosignAsync(log.GrowTo(3).Checkpoint, log.Prove, stop.Token));
    }

    [Fact]
    public async Task Only_a_valid_cosignature_of_the_configured_key_is_attached()
    {
        SignedNote checkpoint = log.GrowTo(20).Checkpoint;
        byte[] text = checkpoint.Text.ToArray();
        WitnessEndpoint witness = fake with { Key = first.Verifier };
        NoteSignature good = Sign(first, text, 1_700_000_000);
        NoteSignature forged = good with { Signature = Flip(good.Signature) };
        NoteSignature others = Sign(second, text, 1_700_000_000);
        (string Answer, bool IsTaken)[] cases =
        [
            ($"{good}\n", true),
            ($"{others}\n{good}\n", true),
            ("— grease.invalid AAAAAAAA\n" + $"{good}\n", true),
            ($"{others}\n", false),
            ($"{forged}\n", false),
            ($"{good}\n{forged}\n", false),
            ($"{Sign(first, text, 0)}\n", false),
            ($"{Sign(first, "another text\n"u8, 1_700_000_000)}\n", false),
            ($"{good}", false),
            ($"{good}\nrubbish\n", false),
            ($"x\n\n{good}\n", false),
            ("", false),
            (string.Concat(Enumerable.Repeat($"{good}\n", 150)), false),
        ];
        foreach ((string answer, bool isTaken) in cases)
        {
            using WitnessClient client = new([witness], NullLogger.Instance, handler: new ScriptedHandler(_ => Answer(HttpStatusCode.OK, answer)));
            SignedNote cosigned = await client.CosignAsync(checkpoint, log.Prove);
            Assert.True(isTaken == (cosigned.Signatures.Count == 2), answer);
            Assert.True(cosigned.TryVerify([log.Verifier, first.Verifier, second.Verifier], out IReadOnlyList<NoteVerifier> signers));
            Assert.Equal(isTaken ? [log.Verifier, first.Verifier] : [log.Verifier], signers);
        }
    }

    [Theory]
    [InlineData(HttpStatusCode.OK, "text/plain", "", 1)]
    [InlineData(HttpStatusCode.InternalServerError, "text/plain", "sorry\n", 1)]
    [InlineData(HttpStatusCode.Redirect, "text/plain", "", 1)]
    [InlineData(HttpStatusCode.UnprocessableEntity, "text/plain", "no\n", 1)]
    [InlineData(HttpStatusCode.Conflict, "text/plain", "7\n", 1)] // Not the media type.
    [InlineData(HttpStatusCode.Conflict, "text/x.tlog.size", "7", 1)]
    [InlineData(HttpStatusCode.Conflict, "text/x.tlog.size", "seven\n", 1)]
    [InlineData(HttpStatusCode.Conflict, "text/x.tlog.size", "21\n", 1)] // More than the log has.
    [InlineData(HttpStatusCode.Conflict, "text/x.tlog.size", "7\n", 2)] // Once more, and not for ever.
    [InlineData(HttpStatusCode.Conflict, "text/x.tlog.size", "20\n", 2)]
    public async Task Any_other_answer_is_no_cosignature_and_is_not_repeated(HttpStatusCode status, string type, string body, int requests)
    {
        ScriptedHandler handler = new(_ => Answer(status, body, type));
        using WitnessClient client = new([fake], NullLogger.Instance, handler: handler);
        SignedNote checkpoint = log.GrowTo(20).Checkpoint;
        Assert.Same(checkpoint, await client.CosignAsync(checkpoint, log.Prove));
        Assert.Equal(requests, handler.Requests.Count);
        Assert.All(handler.Requests, r => Assert.Equal("http://witness.invalid/prefix/add-checkpoint", r.Address));
        Assert.StartsWith("old 0\n\n", handler.Requests[0].Body, StringComparison.Ordinal);
        if (requests == 2)
        {
            Assert.True(AddCheckpointRequest.TryParse(Encoding.UTF8.GetBytes(handler.Requests[1].Body), out AddCheckpointRequest? retry));
            Assert.Equal(body, FormattableString.Invariant($"{retry!.OldSize}\n"));
            Assert.Equal(log.Prove(retry.OldSize, 20), retry.Proof);
        }
    }

    [Fact]
    public async Task A_size_that_the_log_never_had_is_not_remembered()
    {
        await using RunningWitness one = await RunningWitness.StartAsync(directory.File("1"), first, log.Verifier);
        using FailingHandler lying = new(1, () => Answer(HttpStatusCode.Conflict, "9223372036854775807\n", WitnessRefusal.SizeType)) { InnerHandler = new SocketsHttpHandler() };
        using WitnessClient client = new([one.Endpoint], NullLogger.Instance, TimeSpan.FromSeconds(30), handler: lying);
        Assert.Single((await client.CosignAsync(log.GrowTo(3).Checkpoint, log.Prove)).Signatures);
        Assert.Equal(2, (await client.CosignAsync(log.Checkpoint, log.Prove)).Signatures.Count);
    }

    [Fact]
    public async Task A_checkpoint_that_was_overtaken_is_not_sent()
    {
        await using RunningWitness one = await RunningWitness.StartAsync(directory.File("1"), first, log.Verifier);
        using WitnessClient client = new([one.Endpoint], NullLogger.Instance, TimeSpan.FromSeconds(30));
        SignedNote earlier = log.GrowTo(3).Checkpoint;
        Assert.Equal(2, (await client.CosignAsync(log.GrowTo(7).Checkpoint, log.Prove)).Signatures.Count);
        Assert.Same(earlier, await client.CosignAsync(earlier, log.Prove));
    }

    [Fact]
    public async Task A_cosignature_that_is_there_already_is_not_added_twice()
    {
        await using RunningWitness one = await RunningWitness.StartAsync(directory.File("1"), first, log.Verifier);
        using WitnessClient client = new([one.Endpoint], NullLogger.Instance, TimeSpan.FromSeconds(30));
        SignedNote once = await client.CosignAsync(log.GrowTo(3).Checkpoint, log.Prove);
        SignedNote twice = await client.CosignAsync(once, log.Prove);
        Assert.Equal(2, once.Signatures.Count);
        Assert.Equal(once.Encode(), twice.Encode());
    }

    [Fact]
    public async Task A_log_that_forked_gets_no_cosignature_for_its_other_history()
    {
        await using RunningWitness one = await RunningWitness.StartAsync(directory.File("1"), first, log.Verifier);
        using WitnessClient client = new([one.Endpoint], NullLogger.Instance, TimeSpan.FromSeconds(30));
        Assert.Equal(2, (await client.CosignAsync(log.GrowTo(20).Checkpoint, log.Prove)).Signatures.Count);
        GrowingLog fork = new GrowingLog(log.Key).GrowTo(12).GrowTo(33, "rewritten");
        using WitnessClient forked = new([one.Endpoint], NullLogger.Instance, TimeSpan.FromSeconds(30));
        SignedNote lonely = await forked.CosignAsync(fork.Checkpoint, fork.Prove);
        Assert.Single(lonely.Signatures);
        LogView newcomer = LogView.Create(GrowingLog.Origin, TlogPolicy.Of(log.Verifier, 1, first.Verifier));
        Assert.Equal(ErrorCodes.CheckpointUntrusted, newcomer.Accept(lonely.Encode(), 0, []).Rejection!.Code);
    }

    [Fact]
    public void A_logs_key_is_no_witnesss_and_one_key_is_one_witness()
    {
        Assert.Throws<ArgumentException>(() => new WitnessClient([fake with { Key = log.Verifier }], NullLogger.Instance));
        Assert.Throws<ArgumentException>(() => new WitnessClient([fake, fake with { Address = new Uri("http://elsewhere.invalid") }], NullLogger.Instance));
    }

    private static NoteSignature Sign(WitnessKey key, ReadOnlySpan<byte> text, ulong time) =>
        Cosignature.Sign(key.Verifier.Name, Convert.FromBase64String(key.Export().Split('+', 5)[4]).AsSpan(1), text, time);

    private static byte[] Flip(ReadOnlyMemory<byte> signature)
    {
        byte[] flipped = signature.ToArray();
        flipped[20] ^= 1;
        return flipped;
    }

    private static HttpResponseMessage Answer(HttpStatusCode status, string body, string type = "text/plain")
    {
        HttpResponseMessage response = new(status) { Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body)) };
        response.Content.Headers.ContentType = new MediaTypeHeaderValue(type);
        return response;
    }

    /// <summary>A port that was free a moment ago: connections are refused.</summary>
    private static Uri DeadAddress()
    {
        using TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        Uri address = new($"http://{listener.LocalEndpoint}");
        listener.Stop();
        return address;
    }

    private sealed class ScriptedHandler(Func<HttpRequestMessage, HttpResponseMessage> answer) : HttpMessageHandler
    {
        public List<(string Address, string Body)> Requests { get; } = [];

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            Requests.Add((request.RequestUri!.AbsoluteUri, await request.Content!.ReadAsStringAsync(cancellationToken)));
            return answer(request);
        }
    }
}
