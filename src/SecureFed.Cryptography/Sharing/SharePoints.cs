namespace SecureFed.Cryptography.Sharing;

/// <summary>The public points at which a sharing polynomial is evaluated.</summary>
internal static class SharePoints
{
    /// <summary>Whether all points are distinct and from 1 to <see cref="ShamirSecretSharing.MaxPoint"/>. Zero would be the secret itself.</summary>
    public static bool AreValid(ReadOnlySpan<int> points)
    {
        foreach (int point in points)
        {
            if (point is < 1 or > ShamirSecretSharing.MaxPoint) return false;
        }

        int[] sorted = points.ToArray();
        Array.Sort(sorted);
        for (int i = 1; i < sorted.Length; i++)
        {
            if (sorted[i] == sorted[i - 1]) return false;
        }

        return true;
    }
}
