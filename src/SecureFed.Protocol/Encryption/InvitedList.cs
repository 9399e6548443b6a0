using SecureFed.Cryptography.Sharing;
using SecureFed.Protocol.Encryption.Messages;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Encryption;

/// <summary>The clients that a round invites: nobody else uploads, and how many they are decides c, S_min and h.</summary>
/// <param name="Clients">Roster identities, strictly ascending.</param>
public sealed record InvitedList(IReadOnlyList<Identifier> Clients)
{
    public byte[] Encode() => CanonicalWriter.Write(writer => writer.List(Clients, (w, c) => w.Identifier(c)));

    public static bool TryDecode(ReadOnlySpan<byte> bytes, out InvitedList? list)
    {
        CanonicalReader reader = new(bytes);
        Identifier[] clients = reader.List(ShamirSecretSharing.MaxPoint, Identifier.Bytes, (ref CanonicalReader r) => r.Identifier());
        reader.Require(IdentifierOrder.IsAscending(clients, c => c));
        list = reader.IsComplete ? new InvitedList(clients) : null;
        return list is not null;
    }
}
