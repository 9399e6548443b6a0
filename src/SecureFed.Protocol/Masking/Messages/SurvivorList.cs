using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Masking.Messages;

/// <summary>The clients whose uploads the round will sum.</summary>
/// <param name="CohortDigest">The cohort.</param>
/// <param name="DealersDigest">The dealers list that the uploads followed; a client confirms only lists that follow its own.</param>
/// <param name="Survivors">Cohort indices, ascending; a subset of the dealers.</param>
public sealed record SurvivorList(Digest CohortDigest, Digest DealersDigest, IReadOnlyList<int> Survivors)
{
    public byte[] Encode() => CanonicalWriter.Write(writer => IndexList.Write(writer.Digest(CohortDigest).Digest(DealersDigest), Survivors));

    public static bool TryDecode(ReadOnlySpan<byte> bytes, out SurvivorList? list)
    {
        CanonicalReader reader = new(bytes);
        SurvivorList read = new(reader.Digest(), reader.Digest(), IndexList.Read(ref reader));
        list = reader.IsComplete ? read : null;
        return list is not null;
    }
}
