using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Masking.Messages;

/// <summary>U2: the cohort members whose share bundles arrived. Clients mask only with neighbours in it.</summary>
/// <param name="CohortDigest">The cohort.</param>
/// <param name="Dealers">Cohort indices, ascending.</param>
public sealed record DealersList(Digest CohortDigest, IReadOnlyList<int> Dealers)
{
    public byte[] Encode() => CanonicalWriter.Write(writer => IndexList.Write(writer.Digest(CohortDigest), Dealers));

    public static bool TryDecode(ReadOnlySpan<byte> bytes, out DealersList? list)
    {
        CanonicalReader reader = new(bytes);
        DealersList read = new(reader.Digest(), IndexList.Read(ref reader));
        list = reader.IsComplete ? read : null;
        return list is not null;
    }
}
