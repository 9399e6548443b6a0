using SecureFed.Client.Configuration;
using SecureFed.Cryptography.Keys;
using SecureFed.Cryptography.Randomness;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Identity;

namespace SecureFed.Service.Tests.Documents;

public sealed class SampleKeysTests
{
    private static readonly string Folder = Path.Combine(Repository.Root, "keys-sample");

    [Fact]
    public void Sample_keys_are_refused_outside_development()
    {
        string[] files = Directory.GetFiles(Folder, "*.pem");
        Assert.Equal(8, files.Length);
        foreach (string file in files)
        {
            using SigningKey key = IdentityFile.Load(file);
            SecureFedException refusal = Assert.Throws<SecureFedException>(() => SampleKeys.RefuseOutsideDevelopment(key.PublicKey.Span, "Production"));
            Assert.Equal(ErrorCodes.SampleKeys, refusal.Code);
            SampleKeys.RefuseOutsideDevelopment(key.PublicKey.Span, "Development");
            Assert.StartsWith("UNSAFE", File.ReadAllText(file), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Fresh_keys_are_not_sample_keys()
    {
        using SigningKey key = SigningKey.Generate(OperatingSystemRandomSource.Instance);
        SampleKeys.RefuseOutsideDevelopment(key.PublicKey.Span, "Production");
    }

    [Fact]
    public void The_sample_roster_is_signed_by_the_authority_that_the_sample_policy_pins()
    {
        Protocol.Policy.ClientPolicy policy = PolicyFile.Load(Path.Combine(Folder, "policy.json"));
        Assert.True(Roster.TryDecode(File.ReadAllBytes(Path.Combine(Folder, "roster.signed")), policy.RosterAuthorityKey.Span, out Roster? roster));
        Assert.Equal(5, roster!.Entries.Count(e => e.Role == RosterRole.Client));
        Assert.Contains(roster.Entries, e => e.Role == RosterRole.Server && e.PublicKey.Span.SequenceEqual(policy.ServerKey.Span));
    }
}
