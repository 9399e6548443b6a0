using System.Buffers.Binary;
using System.Security.Cryptography;
using SecureFed.Learning.Data;
using SecureFed.Learning.Models;
using SecureFed.Protocol.Tasks;
using SecureFed.Protocol.Wire;

namespace SecureFed.Shared;

/// <summary>A task's model in the terms of the learning library.</summary>
internal static class TaskModels
{
    /// <summary>The model; of a vector task, of statistics and of trees a linear one, which nobody evaluates.</summary>
    /// <exception cref="ArgumentException">The numbers are out of range; a checked specification has none such.</exception>
    public static IDifferentiableModel ShapeOf(ModelSpecification model) => model.Kind switch
    {
        TaskModelKind.Softmax => LayeredModel.Softmax(model.Features.Count, model.Classes.Count),
        TaskModelKind.Network => LayeredModel.Network(
            model.Features.Count,
            model.Hidden,
            model.Activation == NetworkActivation.Relu ? Activation.Relu : Activation.Tanh,
            OutputOf(model.Output),
            model.Classes.Count),
        _ => new LinearModel(model.Kind == TaskModelKind.Logistic ? ModelKind.Logistic : ModelKind.Linear, Math.Max(1, model.Length - 1)),
    };

    /// <summary>What the label column holds.</summary>
    public static LabelKind LabelKindOf(ModelSpecification model) => (model.Kind, model.Output) switch
    {
        (TaskModelKind.Trees, _) => model.Trees is { Loss: TreeLoss.LogLoss } ? LabelKind.Binary : LabelKind.Numeric,
        (TaskModelKind.Logistic, _) or (TaskModelKind.Network, NetworkOutput.Logistic) => LabelKind.Binary,
        (TaskModelKind.Softmax, _) or (TaskModelKind.Network, NetworkOutput.Softmax) => LabelKind.Class,
        _ => LabelKind.Numeric,
    };

    /// <summary>Seed of a network's first weights: the first eight bytes of SHA-256("securefed initial model" ‖ task), little endian. Public.</summary>
    public static ulong SeedOf(Identifier taskId)
    {
        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData([.. "securefed initial model"u8, .. taskId.ToArray()], digest);
        return BinaryPrimitives.ReadUInt64LittleEndian(digest);
    }

    private static OutputKind OutputOf(NetworkOutput output) => output switch
    {
        NetworkOutput.Logistic => OutputKind.Logistic,
        NetworkOutput.Softmax => OutputKind.Softmax,
        _ => OutputKind.Linear,
    };
}
