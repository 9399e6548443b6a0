using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace SecureFed.Privacy.Updates;

/// <summary>An update as integers within its exact integer norm bound D₂ (of each record, at record level). Made only by <see cref="Quantizer"/>, <see cref="RecordAccumulator"/> and <see cref="LeafSums"/>.</summary>
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

    internal void Erase() => CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(values.AsSpan()));

    public override string ToString() => $"QuantizedUpdate({Layout.Dimension} coordinates)";
}
