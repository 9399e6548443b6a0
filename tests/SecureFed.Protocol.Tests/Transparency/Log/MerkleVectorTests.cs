using System.Text.Json;
using SecureFed.Protocol.Transparency.Log;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Tests.Transparency.Log;

/// <summary>The proofs of transparency-dev/merkle: those that hold verify, those that were spoiled do not.</summary>
public sealed class MerkleVectorTests
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    [Fact]
    public void Inclusion_proofs_of_another_implementation_are_judged_as_it_judges_them()
    {
        int good = 0, bad = 0;
        foreach ((string name, InclusionCase c) in Cases<InclusionCase>("inclusion"))
        {
            bool isValid = TryHashes(c.Proof, out Digest[] hashes)
                && TryHashes([c.LeafHash ?? [], c.Root ?? []], out Digest[] ends)
                && InclusionProof.Verify(c.LeafIdx, c.TreeSize, ends[0], hashes, ends[1]);
            Assert.True(isValid != c.WantErr, name);
            _ = c.WantErr ? bad++ : good++;
        }

        Assert.Equal((6, 92), (good, bad));
    }

    [Fact]
    public void Consistency_proofs_of_another_implementation_are_judged_as_it_judges_them()
    {
        int good = 0, bad = 0;
        foreach ((string name, ConsistencyCase c) in Cases<ConsistencyCase>("consistency"))
        {
            bool isValid = TryHashes(c.Proof, out Digest[] hashes) && ConsistencyProof.Verify(c.Size1, Root(c.Root1), c.Size2, Root(c.Root2), hashes);
            Assert.True(isValid != c.WantErr, name);
            _ = c.WantErr ? bad++ : good++;
        }

        Assert.Equal((6, 92), (good, bad));
    }

    private static IEnumerable<(string Name, T Case)> Cases<T>(string kind)
    {
        string folder = Path.Combine(SharedVectors.Folder("merkle"), kind);
        foreach (string file in Directory.EnumerateFiles(folder, "*.json", SearchOption.AllDirectories))
            yield return (file, JsonSerializer.Deserialize<T>(File.ReadAllText(file), Json)!);
    }

    private static bool TryHashes(byte[][]? proof, out Digest[] hashes)
    {
        proof ??= [];
        hashes = proof.All(p => p.Length == Digest.Bytes) ? [.. proof.Select(p => new Digest(p))] : [];
        return hashes.Length == proof.Length;
    }

    // Some roots are placeholders of another length: their digests are equal and different as they are, and are no tree's root either.
    private static Digest Root(byte[]? root) => root is { Length: Digest.Bytes } ? new Digest(root) : Digest.Of(root);

    private sealed record InclusionCase(ulong LeafIdx, ulong TreeSize, byte[]? Root, byte[]? LeafHash, byte[][]? Proof, bool WantErr);

    private sealed record ConsistencyCase(ulong Size1, ulong Size2, byte[]? Root1, byte[]? Root2, byte[][]? Proof, bool WantErr);
}
