namespace SecureFed.Privacy.Updates;

/// <summary>An update as integers within its exact integer norm bound D₂ (of each record, at record level). Made only by <see cref="Quantizer"/> and <see cref="RecordAccumulator"/>.</summary>
public sealed class QuantizedUpdate
{
    private readonly int[] values;

    internal QuantizedUpdate(UpdateLayout layout, int[] values)
    {
        Layout = layout;
        this.values = values;
    }

    public UpdateLayout Layout { get; }

    /// <summary>The client's own integers, for its own records (for example to check a released sum). Never sent.</summary>
    public ReadOnlySpan<int> Values => values;

    public override string ToString() => $"QuantizedUpdate({Layout.Dimension} coordinates)";
}
