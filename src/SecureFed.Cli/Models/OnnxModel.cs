using System.Buffers.Binary;
using Google.Protobuf;
using SecureFed.Cli.Models.Onnx;

namespace SecureFed.Cli.Models;

/// <summary>A model as an ONNX graph: <c>features</c> (rows × features, not standardised) to <c>prediction</c> (rows × 1, or rows × classes).</summary>
/// <remarks>
/// Standardisation is inside the graph. The prediction is the number, the probability of the positive class, or one probability for each class. Single precision, as every ONNX runtime has it:
/// predictions differ from ours by about 10⁻⁶. Operators of set 13: Sub, Div, Gemm, Tanh, Relu, Sigmoid, Softmax, Mul, Add; for boosted trees one of <see cref="OnnxTrees"/>. Names of features
/// and classes stand in the metadata, one a line.
/// </remarks>
internal static class OnnxModel
{
    public const string Input = "features";
    public const string Output = "prediction";
    private const int IrVersion = 8;
    private const int OperatorSet = 13;

    public static byte[] Encode(ExportedModel model)
    {
        GraphProto graph = new() { Name = $"securefed {model.Kind}" };
        graph.Input.Add(ToValue(Input, model.Features.Count));
        graph.Output.Add(ToValue(Output, model.OutputCount));
        AddReading(graph, model, model.Trees is null ? AddLayers(graph, model) : OnnxTrees.Add(graph, model, Input));
        ModelProto proto = new() { IrVersion = IrVersion, ProducerName = "securefed", Graph = graph };
        proto.OpsetImport.Add(new OperatorSetIdProto { Version = OperatorSet });
        if (model.Trees is not null)
            proto.OpsetImport.Add(new OperatorSetIdProto { Domain = OnnxTrees.Domain, Version = OnnxTrees.OperatorSet });
        proto.MetadataProps.Add(new StringStringEntryProto { Key = "features", Value = string.Join('\n', model.Features.Select(f => f.Name)) });
        proto.MetadataProps.Add(new StringStringEntryProto { Key = "label", Value = model.Label.Name });
        proto.MetadataProps.Add(new StringStringEntryProto { Key = "modelDigest", Value = model.ModelDigest });
        if (model.Classes is { } classes)
            proto.MetadataProps.Add(new StringStringEntryProto { Key = "classes", Value = string.Join('\n', classes) });
        return proto.ToByteArray();
    }

    private static string AddLayers(GraphProto graph, ExportedModel model)
    {
        string last = Add(graph, "Sub", "centred", Input, Tensor(graph, "mean", model.Features.Select(f => f.Mean), model.Features.Count));
        last = Add(graph, "Div", "standardised", last, Tensor(graph, "scale", model.Features.Select(f => f.Scale), model.Features.Count));
        for (int l = 0; l < model.Layers.Count; l++)
        {
            ExportedLayer layer = model.Layers[l];
            string weights = Tensor(graph, $"weights{l}", layer.Weights.SelectMany(row => row), layer.Biases.Count, layer.Weights[0].Count);
            last = Add(graph, "Gemm", $"scores{l}", last, weights, Tensor(graph, $"biases{l}", layer.Biases, layer.Biases.Count));
            graph.Node[^1].Attribute.Add(new AttributeProto { Name = "transB", I = 1, Type = AttributeProto.Types.AttributeType.Int });
            if (l < model.Layers.Count - 1)
                last = Add(graph, layer.Activation is "relu" ? "Relu" : "Tanh", $"hidden{l}", last);
        }

        return last;
    }

    private static void AddReading(GraphProto graph, ExportedModel model, string scores)
    {
        switch (model.Output)
        {
            case "logistic":
                Add(graph, "Sigmoid", Output, scores);
                break;
            case "softmax":
                Add(graph, "Softmax", Output, scores); // Along the last axis, which is the default.
                break;
            default:
                Add(graph, "Add", Output, Add(graph, "Mul", "scaled", scores, Tensor(graph, "labelScale", [model.LabelScale], 1)), Tensor(graph, "labelMean", [model.LabelMean], 1));
                break;
        }
    }

    private static string Add(GraphProto graph, string operation, string output, params string[] inputs)
    {
        NodeProto node = new() { Name = output, OpType = operation };
        node.Input.Add(inputs);
        node.Output.Add(output);
        graph.Node.Add(node);
        return output;
    }

    private static string Tensor(GraphProto graph, string name, IEnumerable<double> values, params long[] dimensions)
    {
        float[] numbers = [.. values.Select(x => (float)x)];
        byte[] raw = new byte[numbers.Length * sizeof(float)];
        for (int i = 0; i < numbers.Length; i++)
            BinaryPrimitives.WriteSingleLittleEndian(raw.AsSpan(i * sizeof(float)), numbers[i]);
        TensorProto tensor = new() { Name = name, DataType = (int)TensorProto.Types.DataType.Float, RawData = ByteString.CopyFrom(raw) };
        tensor.Dims.Add(dimensions);
        graph.Initializer.Add(tensor);
        return name;
    }

    private static ValueInfoProto ToValue(string name, int width)
    {
        TensorShapeProto shape = new();
        shape.Dim.Add(new TensorShapeProto.Types.Dimension { DimParam = "rows" });
        shape.Dim.Add(new TensorShapeProto.Types.Dimension { DimValue = width });
        return new ValueInfoProto { Name = name, Type = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = (int)TensorProto.Types.DataType.Float, Shape = shape } } };
    }
}
