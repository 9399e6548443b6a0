using SecureFed.Cryptography.Keys;
using SecureFed.Protocol.Identity;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Tests.Identity;

public sealed class RosterVerificationTests
{
    private readonly SigningKey authority = SigningKey.Generate(Seeded.Source("authority"));
    private readonly SigningKey key = SigningKey.Generate(Seeded.Source("client"));
    private readonly Identifier client = Identifier.Random(Seeded.Source("identifier"));
    private readonly Roster roster;

    public RosterVerificationTests() =>
        roster = Roster.Create(1, [new RosterEntry(client, RosterRole.Client, "organisation", key.PublicKey)], authority);

    [Fact]
    public void A_good_signature_is_good_again_and_for_nothing_else()
    {
        byte[] message = [.. Enumerable.Range(0, 40).Select(i => (byte)i)];
        byte[] signature = key.Sign(message);
        Assert.True(roster.Verify(client, message, signature));
        Assert.True(roster.Verify(client, message, signature));

        // What is remembered must not serve another message, signature, signer, or another cut between signature and message.
        Assert.False(roster.Verify(client, [.. message, 0], signature));
        Assert.False(roster.Verify(client, message, [.. signature[..^1], (byte)(signature[^1] ^ 1)]));
        Assert.False(roster.Verify(Identifier.Random(Seeded.Source("stranger")), message, signature));
        Assert.False(roster.Verify(client, [signature[^1], .. message], signature.AsSpan(..^1)));
        Assert.False(roster.Verify(client, message.AsSpan(1), [.. signature, message[0]]));
    }

    [Fact]
    public void A_bad_signature_stays_bad()
    {
        byte[] forged = new byte[P256.SignatureBytes];
        Assert.False(roster.Verify(client, "message"u8, forged));
        Assert.False(roster.Verify(client, "message"u8, forged));
    }
}
