using System.Collections;
using System.Reflection;
using System.Text.Json;
using SecureFed.Cryptography.Keys;
using SecureFed.Cryptography.Randomness;

namespace SecureFed.Cryptography.Tests.Keys;

/// <summary>A key imported once gives what <see cref="AgreementKey"/> gives when it imports the key itself.</summary>
public sealed class PeerKeyCacheTests
{
    [Theory]
    [InlineData("ecdh-p256-cavs.json")]
    [InlineData("ecdh-p256-wycheproof.json")]
    public void Shared_secrets_equal_the_published_ones_at_the_first_and_at_every_later_use(string file)
    {
        PeerKeyCache cache = new(10_000);
        for (int use = 0; use < 2; use++)
        {
            foreach (JsonElement c in Vector.Cases(file, "cases"))
            {
                using AgreementKey own = AgreementKey.FromPrivateKey(c.Bytes("private"));
                byte[] shared = new byte[P256.SharedSecretBytes];
                Assert.True(cache.TryAgree(own, c.Bytes("public"), shared), c.Text("comment"));
                Assert.Equal(c.Bytes("shared"), shared);
                Assert.True(PeerKey.TryCreate(c.Bytes("public"), out PeerKey? peer));
                using (peer)
                    own.Agree(peer, shared);
                Assert.Equal(c.Bytes("shared"), shared);
            }
        }
    }

    [Theory]
    [InlineData("ecdh-p256-cavs.json")]
    [InlineData("ecdh-p256-wycheproof.json")]
    public void An_invalid_peer_key_yields_false_and_zeros_and_is_not_kept(string file)
    {
        PeerKeyCache cache = new(10_000);
        using AgreementKey own = AgreementKey.Generate(Seeded.Source("peer"));
        foreach (JsonElement c in Vector.Cases(file, "bad_cases"))
        {
            byte[] shared = [.. Enumerable.Repeat((byte)1, P256.SharedSecretBytes)];
            Assert.False(PeerKey.TryCreate(c.Bytes("public"), out _), c.Text("comment"));
            Assert.False(cache.TryAgree(own, c.Bytes("public"), shared), c.Text("comment"));
            Assert.All(shared, b => Assert.Equal(0, b));
        }

        Assert.Equal(0, KeysIn(cache));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void No_more_keys_are_kept_than_the_capacity_and_dropped_keys_are_imported_again(int capacity)
    {
        using KeyedRandomSource random = Seeded.Source("capacity");
        PeerKeyCache cache = new(capacity);
        using AgreementKey own = AgreementKey.Generate(random);
        AgreementKey[] peers = [.. Enumerable.Range(0, 10).Select(_ => AgreementKey.Generate(random))];
        for (int use = 0; use < 30; use++)
        {
            AgreementKey peer = peers[use * 7 % 10];
            Assert.Equal(Agree(peer, own), Agree(cache, own, peer));
            Assert.InRange(KeysIn(cache), 1, capacity);
        }
    }

    [Fact]
    public async Task Many_threads_get_the_right_secrets_while_keys_are_imported_and_dropped()
    {
        using KeyedRandomSource random = Seeded.Source("threads");
        PeerKeyCache cache = new(4);
        byte[][] scalars = [.. Enumerable.Range(0, 8).Select(_ => random.Bytes(32))];
        AgreementKey[] peers = [.. Enumerable.Range(0, 6).Select(_ => AgreementKey.Generate(random))];
        byte[][][] expected = [.. scalars.Select(s => peers.Select(p => Agree(AgreementKey.FromPrivateKey(s), p)).ToArray())];
        using Barrier start = new(scalars.Length);
        await Task.WhenAll(scalars.Select((scalar, thread) => Task.Factory.StartNew(
            () =>
            {
                using AgreementKey own = AgreementKey.FromPrivateKey(scalar);
                start.SignalAndWait(TestContext.Current.CancellationToken);
                for (int use = 0; use < 200; use++)
                    Assert.Equal(expected[thread][use % peers.Length], Agree(cache, own, peers[use % peers.Length]));
            },
            TestContext.Current.CancellationToken,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default)));
    }

    [Fact]
    public void Misuse_and_use_after_disposal_are_refused_with_a_known_peer_too()
    {
        PeerKeyCache cache = new(4);
        AgreementKey own = AgreementKey.Generate(Seeded.Source("misuse"));
        byte[] peer = own.PublicKey.ToArray();
        Assert.True(cache.TryAgree(own, peer, new byte[32]));
        Assert.Throws<ArgumentException>(() => cache.TryAgree(own, peer, new byte[31]));
        own.Dispose();
        Assert.Throws<ObjectDisposedException>(() => cache.TryAgree(own, peer, new byte[32]));
    }

    private static byte[] Agree(AgreementKey own, AgreementKey peer)
    {
        byte[] shared = new byte[32];
        Assert.True(own.TryAgree(peer.PublicKey.Span, shared));
        return shared;
    }

    private static byte[] Agree(PeerKeyCache cache, AgreementKey own, AgreementKey peer)
    {
        byte[] shared = new byte[32];
        Assert.True(cache.TryAgree(own, peer.PublicKey.Span, shared));
        return shared;
    }

    private static int KeysIn(PeerKeyCache cache) =>
        ((ICollection)typeof(PeerKeyCache).GetField("keys", BindingFlags.NonPublic | BindingFlags.Instance)!.GetValue(cache)!).Count;
}
