using SecureFed.Cryptography.Sharing;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Encryption.Messages;

/// <summary>One client whose upload is summed.</summary>
/// <param name="Client">Roster identity.</param>
/// <param name="UploadDigest">Of the upload's record in the log: exactly this upload, not another by the same client.</param>
public sealed record ListedUpload(Identifier Client, Digest UploadDigest);

/// <summary>The one list over which a round's keys are summed.</summary>
/// <param name="OpenDigest">The round.</param>
/// <param name="Uploads">Ascending by client, no upload twice.</param>
public sealed record UploadList(Digest OpenDigest, IReadOnlyList<ListedUpload> Uploads)
{
    public byte[] Encode() => CanonicalWriter.Write(writer => writer
        .Digest(OpenDigest).List(Uploads, (w, u) => w.Identifier(u.Client).Digest(u.UploadDigest)));

    public static bool TryDecode(ReadOnlySpan<byte> bytes, out UploadList? list)
    {
        CanonicalReader reader = new(bytes);
        Digest open = reader.Digest();
        ListedUpload[] uploads = reader.List(
            ShamirSecretSharing.MaxPoint, Identifier.Bytes + Digest.Bytes, (ref CanonicalReader r) => new ListedUpload(r.Identifier(), r.Digest()));
        reader.Require(IdentifierOrder.IsAscending(uploads, u => u.Client));
        reader.Require(uploads.DistinctBy(u => u.UploadDigest).Count() == uploads.Length);
        list = reader.IsComplete ? new UploadList(open, uploads) : null;
        return list is not null;
    }
}
