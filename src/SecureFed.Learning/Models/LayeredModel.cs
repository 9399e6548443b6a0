namespace SecureFed.Learning.Models;

/// <summary>Fully connected layers: softmax regression (none hidden) and networks (one or two hidden).</summary>
/// <remarks>
/// Gradient by back-propagation (Rumelhart, Hinton and Williams 1986). Parameters: layer after layer, each as <see cref="DenseLayer"/> has it.
/// Two scores of softmax regression are one too many, but a penalty makes their fit unique; their difference is the logit of logistic regression.
/// </remarks>
public sealed class LayeredModel : IDifferentiableModel
{
    /// <summary>Largest width of a hidden layer.</summary>
    public const int GreatestWidth = 4096;

    /// <summary>Most classes.</summary>
    public const int GreatestClasses = 1000;

    /// <summary>A step moves the difference of two classes' scores so many times as far as the same rate moves the logit of logistic regression.</summary>
    public const double SoftmaxPace = 2;

    private readonly DenseLayer[] layers;

    private LayeredModel(ModelKind kind, int featureCount, IReadOnlyList<int> hidden, Activation activation, OutputKind output, int outputs)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(featureCount, 1);
        Kind = kind;
        Activation = activation;
        Output = output;
        int[] widths = [featureCount, .. hidden, outputs];
        layers = new DenseLayer[widths.Length - 1];
        for (int l = 0; l < layers.Length; l++)
        {
            layers[l] = new DenseLayer(ParameterCount, widths[l], widths[l + 1]);
            ParameterCount = checked(ParameterCount + (widths[l] * widths[l + 1]) + widths[l + 1]);
        }
    }

    /// <inheritdoc/>
    public ModelKind Kind { get; }

    /// <summary>Function after every hidden layer.</summary>
    public Activation Activation { get; }

    /// <inheritdoc/>
    public OutputKind Output { get; }

    /// <inheritdoc/>
    public int FeatureCount => layers[0].Inputs;

    /// <inheritdoc/>
    public int OutputCount => layers[^1].Outputs;

    /// <inheritdoc/>
    public int ParameterCount { get; }

    /// <inheritdoc/>
    /// <remarks>Outputs of every layer and their slopes.</remarks>
    public int WorkspaceLength => 2 * layers.Sum(layer => layer.Outputs);

    /// <inheritdoc/>
    public IReadOnlyList<DenseLayer> Layers => layers;

    /// <summary>Softmax regression.</summary>
    /// <param name="featureCount">At least 1.</param>
    /// <param name="classes">2 to <see cref="GreatestClasses"/>.</param>
    /// <exception cref="ArgumentException">Numbers out of range.</exception>
    public static LayeredModel Softmax(int featureCount, int classes) =>
        new(ModelKind.Softmax, featureCount, [], Activation.Tanh, OutputKind.Softmax, RequireClasses(classes));

    /// <summary>A network.</summary>
    /// <param name="featureCount">At least 1.</param>
    /// <param name="hidden">Widths of one or two hidden layers, each 1 to <see cref="GreatestWidth"/>.</param>
    /// <param name="activation">After every hidden layer.</param>
    /// <param name="output">What it predicts.</param>
    /// <param name="classes">Number of classes for softmax; not read otherwise.</param>
    /// <exception cref="ArgumentException">Numbers out of range.</exception>
    public static LayeredModel Network(int featureCount, IReadOnlyList<int> hidden, Activation activation, OutputKind output, int classes = 2)
    {
        if (hidden.Count is not (1 or 2) || hidden.Any(width => width is < 1 or > GreatestWidth) || !Enum.IsDefined(activation) || !Enum.IsDefined(output))
        {
            throw new ArgumentException($"A network has one or two hidden layers of 1 to {GreatestWidth} units.", nameof(hidden));
        }

        return new LayeredModel(ModelKind.Network, featureCount, hidden, activation, output, output == OutputKind.Softmax ? RequireClasses(classes) : 1);
    }

    /// <inheritdoc/>
    /// <remarks>
    /// Softmax regression: 0. Network: biases 0, weights uniform within ±√(6/inputs) before ReLU (He et al. 2015), within ±√(6/(inputs + outputs)) otherwise (Glorot and
    /// Bengio 2010). Uniform numbers and a square root are exact in IEEE 754, so an auditor on another machine draws the same bits; normal ones would need a logarithm.
    /// </remarks>
    public double[] InitialParameters(ulong seed)
    {
        var parameters = new double[ParameterCount];
        for (int l = 0; Kind == ModelKind.Network && l < layers.Length; l++)
        {
            DenseLayer layer = layers[l];
            bool isBeforeRelu = l < layers.Length - 1 && Activation == Activation.Relu;
            double limit = Math.Sqrt(6.0 / (isBeforeRelu ? layer.Inputs : layer.Inputs + layer.Outputs));
            var random = new DeterministicSequence(seed, (ulong)l);
            foreach (ref double weight in parameters.AsSpan(layer.Start, layer.WeightCount))
            {
                weight = random.NextUniform(-limit, limit);
            }
        }

        return parameters;
    }

    /// <inheritdoc/>
    public void Evaluate(ReadOnlySpan<double> parameters, ReadOnlySpan<double> features, Span<double> outputs, Span<double> workspace) =>
        Forward(parameters, features, workspace).CopyTo(outputs);

    /// <inheritdoc/>
    public double AddGradient(
        ReadOnlySpan<double> parameters, ReadOnlySpan<double> features, double label, double divisor, Span<double> gradient, Span<double> workspace)
    {
        Span<double> outputs = Forward(parameters, features, workspace);
        int half = WorkspaceLength / 2;
        int start = half - OutputCount;
        Span<double> slopes = workspace.Slice(half + start, OutputCount);
        double loss = OutputLoss.Slopes(Output, outputs, label, slopes);
        foreach (ref double slope in slopes)
        {
            slope /= divisor;
        }

        for (int l = layers.Length - 1; l >= 0; l--)
        {
            int width = layers[l].Inputs;
            ReadOnlySpan<double> input = l == 0 ? features : workspace.Slice(start - width, width);
            layers[l].AddGradient(slopes, input, gradient);
            if (l > 0)
            {
                start -= width;
                Span<double> below = workspace.Slice(half + start, width);
                layers[l].PassBack(parameters, slopes, below);
                ThroughActivation(input, below);
                slopes = below;
            }
        }

        return loss;
    }

    private static int RequireClasses(int classes) => classes is >= 2 and <= GreatestClasses
        ? classes
        : throw new ArgumentException($"A model tells 2 to {GreatestClasses} classes apart, not {classes}.", nameof(classes));

    // Outputs of every layer stand one after the other in the first half of the workspace.
    private Span<double> Forward(ReadOnlySpan<double> parameters, ReadOnlySpan<double> features, Span<double> workspace)
    {
        ReadOnlySpan<double> input = features;
        int start = 0;
        for (int l = 0; l < layers.Length - 1; l++)
        {
            Span<double> output = workspace.Slice(start, layers[l].Outputs);
            layers[l].Apply(parameters, input, output);
            Activate(output);
            input = output;
            start += output.Length;
        }

        Span<double> last = workspace.Slice(start, OutputCount);
        layers[^1].Apply(parameters, input, last);
        return last;
    }

    private void Activate(Span<double> values)
    {
        foreach (ref double value in values)
        {
            value = Activation == Activation.Tanh ? Math.Tanh(value) : Math.Max(0, value);
        }
    }

    // Both derivatives follow from the activated value: 1 - tanh², and whether it is positive.
    private void ThroughActivation(ReadOnlySpan<double> activated, Span<double> slopes)
    {
        for (int i = 0; i < slopes.Length; i++)
        {
            slopes[i] *= Activation == Activation.Tanh ? 1 - (activated[i] * activated[i]) : activated[i] > 0 ? 1 : 0;
        }
    }
}
