using System.Text.Json;
using SecureFed.Client.Configuration;
using SecureFed.Cryptography.Keys;
using SecureFed.Cryptography.Randomness;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Identity;
using SecureFed.Protocol.Resources;
using SecureFed.Protocol.Rounds;

namespace SecureFed.Service.Tests.Documents;

public sealed class SampleKeysTests
{
    private static readonly string Folder = Path.Combine(Repository.Root, "keys-sample");

    [Fact]
    public void Sample_keys_are_refused_outside_development()
    {
        string[] files = Directory.GetFiles(Folder, "*.pem");
        Assert.Equal(13, files.Length);
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
        Assert.Equal(policy.KeyHolders!.Order(), roster.Entries.Where(e => e.Role == RosterRole.KeyHolder).Select(e => e.Id).Order());
        Assert.Contains(roster.Entries, e => e.Role == RosterRole.Server && e.PublicKey.Span.SequenceEqual(policy.ServerKey.Span));
    }

    /// <summary>The order of the holders in the task is that of the key files, as the folder's walk-through starts them.</summary>
    [Fact]
    public void The_sample_tasks_name_the_policys_key_holders_in_the_order_of_their_files()
    {
        string[] holders = [.. PolicyFile.Load(Path.Combine(Folder, "policy.json")).KeyHolders!.Select(id => id.ToString())];
        TaskDefinition task = JsonSerializer.Deserialize<TaskDefinition>(File.ReadAllBytes(Path.Combine(Folder, "task-encrypted.json")), ResourceJson.Options)!;
        Assert.Equal(ProtectionKind.Encryption, task.Protection);
        Assert.Equal(holders, task.Encryption!.Holders!);
        RosterEntry[] entries = ReadRoster();
        for (int i = 0; i < holders.Length; i++)
        {
            using SigningKey key = IdentityFile.Load(Path.Combine(Folder, $"holder-{i + 1}.pem"));
            Assert.Equal(key.PublicKey.ToArray(), entries.Single(e => e.Id.ToString() == holders[i]).PublicKey.ToArray());
        }

        Assert.Contains($"for ID in {string.Join(' ', holders)}; do", File.ReadAllText(Path.Combine(Folder, "README.md")), StringComparison.Ordinal);
    }

    private static RosterEntry[] ReadRoster()
    {
        Protocol.Policy.ClientPolicy policy = PolicyFile.Load(Path.Combine(Folder, "policy.json"));
        Assert.True(Roster.TryDecode(File.ReadAllBytes(Path.Combine(Folder, "roster.signed")), policy.RosterAuthorityKey.Span, out Roster? roster));
        return [.. roster!.Entries];
    }
}
