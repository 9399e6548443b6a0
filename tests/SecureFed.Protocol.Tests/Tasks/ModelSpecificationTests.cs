using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Tasks;
using SecureFed.Protocol.Tests.Wire;

namespace SecureFed.Protocol.Tests.Tasks;

/// <summary>Classes, hidden layers and length of a model: what an operator may say, and what a client takes from anybody.</summary>
public class ModelSpecificationTests
{
    private static readonly string[] Classes = ["a", "b", "c"];

    public static TheoryData<string> Good => [.. Specifications.Keys];

    private static readonly Dictionary<string, ModelSpecification> Specifications = new(StringComparer.Ordinal)
    {
        ["softmax"] = new(TaskModelKind.Softmax, 9, Features(2), Label(2), 1, Classes),
        ["one layer to a number"] = new(TaskModelKind.Network, (3 * 4) + 5, Features(2), Label(50), 1, [], [4], NetworkActivation.Tanh, NetworkOutput.Linear),
        ["two layers to a logit"] = new(TaskModelKind.Network, (3 * 4) + (5 * 6) + 7, Features(2), Label(1), 1, [], [4, 6], NetworkActivation.Relu, NetworkOutput.Logistic),
        ["one layer to classes"] = new(TaskModelKind.Network, (3 * 4) + (5 * 3), Features(2), Label(2), 1, Classes, [4], NetworkActivation.Tanh, NetworkOutput.Softmax),
    };

    [Theory]
    [MemberData(nameof(Good))]
    public void A_model_is_read_back_as_it_was_written(string name)
    {
        TaskParameters task = TaskOf(Specifications[name]);
        Assert.True(TaskParameters.TryDecode(task.Encode(), out TaskParameters? read));
        Assert.Equal(Specifications[name].Classes, read!.Model.Classes);
        Assert.Equal(Specifications[name].Hidden, read.Model.Hidden);
        Assert.Equal((Specifications[name].Activation, Specifications[name].Output), (read.Model.Activation, read.Model.Output));
        Assert.Equal(task.Encode(), read.Encode());
    }

    [Theory]
    [MemberData(nameof(Good))]
    public void A_length_that_does_not_follow_from_the_numbers_is_refused_by_whoever_reads_it(string name)
    {
        ModelSpecification model = Specifications[name];
        AssertRefused(model with { Length = model.Length + 1 });
        AssertRefused(model with { Length = model.Length - 1 });
        AssertRefused(model with { Features = Features(3) });
    }

    [Fact]
    public void Numbers_that_no_model_has_are_refused()
    {
        ModelSpecification softmax = Specifications["softmax"];
        ModelSpecification network = Specifications["one layer to a number"];
        AssertRefused(softmax with { Classes = ["b", "a", "c"] });
        AssertRefused(softmax with { Classes = ["a", "a", "c"] });
        AssertRefused(softmax with { Classes = ["", "a", "c"] });
        AssertRefused(softmax with { Classes = ["a", "b", new string('c', 257)] });
        AssertRefused(softmax with { Classes = ["a"], Length = 3, Label = Label(0) });
        AssertRefused(softmax with { Label = Label(1) });
        AssertRefused(softmax with { Hidden = [1] });
        AssertRefused(softmax with { Activation = NetworkActivation.Tanh });
        AssertRefused(network with { Hidden = [], Length = 3 });
        AssertRefused(network with { Hidden = [4, 4, 4], Length = (3 * 4) + (5 * 4) + (5 * 4) + 5 });
        AssertRefused(network with { Hidden = [0], Length = 1 });
        AssertRefused(network with { Hidden = [4097], Length = (4 * 4097) + 1 });
        AssertRefused(network with { Activation = NetworkActivation.None });
        AssertRefused(network with { Output = NetworkOutput.None });
        AssertRefused(network with { Output = (NetworkOutput)9 });
        AssertRefused(network with { Classes = Classes });
        AssertRefused(new ModelSpecification(TaskModelKind.Logistic, 3, Features(2), Label(1), 1, Classes));
    }

    private static void AssertRefused(ModelSpecification model)
    {
        TaskParameters task = TaskOf(model);
        Assert.NotNull(task.FindFault());
        byte[]? bytes = null;
        try
        {
            bytes = task.Encode();
        }
        catch (ArgumentException)
        {
            return; // What cannot be written cannot be sent.
        }

        Assert.False(TaskParameters.TryDecode(bytes, out _));
    }

    private static TaskParameters TaskOf(ModelSpecification model)
    {
        Assert.True(TaskParameters.TryDecode(Decoders.All.Single(d => d.Name == "task parameters").Samples[^1], out TaskParameters? good));
        return good! with { Model = model, Shapes = [.. good.Shapes.Select(s => s.Kind == RoundKind.Train ? s with { Segments = [s.Segments[0] with { Length = model.Length }, .. s.Segments.Skip(1)] } : s)] };
    }

    private static FeatureSpecification[] Features(int count) => [.. Enumerable.Range(0, count).Select(i => new FeatureSpecification($"x{i}", 0, 1))];

    private static FeatureSpecification Label(double upper) => new("y", 0, upper);
}
