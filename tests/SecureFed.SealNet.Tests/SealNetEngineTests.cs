using SecureFed.Client;
using SecureFed.Client.Holding;
using SecureFed.Cryptography.Bfv;
using SecureFed.Cryptography.Tests.Bfv;

namespace SecureFed.SealNet.Tests;

/// <summary>The contract of every engine, kept by Microsoft SEAL.</summary>
public sealed class SealNetEngineTests : SingleKeyEngineContract
{
    protected override ISingleKeyEngine Engine => SealNetEngine.Instance;

    [Fact]
    public void Its_name_is_that_of_the_native_library() => Assert.Matches(@"^Microsoft SEAL 4\.\d+\.\d+$", Engine.Name);

    [Fact]
    public void It_serves_several_threads_at_once()
    {
        Parallel.For(0, 8, new ParallelOptions { MaxDegreeOfParallelism = 4 }, i =>
        {
            CheckedSingleKeyEngine engine = new(Engine);
            using Peer peer = new(BfvSet.S1, 24 + (i % 2), $"thread {i}", engine);
            uint[] values = peer.Values(5000);
            var decrypted = new uint[values.Length];
            engine.Decrypt(peer.SecretKey, engine.Encrypt(peer.PublicKey, values, peer.Random), decrypted);
            Assert.Equal(values, decrypted);
        });
    }
    [Fact]
    public void Clients_and_key_holders_choose_it_with_one_call()
    {
        SecureFedClientOptions client = new();
        SecureFedKeyHolderOptions holder = new();
        Assert.Same(ManagedSingleKeyEngine.Instance, client.SingleKeys);
        Assert.Same(ManagedSingleKeyEngine.Instance, holder.SingleKeys);
        Assert.Same(client, client.UseSealNet());
        Assert.Same(holder, holder.UseSealNet());
        Assert.Same(Engine, client.SingleKeys);
        Assert.Same(Engine, holder.SingleKeys);
    }

    [Fact]
    public void Only_the_choice_is_public() => Assert.Equal([typeof(SealNetExtensions)], typeof(SealNetExtensions).Assembly.GetExportedTypes());
}
