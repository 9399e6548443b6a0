using System.Net;
using System.Text;
using SecureFed.Client;
using SecureFed.Client.Rounds;
using SecureFed.Client.State;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Wire;
using SecureFed.Service.Tests.Consortium;

namespace SecureFed.Service.Tests.Clients;

/// <summary>A server that says that a round is over: before the update left that costs nothing, afterwards it is the server's word and no proof.</summary>
public class HonestOutcomeTests(TestConsortium consortium)
{
    [Theory]
    [InlineData("PUT", "keys/")]
    [InlineData("GET", "keys")]
    [InlineData("PUT", "shares/")]
    [InlineData("GET", "shares/")]
    public async Task Before_the_update_has_left_an_aborted_round_is_transient(string method, string part)
    {
        (SecureFedException exception, RecordingHandler wire, SavedRounds left) = await LiedToAsync(method, part);
        Assert.Equal(("round-aborted", true), (exception.Code, exception.IsTransient));
        Assert.DoesNotContain(wire.Writes, w => w.Path.Contains("/uploads/", StringComparison.Ordinal));
        Assert.True(left.ActiveRound.IsEmpty);
        Assert.Equal(default, left.Answered);
    }

    [Theory]
    [InlineData("PUT", "uploads/")]
    [InlineData("GET", "survivors")]
    [InlineData("PUT", "confirmations/")]
    [InlineData("GET", "unmask-request")]
    public async Task After_the_update_has_left_the_outcome_is_unknown_and_not_for_a_retry(string method, string part)
    {
        (SecureFedException exception, RecordingHandler wire, SavedRounds left) = await LiedToAsync(method, part);
        Assert.Equal(("outcome-unknown", false), (exception.Code, exception.IsTransient));
        Assert.Single(wire.Writes, w => w.Path.Contains("/uploads/", StringComparison.Ordinal));
        Assert.DoesNotContain(wire.Writes, w => w.Path.Contains("/unmask/", StringComparison.Ordinal));
        Assert.True(left.ActiveRound.IsEmpty);
    }

