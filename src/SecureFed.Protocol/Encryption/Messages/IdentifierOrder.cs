using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Encryption.Messages;

/// <summary>Lists by identity are strictly ascending, so that a set has one encoding and nobody stands in it twice.</summary>
internal static class IdentifierOrder
{
    public static bool IsAscending<T>(IReadOnlyList<T> items, Func<T, Identifier> identifierOf)
    {
        for (int i = 1; i < items.Count; i++)
        {
            if (identifierOf(items[i]) <= identifierOf(items[i - 1]))
                return false;
        }

        return true;
    }
}
