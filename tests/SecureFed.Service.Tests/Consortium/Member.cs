using SecureFed.Cryptography.Keys;
using SecureFed.Cryptography.Randomness;
using SecureFed.Protocol.Identity;
using SecureFed.Protocol.Wire;

namespace SecureFed.Service.Tests.Consortium;

/// <summary>One identity of a test consortium with its private key.</summary>
public sealed record Member(Identifier Id, SigningKey Key, RosterRole Role, string Organisation)
{
    public static Member Create(RosterRole role, string organisation) =>
        new(Identifier.Random(OperatingSystemRandomSource.Instance), SigningKey.Generate(OperatingSystemRandomSource.Instance), role, organisation);

    public RosterEntry ToEntry() => new(Id, Role, Organisation, Key.PublicKey);
}
