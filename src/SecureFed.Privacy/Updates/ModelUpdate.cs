namespace SecureFed.Privacy.Updates;

/// <summary>A client's vector as its application computed it: checked for shape and finite values, not yet protected in any way.</summary>
/// <remarks>First stage of ModelUpdate → ClippedUpdate → QuantizedUpdate → NoisedUpdate; only the last can be masked or encrypted.</remarks>
public sealed class ModelUpdate
{
    private readonly double[] values;

    private ModelUpdate(UpdateLayout layout, double[] values)
    {
        Layout = layout;
        this.values = values;
    }

    public UpdateLayout Layout { get; }

    internal ReadOnlySpan<double> Values => values;

    /// <summary>Takes a copy of the concatenated segments.</summary>
    /// <param name="layout">The round's layout.</param>
    /// <param name="values">Length <see cref="UpdateLayout.ComputedDimension"/>, finite.</param>
    /// <exception cref="InvalidUpdateException">Wrong length, NaN or infinity.</exception>
    public static ModelUpdate Create(UpdateLayout layout, ReadOnlySpan<double> values)
    {
        Require(layout, values);
        double[] all = new double[layout.Dimension];
        layout.Spread(values, all);
        return new ModelUpdate(layout, all);
    }

    /// <exception cref="InvalidUpdateException">Wrong length, NaN or infinity.</exception>
    internal static void Require(UpdateLayout layout, ReadOnlySpan<double> values)
    {
        if (values.Length != layout.ComputedDimension)
        {
            throw new InvalidUpdateException(
                InvalidUpdateException.WrongDimension,
                $"The update has {values.Length} coordinates but this round takes {layout.ComputedDimension}; build it for the round's segments ({string.Join(", ", layout.Computed.Segments.Select(s => $"{s.Name}[{s.Length}]"))}).");
        }

        for (int i = 0; i < values.Length; i++)
        {
            if (!double.IsFinite(values[i]))
            {
                throw new InvalidUpdateException(
                    InvalidUpdateException.NotFinite,
                    $"Coordinate {i} of the update is NaN or infinite; check the training step (a lower learning rate often helps) and contribute again.");
            }
        }
    }

    public override string ToString() => $"ModelUpdate({Layout.Dimension} coordinates)";
}
