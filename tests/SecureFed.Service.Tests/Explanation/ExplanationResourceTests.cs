using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Resources;
using SecureFed.Protocol.Tasks;
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
