using System.Buffers.Binary;
using SecureFed.Cli.Audit;
using SecureFed.Cli.Models;
using SecureFed.Cli.Models.Onnx;

namespace SecureFed.Service.Tests.CommandLine;

/// <summary>The ONNX graph, computed node by node from its bytes alone as the operators are defined, against the model that was exported.</summary>
public class OnnxTests
{
    [Theory]
    [InlineData("linear", "none")]
    [InlineData("logistic", "tanh")]
    [InlineData("softmax", "relu")]
    public void The_graph_computes_the_models_predictions(string output, string activation)
    {
        ExportedModel model = ModelOf(output, activation);
        ModelProto proto = ModelProto.Parser.ParseFrom(OnnxModel.Encode(model));
        Assert.Equal((8, 13), (proto.IrVersion, proto.OpsetImport.Single().Version));
        Assert.Equal(["features"], proto.Graph.Input.Select(i => i.Name));
        Assert.Equal(["prediction"], proto.Graph.Output.Select(o => o.Name));
        Assert.Equal("a\nb=c", proto.MetadataProps.Single(p => p.Key == "features").Value);
        double[] prediction = Run(proto.Graph, [3, 1]);
        double[] expected = output switch
        {
            "linear" => [12 + (4 * Score([0.5, -2], 0.25))],
            "logistic" => [1 / (1 + Math.Exp(-Head(activation)[0]))],
            _ => Softmax(Head(activation)),
        };
        Assert.Equal(expected.Length, prediction.Length);
        for (int k = 0; k < expected.Length; k++)
            Assert.Equal(expected[k], prediction[k], 1e-6);
    }

    // Standardised (3 - 1)/2 = 1 and (1 - 0.5)/0.25 = 2.
    private static double Score(double[] weights, double bias) => weights[0] + (2 * weights[1]) + bias;

    private static double[] Head(string activation)
    {
        double[] hidden = [Score([0.3, -0.1], 0.05), Score([-1, 0.2], 0.1)];
        hidden = [.. hidden.Select(x => activation == "relu" ? Math.Max(0, x) : Math.Tanh(x))];
        return [(0.7 * hidden[0]) - (0.4 * hidden[1]) + 0.2, (-0.5 * hidden[0]) + (0.9 * hidden[1]) - 0.3];
    }

    private static double[] Softmax(double[] scores) => [.. scores.Select(x => Math.Exp(x) / scores.Sum(Math.Exp))];

    private static ExportedModel ModelOf(string output, string activation) => new(
        ExportedModel.FormatName,
        1,
        output == "linear" ? "linear" : "network",
        "task",
        "digest",
        [new ExportedFeature("a", 0, 9, 1, 2), new ExportedFeature("b=c", 0, 1, 0.5, 0.25)],
        new ColumnBounds("y", 0, 1),
        output == "linear" ? 12 : 0,
        output == "linear" ? 4 : 1,
        output == "linear"
            ? [new ExportedLayer([[0.5, -2]], [0.25], "none")]
            :
            [
                new ExportedLayer([[0.3, -0.1], [-1, 0.2]], [0.05, 0.1], activation),
                output == "logistic" ? new ExportedLayer([[0.7, -0.4]], [0.2], "none") : new ExportedLayer([[0.7, -0.4], [-0.5, 0.9]], [0.2, -0.3], "none"),
            ],
        output,
        output == "softmax" ? ["no", "yes"] : null);

    private static double[] Run(GraphProto graph, double[] features)
    {
        Dictionary<string, double[]> values = graph.Initializer.ToDictionary(t => t.Name, Numbers, StringComparer.Ordinal);
        values["features"] = features;
        foreach (NodeProto node in graph.Node)
        {
            double[][] inputs = [.. node.Input.Select(name => values[name])];
            values[Assert.Single(node.Output)] = node.OpType switch
            {
                "Sub" => Each(inputs, (a, b) => a - b),
                "Div" => Each(inputs, (a, b) => a / b),
                "Mul" => Each(inputs, (a, b) => a * b),
                "Add" => Each(inputs, (a, b) => a + b),
                "Tanh" => [.. inputs[0].Select(Math.Tanh)],
                "Relu" => [.. inputs[0].Select(x => Math.Max(0, x))],
                "Sigmoid" => [.. inputs[0].Select(x => 1 / (1 + Math.Exp(-x)))],
                "Softmax" => Softmax(inputs[0]),
                "Gemm" when node.Attribute.Single() is { Name: "transB", I: 1, Type: AttributeProto.Types.AttributeType.Int } =>
                    [.. inputs[2].Select((bias, o) => bias + inputs[0].Select((x, j) => x * inputs[1][(o * inputs[0].Length) + j]).Sum())],
                _ => throw new InvalidOperationException(node.OpType),
            };
        }

        return values["prediction"];
    }

    private static double[] Each(double[][] inputs, Func<double, double, double> operation) => [.. inputs[0].Zip(inputs[1], operation)];

    private static double[] Numbers(TensorProto tensor)
    {
        ReadOnlySpan<byte> raw = tensor.RawData.Span;
        double[] numbers = new double[raw.Length / sizeof(float)];
        for (int i = 0; i < numbers.Length; i++)
            numbers[i] = BinaryPrimitives.ReadSingleLittleEndian(raw[(i * sizeof(float))..]);
        Assert.Equal(numbers.Length, tensor.Dims.Aggregate(1L, (a, b) => a * b));
        return numbers;
    }
}
