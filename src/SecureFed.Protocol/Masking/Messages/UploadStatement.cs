using SecureFed.Privacy.Updates;
using SecureFed.Protocol.Messages;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Masking.Messages;

/// <summary>An upload with the digest of its words in their place: what its sender signs, and all that another client needs to verify that signature.</summary>
/// <remarks>Shows which dealers list the upload followed without the vector itself; see <see cref="SurvivorList"/> for why that matters.</remarks>
/// <param name="DealersDigest">The dealers list U2 that the masks follow.</param>
/// <param name="Dimension">d.</param>
/// <param name="RingBits">b.</param>
/// <param name="WordsDigest">SHA-256 of the packed words.</param>
public sealed record UploadStatement(Digest DealersDigest, int Dimension, int RingBits, Digest WordsDigest) : IMessageBody
{
    public MessageType Type => MessageType.Upload;

    public void Write(CanonicalWriter writer) => writer
        .Digest(DealersDigest).Count(Dimension).UInt8((byte)RingBits).Digest(WordsDigest);

    internal static UploadStatement Read(ref CanonicalReader reader) => new(reader.Digest(), reader.Count(UpdateLayout.GreatestDimension), reader.UInt8(), reader.Digest());
}
