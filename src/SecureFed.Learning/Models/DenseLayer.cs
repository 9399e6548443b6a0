namespace SecureFed.Learning.Models;

/// <summary>A fully connected layer's place in the parameters: weights, the row of one output after the other, then one bias for each output.</summary>
/// <param name="Start">Offset of the first weight.</param>
/// <param name="Inputs">At least 1.</param>
/// <param name="Outputs">At least 1.</param>
public readonly record struct DenseLayer(int Start, int Inputs, int Outputs)
{
    /// <summary>Number of weights.</summary>
    public int WeightCount => Inputs * Outputs;

    /// <summary>Weights and biases.</summary>
    public int Length => WeightCount + Outputs;

    /// <summary>The weights, output by output.</summary>
    public ReadOnlySpan<double> Weights(ReadOnlySpan<double> parameters) => parameters.Slice(Start, WeightCount);

    /// <summary>The biases.</summary>
    public ReadOnlySpan<double> Biases(ReadOnlySpan<double> parameters) => parameters.Slice(Start + WeightCount, Outputs);

    /// <summary>Weights · input + biases.</summary>
    internal void Apply(ReadOnlySpan<double> parameters, ReadOnlySpan<double> input, Span<double> output)
    {
        ReadOnlySpan<double> weights = Weights(parameters);
        Biases(parameters).CopyTo(output);
        for (int o = 0; o < output.Length; o++)
        {
            output[o] += RowArithmetic.Dot(weights.Slice(o * Inputs, Inputs), input);
        }
    }

    /// <summary>Adds what this layer's parameters gain from the slopes of its outputs.</summary>
    internal void AddGradient(ReadOnlySpan<double> slopes, ReadOnlySpan<double> input, Span<double> gradient)
    {
        Span<double> weights = gradient.Slice(Start, WeightCount);
        Span<double> biases = gradient.Slice(Start + WeightCount, Outputs);
        for (int o = 0; o < slopes.Length; o++)
        {
            biases[o] += slopes[o];
            RowArithmetic.AddScaled(weights.Slice(o * Inputs, Inputs), slopes[o], input);
        }
    }

    /// <summary>Slopes of the inputs from those of the outputs.</summary>
    internal void PassBack(ReadOnlySpan<double> parameters, ReadOnlySpan<double> slopes, Span<double> inputSlopes)
    {
        ReadOnlySpan<double> weights = Weights(parameters);
        inputSlopes.Clear();
        for (int o = 0; o < slopes.Length; o++)
        {
            RowArithmetic.AddScaled(inputSlopes, slopes[o], weights.Slice(o * Inputs, Inputs));
        }
    }
}
