using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Identity;

/// <summary>Recognises the published sample consortium of <c>keys-sample</c>, whose private keys everybody has.</summary>
public static class SampleKeys
{
    /// <summary>SHA-256 of the sample roster authority's public key.</summary>
    public const string AuthorityKeyDigest = "0000000000000000000000000000000000000000000000000000000000000000";

    public static bool IsSample(ReadOnlySpan<byte> rosterAuthorityKey) =>
        string.Equals(Digest.Of(rosterAuthorityKey).ToString(), AuthorityKeyDigest, StringComparison.Ordinal);

    /// <exception cref="SecureFedException">The sample authority is used while the environment is not Development.</exception>
    public static void RefuseOutsideDevelopment(ReadOnlySpan<byte> rosterAuthorityKey, string environmentName)
    {
        if (IsSample(rosterAuthorityKey) && !string.Equals(environmentName, "Development", StringComparison.OrdinalIgnoreCase))
        {
            throw new SecureFedException(
                ErrorCodes.SampleKeys,
                "The roster is signed by the published sample authority, whose private key everybody has. Make your own keys with 'securefed keys', or set DOTNET_ENVIRONMENT=Development for an evaluation.");
        }
    }
}
