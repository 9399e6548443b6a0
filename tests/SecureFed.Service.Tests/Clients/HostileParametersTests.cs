extern alias server;

using System.Net;
using SecureFed.Client;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Tasks;
using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Wire;
using SecureFed.Server.Tasks;
using SecureFed.Service.Tests.Consortium;
using LearningTask = server::SecureFed.Shared.LearningTask;

namespace SecureFed.Service.Tests.Clients;

/// <summary>Parameters and models whose form is right and whose numbers no model can be computed with: whoever reads them names that fault.</summary>
public sealed class HostileParametersTests(TestConsortium consortium)
{
    [Theory]
    [InlineData("the square of the clip norm is infinite")]
    [InlineData("the histograms have more cells than an int counts")]
    [InlineData("the warm-up's first rate is 0")]
    [InlineData("the last rate is 0")]
    public async Task A_client_abstains_and_an_auditor_names_the_fault(string lie)
    {
        Identifier id = await consortium.CreateTaskAsync(Definitions.Article());
        TaskParameters genuine = await consortium.ClientFor(0, id).GetTaskParametersAsync(TestContext.Current.CancellationToken);
        TaskParameters hostile = Hostile(genuine, lie);
        Assert.Null(hostile.FindFault());

        AlteringHandler wire = new("/parameters", hostile.Encode());
        SecureFedClient client = consortium.ClientFor(0, id, o => o.Policy = consortium.Policy with { Models = [TaskModelKind.Linear, TaskModelKind.Trees] }, wire);
        RoundRefusedException refusal = await Assert.ThrowsAsync<RoundRefusedException>(() => client.GetTaskParametersAsync(TestContext.Current.CancellationToken));
        Assert.Equal(ErrorCodes.InvalidParameters, refusal.Code);
        Assert.True(wire.IsUsed);

        PendingEvent created = TaskState.Create(hostile, consortium.Roster, ModelState.Initial(hostile.Model));
        TaskReplay audit = new(new Blobs(created.Blobs), consortium.Authority.PublicKey, stepModel: null, ModelStep.First);
        Assert.StartsWith("Entry 0: ", audit.Add(0, new LogEntry(id, created.Event).Encode()), StringComparison.Ordinal);

        PendingEvent honest = TaskState.Create(genuine, consortium.Roster, ModelState.Initial(genuine.Model));
        Assert.Null(new TaskReplay(new Blobs(honest.Blobs), consortium.Authority.PublicKey, stepModel: null, ModelStep.First).Add(0, new LogEntry(id, honest.Event).Encode()));
    }

    /// <summary>What is used in the end, or evaluated, has the model's length too: a client would index into it.</summary>
    [Fact]
    public async Task A_model_whose_average_or_best_has_another_length_does_not_fit()
    {
        Identifier id = await consortium.CreateTaskAsync(Definitions.Article());
        TaskParameters task = await consortium.ClientFor(0, id).GetTaskParametersAsync(TestContext.Current.CancellationToken);
        LearningTask learning = new(task);
        ModelState state = ModelState.Initial(task.Model);
        Assert.True(learning.Fits(state));
        Assert.True(learning.Fits(state with { Averaged = [1, 2], Best = [3, 4] }));
        Assert.False(learning.Fits(state with { Averaged = [1] }));
        Assert.False(learning.Fits(state with { Averaged = [1, 2, 3] }));
        Assert.False(learning.Fits(state with { Best = [1] }));
        Assert.False(learning.Fits(state with { Best = [1, 2, 3] }));
    }

    private static TaskParameters Hostile(TaskParameters task, string lie) => lie switch
    {
        "the square of the clip norm is infinite" => task with { Training = task.Training with { MeasuresDrift = true, ClipNorm = 1e200 } },
        "the histograms have more cells than an int counts" => task with
        {
            Model = new ModelSpecification(
                TaskModelKind.Trees,
                Histograms.Length,
                [.. Enumerable.Range(0, 1 << 18).Select(i => new FeatureSpecification($"x{i}", 0, 1))],
                new FeatureSpecification("y", 0, 1),
                0,
                Trees: Histograms),
        },
        "the warm-up's first rate is 0" => Rated(task, new ServerScheduleSpecification(ServerScheduleKind.Constant, WarmUpRounds: 2)),
        _ => Rated(task, new ServerScheduleSpecification(ServerScheduleKind.Cosine)),
    };

    private static TaskParameters Rated(TaskParameters task, ServerScheduleSpecification schedule) =>
        task with { Training = task.Training with { ServerLearningRate = double.Epsilon, ServerSchedule = schedule } };

    private static readonly TreeSpecification Histograms = new(10, 6, 256, 0.3, 1, TreeSplitRule.Histogram, 1, TreeLoss.LogLoss);

    /// <summary>Answers one kind of request with bytes of the server's choice.</summary>
    private sealed class AlteringHandler(string ending, byte[] answer) : DelegatingHandler
    {
        public bool IsUsed { get; private set; }

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            if (!request.RequestUri!.AbsolutePath.EndsWith(ending, StringComparison.Ordinal))
                return await base.SendAsync(request, cancellationToken);
            IsUsed = true;
            return new HttpResponseMessage(HttpStatusCode.OK) { Content = new ByteArrayContent(answer), RequestMessage = request };
        }
    }

    private sealed class Blobs(IEnumerable<ReadOnlyMemory<byte>> blobs) : IBlobSource
    {
        private readonly Dictionary<Digest, ReadOnlyMemory<byte>> held = blobs.ToDictionary(blob => Digest.Of(blob.Span));

        public ReadOnlyMemory<byte> Get(Digest digest) => held[digest];
    }
}
