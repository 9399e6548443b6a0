using System.Collections.Frozen;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Identity;

/// <summary>Recognises the published sample consortium of <c>keys-sample</c>, whose private keys everybody has.</summary>
public static class SampleKeys
{
    /// <summary>SHA-256 of the public keys in keys-sample/roster.json and keys-sample/policy.json.</summary>
    private static readonly FrozenSet<string> Digests = FrozenSet.Create(
        StringComparer.Ordinal,
        [
            "63ceee3f3c346d601582f6c4a23b8ff6f52c6a2b1c56ff4f541f8bff61c11917", // authority
            "33dd0981f86b877415de42830560570c54fdfd72ca099540060da0b19362f28b", // server service provider
            "7acf6b02d13fc7fe6388e7dcff00c1994dd354c71ed112667d9e5f6befdab170", // operator service provider
            "e6305ecdf183ab08527a76df1b87116066810be221cbe3537e9f7dbfd42eb51c", // client organisation 1
            "031397dcdae4e24cef0a8eff2ba84e6986efc8e90445e8bb465c2f775f8ab60d", // client organisation 2
            "379909a739e12fa80dffa9105e3db72f10b8944be119e4bdc5c7128cc056910d", // client organisation 3
            "810164da01849c206965dcbad25bc60565dca9b9639c9b01fdb49e3aada6c8a4", // client organisation 4
            "f6288e4ea09b35eabb10a813b2d81db67ab7f89eda3ecca046f037c87adcd846", // client organisation 5
            "827fddd229797ceca557a553fd0507e549e45e769f74b59485130d4ed33f6012", // key-holder holding organisation 1
            "3699876eac43121eada4ca4e060214d05803ddb8bdaa40bf3039d5871bc09cfc", // key-holder holding organisation 2
            "78a244ff8f162e130fee7746a2b57230c00bc6954b3f3a2b151cc304e40548e5", // key-holder holding organisation 3
            "99872df27190d49f21dfbd8f30242aca5f956990487489bbdd384ae5e50129f6", // key-holder holding organisation 4
            "4c933310b1aadc1ef933f3652dd99db55ae96af6c70e1cb477673f22d8282a55", // key-holder holding organisation 5
        ]);

    /// <param name="publicKey">P-256, 65 bytes uncompressed.</param>
    public static bool IsSample(ReadOnlySpan<byte> publicKey) => Digests.Contains(Digest.Of(publicKey).ToString());

    /// <exception cref="SecureFedException">A sample key is used while the environment is not Development.</exception>
    public static void RefuseOutsideDevelopment(ReadOnlySpan<byte> publicKey, string environmentName)
    {
        if (IsSample(publicKey) && !string.Equals(environmentName, "Development", StringComparison.OrdinalIgnoreCase))
        {
            throw new SecureFedException(
                ErrorCodes.SampleKeys,
                "This key belongs to the published sample consortium, whose private keys everybody has. Make your own keys with 'securefed keys', or set DOTNET_ENVIRONMENT=Development for an evaluation.");
        }
    }
}
