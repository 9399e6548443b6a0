namespace SecureFed.Privacy.Accounting.Renyi;

/// <summary>The orders α over which a conversion takes its minimum. Fixed lists, so that two readers of one schedule get one ε.</summary>
public static class RenyiOrders
{
    /// <summary>1.1…10.9 by 0.1, 11…63, 128, 256, 512, 1024: the default list of <c>privacy epsilon</c>.</summary>
    public static IReadOnlyList<double> Default { get; } =
        [.. Enumerable.Range(11, 99).Select(tenths => tenths / 10.0), .. Enumerable.Range(11, 53).Select(order => (double)order), 128, 256, 512, 1024];

    /// <summary>2…256: the orders of a record-level claim, where the discrete Gaussian and the continuous one agree exactly.</summary>
    public static IReadOnlyList<double> Integers { get; } = [.. Enumerable.Range(2, 255).Select(order => (double)order)];

    /// <summary>2…128, 256: the orders of the distributed sum in Kairouz, Liu and Steinke's own accounting.</summary>
    public static IReadOnlyList<double> Distributed { get; } = [.. Enumerable.Range(2, 127).Select(order => (double)order), 256];
}
