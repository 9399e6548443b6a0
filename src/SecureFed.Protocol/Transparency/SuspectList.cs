using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Transparency;

/// <summary>Pseudonyms in a log entry: distinct, ascending, few enough for the entry.</summary>
internal static class SuspectList
{
    public const int GreatestCount = 256;

    public static void Write(CanonicalWriter writer, Identifier suspect) => writer.Identifier(suspect);

    public static Identifier[] Read(ref CanonicalReader reader)
    {
        Identifier[] suspects = reader.List(GreatestCount, Identifier.Bytes, (ref CanonicalReader r) => r.Identifier());
        for (int i = 1; i < suspects.Length; i++)
            reader.Require(suspects[i - 1] < suspects[i]);
        return suspects;
    }
}
