using SecureFed.Client;
using SecureFed.Client.Rounds;
using SecureFed.Learning;
using SecureFed.Learning.Data;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Resources;
using SecureFed.Protocol.Tasks;
using SecureFed.Protocol.Wire;
using SecureFed.Service.Tests.Consortium;

namespace SecureFed.Service.Tests.Explanation;

/// <summary>Definitions whose explanation cannot be: refused when the task is created, with what to do.</summary>
public sealed class ExplanationResourceTests(TestConsortium consortium)
{
    [Theory]
    [InlineData("height", 2, "no feature 'height'")]
    [InlineData("a", 0, "1 to 16 distinct")]
    [InlineData("a", 17, "1 to 16 distinct")]
    public async Task Groups_that_the_model_does_not_have_are_refused(string feature, int values, string words)
    {
        TaskDefinition definition = Definition() with { Explanation = new ExplanationDefinition { FairnessFeature = feature, FairnessValues = [.. Enumerable.Range(0, values).Select(v => (double)v)] } };
        await AssertRefusedAsync(definition, words);
    }

    [Fact]
    public async Task Groups_without_the_round_and_an_explained_vector_are_refused()
    {
        await AssertRefusedAsync(Definition() with { Schedule = new ScheduleDefinition(), Explanation = new ExplanationDefinition() }, "both or neither");
        await AssertRefusedAsync(Definitions.Vector() with { Schedule = new ScheduleDefinition { Explain = true } }, "vector task");
    }

    /// <summary>Classifier over HTTP: the task's explanation is that of the round's manifest, and there is none before or without the round.</summary>
    [Fact]
    public async Task The_tasks_explanation_is_that_of_its_last_round()
    {
        Identifier task = await consortium.CreateTaskAsync(Definition() with { Training = new TrainingDefinition { LocalLearningRate = 0.1, GreatestRows = 40, ClipNorm = 20 } });
        SecureFedOperator reader = consortium.OperatorApi();
        Assert.Equal(ErrorCodes.NotReady, (await Assert.ThrowsAsync<SecureFedException>(() => reader.GetExplanationAsync(task))).Code);
        await Task.WhenAll(Enumerable.Range(0, 3).Select(i => consortium.ClientFor(i, task).RunAsync(new DataSetTrainer(Rows((ulong)i), (ulong)i))));
        ExplanationView explanation = await reader.GetExplanationAsync(task);
        Assert.Equal((120, 2), (explanation.Rows.Value, explanation.Round));
        RoundView last = (await reader.GetRoundsAsync(task))[^1];
        ManifestView manifest = await reader.GetManifestAsync(task, Identifier.Parse(last.RoundId));
        Assert.Equal(System.Text.Json.JsonSerializer.Serialize(manifest.Explanation), System.Text.Json.JsonSerializer.Serialize(explanation));

        Identifier plain = await consortium.CreateTaskAsync(Definitions.Vector());
        Assert.Equal(ErrorCodes.UnknownResource, (await Assert.ThrowsAsync<SecureFedException>(() => reader.GetExplanationAsync(plain))).Code);
    }

    private static DataSet Rows(ulong seed)
    {
        DeterministicSequence random = new(seed, 5);
        double[] values = [.. Enumerable.Range(0, 80).Select(i => i % 2 == 0 ? random.NextUniform(-10, 10) : random.NextUniform(0, 100))];
        return DataSet.Create(["a", "b"], values, [.. Enumerable.Range(0, 40).Select(row => random.NextBoolean(values[2 * row] > 0 ? 0.8 : 0.2) ? 1.0 : 0)]);
    }

    private static TaskDefinition Definition() => Definitions.Vector() with
    {
        Model = new ModelDefinition { Kind = TaskModelKind.Logistic, Features = [new("a", -10, 10), new("b", 0, 100)], Label = new("y", 0, 1) },
        Schedule = new ScheduleDefinition { TrainRounds = 1, Explain = true },
    };

    private async Task AssertRefusedAsync(TaskDefinition definition, string words)
    {
        SecureFedException refused = await Assert.ThrowsAsync<SecureFedException>(() => consortium.OperatorApi().CreateTaskAsync(definition));
        Assert.Equal(ErrorCodes.InvalidTask, refused.Code);
        Assert.Contains(words, refused.Message, StringComparison.Ordinal);
    }
}
