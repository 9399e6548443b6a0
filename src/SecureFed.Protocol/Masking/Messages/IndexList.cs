using SecureFed.Cryptography.Sharing;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Masking.Messages;

/// <summary>Lists of cohort indices: strictly ascending, so that a set has one encoding.</summary>
internal static class IndexList
{
    public static void Write(CanonicalWriter writer, IReadOnlyCollection<int> indices) => writer.List(indices, (w, index) => w.Count(index));

    public static int[] Read(ref CanonicalReader reader)
    {
        int[] indices = reader.List(ShamirSecretSharing.MaxPoint, 4, (ref CanonicalReader r) => r.Count(ShamirSecretSharing.MaxPoint - 1));
        reader.Require(IsAscending(indices, index => index));
        return indices;
    }

    public static bool IsAscending<T>(IReadOnlyList<T> items, Func<T, int> indexOf)
    {
        for (int i = 1; i < items.Count; i++)
        {
            if (indexOf(items[i]) <= indexOf(items[i - 1]))
                return false;
        }

        return true;
    }
}
