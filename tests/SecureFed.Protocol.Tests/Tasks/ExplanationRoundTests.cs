using SecureFed.Protocol.Changes;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Tasks;
using SecureFed.Protocol.Tests.Changes;
using SecureFed.Protocol.Tests.Simulation;
using SecureFed.Protocol.Transparency;

namespace SecureFed.Protocol.Tests.Tasks;

/// <summary>The round that explains a model: where it stands in a schedule, what it yields, and which groups a task may compare.</summary>
public sealed class ExplanationRoundTests
{
    private static readonly ConsortiumOptions Explained = new() { Clients = 3, DeltaDrop = 0, TrainRounds = 2, GreatestFailures = 5, Explains = true };

    [Theory]
    [InlineData(true, true, "Standardise Train Train Evaluate Explain")]
    [InlineData(true, false, "Standardise Train Train Explain")]
    [InlineData(false, true, "Train Train Evaluate Explain")]
    [InlineData(false, false, "Train Train Explain")]
    public void It_comes_last(bool standardise, bool evaluate, string order)
    {
        TaskSchedule schedule = new(standardise, 2, evaluate, 0, Explain: true);
        string[] kinds = order.Split(' ');
        Assert.Equal(kinds, Enumerable.Range(0, kinds.Length).Select(done => schedule.KindAfter(done).ToString()));
        Assert.Null(schedule.KindAfter(kinds.Length));
        Assert.Equal((kinds.Length, 1), (schedule.Rounds, schedule.CountOf(RoundKind.Explain)));
        Assert.Equal(kinds.Distinct(), schedule.Kinds.Select(kind => kind.ToString()));
    }

    [Fact]
    public void It_yields_no_model_and_completes_the_task_and_the_auditor_agrees()
    {
        SimulatedConsortium consortium = new("explained", Explained);
        SimulatedServer server = consortium.Server;
        Train(consortium);
        Run(consortium);
        Assert.Equal(RoundKind.Evaluate, server.State.Round!.Parameters.Kind);
        Run(consortium);
        Assert.Equal((RoundKind.Explain, false, 4), (server.State.Round!.Parameters.Kind, server.State.AwaitsModel, server.State.CompletedRounds));
        server.Append(server.State.Next(consortium.Random)!);
        Assert.Equal((true, ""), (server.State.IsFinished, server.State.FinishReason));
        EntryAudit audit = consortium.Audit(consortium.Entries(), out RoundRejection? fault);
        Assert.Null(fault);
        Assert.Equal((true, 4), (audit.IsFinished, audit.CompletedRounds));
        Assert.Null(consortium.Replay(consortium.Entries()));
    }

    /// <summary>The evaluation has given its sum, and only the explanation failed: training on would leave it where it stands in the schedule.</summary>
    [Fact]
    public void A_schedule_is_not_extended_between_a_failed_explanation_and_the_next()
    {
        SimulatedConsortium consortium = new("failed explanation", Explained);
        SimulatedServer server = consortium.Server;
        SignedChangeRequest request = consortium.Request(ChangeKind.ExtendSchedule, trainRounds: 3);
        Train(consortium);
        server.OpenRound();
        server.Append(server.Round.Abort(ErrorCodes.AbortedByOperator));
        Assert.NotNull(server.State.RequestChange(request.Bytes).Accepted); // The failed evaluation told nothing.
        Run(consortium);
        server.OpenRound();
        Assert.Equal(RoundKind.Explain, server.Round.Parameters.Kind);
        server.Append(server.Round.Abort(ErrorCodes.AbortedByOperator));
        Assert.Equal(ErrorCodes.ApprovalInvalid, server.State.RequestChange(request.Bytes).Rejection!.Code);

        EntryAudit audit = consortium.Audit(consortium.Entries(), out RoundRejection? fault, digest => digest == request.Digest ? request.Bytes : consortium.Server.Blobs.Get(digest));
        Assert.Null(fault);
        Assert.Contains("evaluation", audit.Add(audit.EntryCount, consortium.Encode(new TaskEvent.ChangeRequested(request.Digest)))!.Detail, StringComparison.Ordinal);
        Run(consortium);
        Assert.Equal(4, server.State.CompletedRounds);
    }

