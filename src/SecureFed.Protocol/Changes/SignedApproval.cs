using SecureFed.Cryptography.Keys;
using SecureFed.Protocol.Identity;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Changes;

/// <summary>A second person's word for one request, which it names by digest and so with its task, values and requester.</summary>
public sealed class SignedApproval
{
    /// <summary>Version, digest, approver, signature.</summary>
    public const int EncodedBytes = 1 + Digest.Bytes + Identifier.Bytes + P256.SignatureBytes;

    private const byte Version = 1;

    private SignedApproval(Digest requestDigest, Identifier approver, ReadOnlyMemory<byte> bytes)
    {
        RequestDigest = requestDigest;
        Approver = approver;
        Bytes = bytes;
        Digest = Digest.Of(bytes.Span);
    }

    /// <summary><see cref="SignedChangeRequest.Digest"/> of what is approved.</summary>
    public Digest RequestDigest { get; }

    public Identifier Approver { get; }

    public ReadOnlyMemory<byte> Bytes { get; }

    /// <summary>SHA-256 of <see cref="Bytes"/>: names the approval in the log.</summary>
    public Digest Digest { get; }

    public static SignedApproval Sign(Digest requestDigest, Identifier approver, ISigner signer)
    {
        byte[] content = CanonicalWriter.Write(w => w.UInt8(Version).Digest(requestDigest).Identifier(approver));
        return new SignedApproval(requestDigest, approver, (byte[])[.. content, .. signer.Sign(SigningContext.Approval.Bind(content))]);
    }

    /// <summary>Parses; does not check the signature.</summary>
    /// <param name="bytes">Not copied; must not change afterwards.</param>
    public static SignedApproval? TryDecode(ReadOnlyMemory<byte> bytes)
    {
        CanonicalReader reader = new(bytes.Span);
        reader.Require(reader.UInt8() == Version);
        SignedApproval read = new(reader.Digest(), reader.Identifier(), bytes);
        reader.Fixed(P256.SignatureBytes);
        return reader.IsComplete ? read : null;
    }

    /// <summary>Null if these are four eyes: the approver is an approver of the roster who signed this, and another person than the requester.</summary>
    /// <remarks>
    /// Another person is another identity, another key and another organisation. Within one organisation one administrator could hold both keys, and the roster authority, who
    /// would have to vouch that none does, is asked for no more than who belongs to whom.
    /// </remarks>
    internal string? FindFault(ChangeRequest request, Roster roster)
    {
        if (roster.Find(Approver, RosterRole.Approver) is not { } approver)
            return "it is not an approver of the roster in force who approves";
        if (roster.Find(request.Requester) is not { } requester || requester.Id == approver.Id || requester.PublicKey.Span.SequenceEqual(approver.PublicKey.Span))
            return "nobody approves a request of their own";
        if (string.Equals(requester.Organisation, approver.Organisation, StringComparison.Ordinal))
            return $"requester and approver both belong to '{approver.Organisation}'; another organisation approves";
        return roster.Verify(Approver, SigningContext.Approval.Bind(Bytes.Span[..^P256.SignatureBytes]), Bytes.Span[^P256.SignatureBytes..])
            ? null
            : "the approval's signature does not verify under the approver's key in the roster";
    }
}
