using System.Buffers.Binary;
using SecureFed.Cryptography.Randomness;
using SecureFed.Privacy.Updates;

namespace SecureFed.Privacy.Auditing;

/// <summary>A unit made to be seen: ten times the clip norm, so that clipping has something to do, and in the next round the opposite.</summary>
/// <remarks>
/// The signs alternate because a unit may contribute what it likes. Against fresh noise that is worth as much as a constant; where two rounds share their noise, their
/// difference shows the canary.
/// </remarks>
internal static class Canary
{
    /// <summary>How far above its clip norm a canary starts.</summary>
    public const double Excess = 10;

    /// <summary>+1 in the first round, −1 in the second, and so on.</summary>
    public static int SignOf(int step) => step % 2 == 0 ? 1 : -1;

    /// <summary>Along one coordinate.</summary>
    public static double[] Along(UpdateLayout layout, int coordinate, int sign)
    {
        double[] values = new double[layout.Dimension];
        values[coordinate] = sign * Excess * layout.Segments[0].ClipNorm;
        return values;
    }

    /// <summary>The unit vector that rounding lengthens most: every clipped and scaled coordinate lies near the middle between two integers, signs as coins fall.</summary>
    public static double[] Direction(UpdateLayout layout, IRandomSource random)
    {
        UpdateSegment segment = layout.Segments[0];
        double root = segment.Scale * segment.ClipNorm / Math.Sqrt(segment.Length);
        double low = Math.Max(0.5, Math.Floor(root - 0.5) + 0.5);
        int high = (int)Math.Round(Math.Clamp((root * root - low * low) / (2 * low + 1), 0, 1) * segment.Length);
        double[] direction = new double[layout.Dimension];
        for (int i = 0; i < direction.Length; i++)
            direction[i] = Coin(random) ? low + (i < high ? 1 : 0) : -low - (i < high ? 1 : 0);
        double norm = Math.Sqrt(direction.Sum(x => x * x));
        for (int i = 0; i < direction.Length; i++)
            direction[i] /= norm;
        return direction;
    }

    /// <summary>The canary with that direction.</summary>
    public static double[] Towards(UpdateLayout layout, double[] direction, int sign) =>
        [.. direction.Select(x => sign * Excess * layout.Segments[0].ClipNorm * x)];

    public static bool Coin(IRandomSource random)
    {
        Span<byte> word = stackalloc byte[4];
        random.Fill(word);
        return BinaryPrimitives.ReadInt32LittleEndian(word) < 0;
    }
}