    [Fact]
    public void A_task_states_its_explanation_exactly_if_its_schedule_has_the_round()
    {
        TaskParameters task = new SimulatedConsortium("explained", Explained).Task;
        Assert.Contains("both or neither", (task with { Explanation = null }).FindFault(), StringComparison.Ordinal);
        Assert.Contains("both or neither", (task with { Schedule = task.Schedule with { Explain = false }, Shapes = [.. task.Shapes.SkipLast(1)] }).FindFault(), StringComparison.Ordinal);
        TaskParameters vector = new SimulatedConsortium("vector", new ConsortiumOptions { Clients = 3, DeltaDrop = 0 }).Task;
        Assert.Contains("vector task", (vector with { Schedule = vector.Schedule with { Explain = true }, Explanation = ExplanationSpecification.Plain }).FindFault(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("age", "18;30;65", null)]
    [InlineData("colour", "", null)]
    [InlineData("", "", null)]
    [InlineData("height", "1", "no feature 'height'")]
    [InlineData("age", "", "1 to 16 distinct")]
    [InlineData("age", "1;1", "1 to 16 distinct")]
    [InlineData("age", "NaN", "1 to 16 distinct")]
    [InlineData("age", "1;2;3;4;5;6;7;8;9;10;11;12;13;14;15;16;17", "1 to 16 distinct")]
    [InlineData("colour", "1", "leave the fairness values out")]
    [InlineData("shape", "", "has 17 values")]
    [InlineData("", "1", "no feature")]
    public void Groups_are_those_of_a_feature_with_few_public_values(string feature, string values, string? fault)
    {
        ModelSpecification model = new(
            TaskModelKind.Logistic,
            21,
            [new("age", 0, 120), new("colour=red", 0, 1), new("colour=blue", 0, 1), .. Enumerable.Range(1, 17).Select(i => new FeatureSpecification($"shape={i}", 0, 1))],
            new FeatureSpecification("y", 0, 1),
            0);
        ExplanationSpecification explanation = new(feature, [.. values.Split(';', StringSplitOptions.RemoveEmptyEntries).Select(v => double.Parse(v, System.Globalization.CultureInfo.InvariantCulture))]);
        if (fault is null)
            Assert.Null(explanation.FindFault(model));
        else
            Assert.Contains(fault, explanation.FindFault(model), StringComparison.Ordinal);
        if (feature.Length > 0)
            Assert.Contains("two classes", explanation.FindFault(model with { Kind = TaskModelKind.Linear }), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(TreeLoss.LogLoss, null)]
    [InlineData(TreeLoss.SquaredError, "two classes")]
    public void Groups_of_trees_are_those_of_trees_that_predict_a_class(TreeLoss loss, string? fault)
    {
        ModelSpecification model = TreeSpecificationTests.ModelOf(new TreeSpecification(2, 2, 32, 0.3, 1, TreeSplitRule.Random, 1, loss));
        Assert.Null(ExplanationSpecification.Plain.FindFault(model));
        string? found = new ExplanationSpecification("age", [18, 65]).FindFault(model);
        Assert.Equal(fault is null, found is null);
        Assert.Contains(fault ?? "", found ?? "", StringComparison.Ordinal);
    }

    private static void Train(SimulatedConsortium consortium)
    {
        for (int round = 1; round <= 2; round++)
        {
            Run(consortium);
            consortium.Server.Append(consortium.Server.State.Publish(ModelState.Initial(consortium.Task.Model) with { CompletedTrainRounds = round }));
        }
    }

    private static void Run(SimulatedConsortium consortium)
    {
        if (!consortium.Server.State.HasOpenRound)
            consortium.Server.OpenRound();
        consortium.RunTo(RoundPhase.Closed);
    }
}
