using SecureFed.Cryptography.Keys;
using SecureFed.Protocol.Identity;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Changes;

/// <summary>A request with its operator's signature: a blob of the log, and what an approver puts a name to.</summary>
public sealed class SignedChangeRequest
{
    private SignedChangeRequest(ChangeRequest request, ReadOnlyMemory<byte> bytes)
    {
        Request = request;
        Bytes = bytes;
        Digest = Digest.Of(bytes.Span);
    }

    public ChangeRequest Request { get; }

    /// <summary>Canonical request, then 64 bytes of signature.</summary>
    public ReadOnlyMemory<byte> Bytes { get; }

    /// <summary>SHA-256 of <see cref="Bytes"/>: what an approval names.</summary>
    public Digest Digest { get; }

    /// <exception cref="ArgumentException">A value that the kind does not have or that is out of range, or a reason that is empty or too long.</exception>
    public static SignedChangeRequest Sign(ChangeRequest request, ISigner requester)
    {
        if (!request.IsWellFormed)
            throw new ArgumentException($"A request has a positive epsilon only to raise a budget, 1 to 1,000,000 training rounds only to extend a schedule, and a reason of 1 to {ChangeRequest.GreatestReasonBytes} bytes.", nameof(request));
        byte[] content = request.Encode();
        return new SignedChangeRequest(request, (byte[])[.. content, .. requester.Sign(SigningContext.ChangeRequest.Bind(content))]);
    }

    /// <summary>Parses; does not check the signature (<see cref="IsSignedBy"/>).</summary>
    /// <param name="bytes">Not copied; must not change afterwards.</param>
    public static SignedChangeRequest? TryDecode(ReadOnlyMemory<byte> bytes) =>
        bytes.Length > P256.SignatureBytes && ChangeRequest.TryDecode(bytes.Span[..^P256.SignatureBytes]) is { } request ? new SignedChangeRequest(request, bytes) : null;

    /// <summary>Whether the requester is an operator of the roster and signed this.</summary>
    public bool IsSignedBy(Roster roster) =>
        roster.Find(Request.Requester, RosterRole.Operator) is not null
        && roster.Verify(Request.Requester, SigningContext.ChangeRequest.Bind(Bytes.Span[..^P256.SignatureBytes]), Bytes.Span[^P256.SignatureBytes..]);
}
