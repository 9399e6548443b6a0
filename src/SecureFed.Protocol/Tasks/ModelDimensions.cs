using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Tasks;

/// <summary>The numbers that a model's length follows from, and their ranges.</summary>
internal static class ModelDimensions
{
    public const int GreatestClasses = 1000;
    public const int GreatestHidden = 2;
    public const int GreatestWidth = 4096;
    public const int GreatestClassBytes = 256;

    /// <summary>Weights and biases of every layer; of linear and logistic regression one weight for each feature and the intercept; the numbers of all trees.</summary>
    public static long LengthOf(ModelSpecification model)
    {
        if (model.Trees is { } trees)
            return trees.Length;
        int outputs = model.Kind == TaskModelKind.Softmax || model.Output == NetworkOutput.Softmax ? model.Classes.Count : 1;
        long length = 0;
        long inputs = model.Features.Count;
        foreach (int width in model.Hidden.Append(outputs))
        {
            length += (inputs + 1) * width;
            inputs = width;
        }

        return length;
    }

    /// <summary>Null, or what is wrong with classes, widths, activation or output.</summary>
    public static string? FindFault(ModelSpecification model)
    {
        bool isNetwork = model.Kind == TaskModelKind.Network;
        bool hasClasses = model.Kind == TaskModelKind.Softmax || model.Output == NetworkOutput.Softmax;
        if (!Enum.IsDefined(model.Activation) || !Enum.IsDefined(model.Output))
            return "The network's activation or output is none that this version knows.";
        if (isNetwork == (model.Activation == NetworkActivation.None) || isNetwork == (model.Output == NetworkOutput.None))
            return "A network has an activation and an output, another model has neither.";
        if (isNetwork ? model.Hidden.Count is not (1 or GreatestHidden) : model.Hidden.Count != 0)
            return "A network has one or two hidden layers, another model none.";
        if (model.Hidden.Any(width => width is < 1 or > GreatestWidth))
            return $"A hidden layer has 1 to {GreatestWidth} units.";
        if (!hasClasses)
            return model.Classes.Count == 0 ? null : "Only softmax regression and networks with a softmax output have classes.";
        if (model.Classes.Count is < 2 or > GreatestClasses || model.Classes.Any(name => !Utf8.Fits(name, GreatestClassBytes)))
            return $"There are 2 to {GreatestClasses} classes, each with a name of 1 to {GreatestClassBytes} bytes.";
        if (model.Classes.Zip(model.Classes.Skip(1)).Any(pair => string.CompareOrdinal(pair.First, pair.Second) >= 0))
            return "Classes stand in ascending ordinal order, each once.";
        return model.Label is { LowerBound: 0 } label && label.UpperBound.Equals(model.Classes.Count - 1)
            ? null
            : "A label that is a class has the bounds 0 and the number of classes less one.";
    }
}
