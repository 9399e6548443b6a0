namespace SecureFed.Privacy.Updates;

/// <summary>An update each of whose segments has at most its clip norm. Made only by <see cref="Clipper"/>.</summary>
public sealed class ClippedUpdate
{
    private readonly double[] values;

    internal ClippedUpdate(UpdateLayout layout, double[] values)
    {
        Layout = layout;
        this.values = values;
    }

    public UpdateLayout Layout { get; }

    internal ReadOnlySpan<double> Values => values;

    public override string ToString() => $"ClippedUpdate({Layout.Dimension} coordinates)";
}