    [Fact]
    public async Task A_running_client_reports_the_unknown_outcome_with_its_reason()
    {
        Identifier task = await consortium.CreateTaskAsync(Definitions.Vector(length: 1));
        using CancellationTokenSource stop = new();
        Task[] others = Others(task, stop.Token);
        List<RoundOutcome> seen = [];
        ProblemHandler lying = new(r => IsPart(r, "GET", "survivors"), HttpStatusCode.Gone, "round-aborted");
        Trainer trainer = new([0.5, 0.5], seen, stop);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => consortium.ClientFor(0, task, inner: lying).RunAsync(trainer, trainer, stop.Token));
        RoundOutcome outcome = Assert.Single(seen);
        Assert.Equal((RoundStatus.Unknown, "round-aborted", true), (outcome.Status, outcome.Reason, outcome.Quantized.IsEmpty));
        Assert.NotNull(outcome.ReceiptIndex);
        await Task.WhenAny(Task.WhenAll(others));
    }

    [Theory]
    [InlineData("uploads/")]
    [InlineData("confirmations/")]
    [InlineData("unmask/")]
    public async Task Too_late_for_a_message_that_was_accepted_does_not_stop_the_client(string part)
    {
        Identifier task = await consortium.CreateTaskAsync(Definitions.Vector(length: 1));
        ProblemHandler lying = new(r => IsPart(r, "PUT", part), HttpStatusCode.Conflict, "too-late") { Delivers = true };
        RoundOutcome[] outcomes = await Task.WhenAll(
            consortium.ClientFor(0, task, inner: lying).ContributeAsync(new double[] { 5 }),
            consortium.ClientFor(1, task).ContributeAsync(new double[] { 1 }),
            consortium.ClientFor(2, task).ContributeAsync(new double[] { 2 }));
        Assert.Equal(1, lying.Lies);
        Assert.Equal(part == "uploads/", outcomes[0].ReceiptIndex is null);
        await Sums.AssertExactAsync(consortium, task, outcomes);
    }

    [Fact]
    public async Task Too_late_for_an_upload_that_was_dropped_is_told_by_the_certified_list()
    {
        Identifier task = await consortium.CreateTaskAsync(Definitions.Vector(length: 1, clients: 8, deltaDrop: 0.13m));
        ProblemHandler lying = new(r => IsPart(r, "PUT", "uploads/"), HttpStatusCode.Conflict, "too-late");
        Task<RoundOutcome>[] others = [.. Enumerable.Range(1, 7).Select(i => consortium.ClientFor(i, task).ContributeAsync(new double[] { i }))];
        SecureFedException exception = await Assert.ThrowsAsync<SecureFedException>(() => consortium.ClientFor(0, task, inner: lying).ContributeAsync(new double[] { 5 }));
        Assert.Equal(("too-late", true), (exception.Code, exception.IsTransient));
        RoundOutcome[] outcomes = await Task.WhenAll(others);
        Assert.All(outcomes, o => Assert.Equal(7, o.Survivors));
        await Sums.AssertExactAsync(consortium, task, outcomes);
    }

    [Fact]
    public async Task A_list_without_this_client_proves_nothing_before_it_is_certified()
    {
        // The server could have had another list certified, with this client's update, by all others.
        Identifier task = await consortium.CreateTaskAsync(Definitions.Vector(length: 1, clients: 8, deltaDrop: 0.13m));
        ProblemHandler lying = new(r => IsPart(r, "PUT", "uploads/") || IsPart(r, "GET", "unmask-request"), HttpStatusCode.Conflict, "too-late")
        {
            CodeOf = r => IsPart(r, "GET", "unmask-request") ? "round-aborted" : "too-late",
        };
        Task<RoundOutcome>[] others = [.. Enumerable.Range(1, 7).Select(i => consortium.ClientFor(i, task).ContributeAsync(new double[] { i }))];
        SecureFedException exception = await Assert.ThrowsAsync<SecureFedException>(() => consortium.ClientFor(0, task, inner: lying).ContributeAsync(new double[] { 5 }));
        Assert.Equal(("outcome-unknown", false), (exception.Code, exception.IsTransient));
        Assert.Equal(2, lying.Lies);
        await Task.WhenAll(others);
    }

    private async Task<(SecureFedException Exception, RecordingHandler Wire, SavedRounds Left)> LiedToAsync(string method, string part)
    {
        Identifier task = await consortium.CreateTaskAsync(Definitions.Vector(length: 1));
        using CancellationTokenSource stop = new();
        Task[] others = Others(task, stop.Token);
        RecordingHandler wire = new();
        ProblemHandler lying = new(r => IsPart(r, method, part), HttpStatusCode.Gone, "round-aborted") { Recorder = wire };
        MemoryRoundStateStore store = new();
        SecureFedException exception = await Assert.ThrowsAsync<SecureFedException>(
            () => consortium.ClientFor(0, task, o => o.StateStore = store, lying).ContributeAsync(new double[] { 1 }));
        Assert.Equal(1, lying.Lies);
        await stop.CancelAsync();
        await Task.WhenAny(Task.WhenAll(others));
        return (exception, wire, (await store.LoadAsync(task))!);
    }

    private Task[] Others(Identifier task, CancellationToken stop) =>
        [.. Enumerable.Range(1, 2).Select(i => consortium.ClientFor(i, task).ContributeAsync(new double[] { 1 }, cancellationToken: stop))];

    /// <param name="request">Request.</param>
    /// <param name="method">Its method.</param>
    /// <param name="part">Part of a round; with a slash at the end one that names a client.</param>
    private static bool IsPart(HttpRequestMessage request, string method, string part)
    {
        string path = request.RequestUri!.AbsolutePath;
        return request.Method.Method == method
            && (part.EndsWith('/') ? path.Contains("/" + part, StringComparison.Ordinal) : path.EndsWith("/" + part, StringComparison.Ordinal));
    }

    /// <summary>Answers matching requests with a problem of its own.</summary>
    private sealed class ProblemHandler(Func<HttpRequestMessage, bool> isLiedTo, HttpStatusCode status, string code) : DelegatingHandler
    {
        private int lies;

        public int Lies => lies;

        /// <summary>Whether the server gets the message before the lie.</summary>
        public bool Delivers { get; init; }

        public RecordingHandler? Recorder { get; init; }

        /// <summary>Another code for another request.</summary>
        public Func<HttpRequestMessage, string>? CodeOf { get; init; }

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            Recorder?.Requests.Enqueue((request.Method.Method, request.RequestUri!.AbsolutePath, []));
            if (!isLiedTo(request))
                return await base.SendAsync(request, cancellationToken);
            Interlocked.Increment(ref lies);
            if (Delivers)
                (await base.SendAsync(request, cancellationToken)).Dispose();
            return new HttpResponseMessage(status)
            {
                Content = new StringContent($$"""{"code":"{{CodeOf?.Invoke(request) ?? code}}","detail":"The server says so.","status":{{(int)status}}}""", Encoding.UTF8, "application/problem+json"),
            };
        }
    }

    private sealed class Trainer(double[] values, List<RoundOutcome> seen, CancellationTokenSource stop) : ILocalTrainer, IProgress<RoundOutcome>
    {
        public ValueTask<double[]> ComputeAsync(RoundAssignment assignment, CancellationToken cancellationToken = default) => ValueTask.FromResult(values);

        public void Report(RoundOutcome value)
        {
            seen.Add(value);
            stop.Cancel();
        }
    }
}
