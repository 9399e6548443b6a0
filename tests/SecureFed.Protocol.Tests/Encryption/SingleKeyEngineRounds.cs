using SecureFed.Cryptography.Bfv;
using SecureFed.Cryptography.Randomness;
using SecureFed.Cryptography.Seal;
using SecureFed.Protocol.Encryption;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Tests.Simulation;
using SecureFed.Protocol.Transparency;

namespace SecureFed.Protocol.Tests.Encryption;

/// <summary>Whole rounds in which some clients, the holder or both use one engine and the others ours: a test class for an engine derives from this.</summary>
public abstract class SingleKeyEngineRounds
{
    protected abstract ISingleKeyEngine Engine { get; }

    [Theory]
    [InlineData("S1", 32, true, false)]
    [InlineData("S1", 32, false, true)]
    [InlineData("S2", 24, true, true)]
    public void Sum_of_updates_is_exact_whoever_uses_it(string set, int ringBits, bool clientsDo, bool holderDoes)
    {
        Spy spy = new(Engine);
        SingleKeyConsortium all = new($"engine {set} {clientsDo}", set: set, ringBits: ringBits, holderEngine: holderDoes ? spy : null);
        foreach (SingleKeyConsortium.Client client in all.Clients.Where((_, i) => clientsDo && i % 2 == 0))
            client.Context = client.Context with { SingleKeys = spy };
        all.Open();
        all.Upload(all.Clients);
        all.Server.Advance(Patience.Waiting);
        all.Release();
        Assert.Equal(RoundPhase.Closed, all.Round.Phase);
        Assert.Equal(SingleKeyConsortium.SumOf(all.Clients), all.Server.Sum());
        Assert.Equal((clientsDo ? 3 : 0, holderDoes ? 1 : 0), (spy.Encryptions, spy.Decryptions));
    }

    /// <summary>Each with one bit changed: in a header, in parms_id and in a word, of what one of five clients sent.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(20)]
    [InlineData(32_880)]
    public void A_holders_engine_sees_nothing_of_a_list_with_a_changed_delivery(int at)
    {
        Spy spy = new(Engine);
        SingleKeyConsortium all = new($"changed {at}", length: 40, holderEngine: spy);
        all.Open();
        all.Upload(all.Clients);
        all.Server.Advance(Patience.Waiting);
        Assert.Equal(SimulatedServer.Accepted, all.Server.Receive(all.Holder.OnSurvivors(all.Server.AnnouncementOf(EventType.SurvivorsListed)!).Message!.Value));
        all.Server.Advance(Patience.Waiting);

        List<HolderDelivery> deliveries = all.Deliveries();
        byte[] box = deliveries[^1].Box.ToArray();
        box[at] ^= 0x80;
        HolderStep refused = all.Answer([.. deliveries[..^1], deliveries[^1] with { Box = box }]);
        Assert.Equal(ErrorCodes.InvalidCiphertext, refused.Refusal?.Code);
        Assert.Equal(0, spy.Decryptions);

        Assert.Equal(SimulatedServer.Accepted, all.Server.Receive(all.Answer(deliveries).Message!.Value));
        Assert.Equal(1, spy.Decryptions);
    }

    private sealed class Spy(ISingleKeyEngine engine) : ISingleKeyEngine
    {
        public int Encryptions { get; private set; }

        public int Decryptions { get; private set; }

        public string Name => engine.Name;

        public (byte[] SecretKey, byte[] PublicKey) DrawKeys(SealParameters parameters, IRandomSource random) => engine.DrawKeys(parameters, random);

        public IReadOnlyList<byte[]> Encrypt(SealParameters parameters, ReadOnlySpan<byte> publicKey, ReadOnlySpan<uint> values, IRandomSource random)
        {
            Encryptions++;
            return engine.Encrypt(parameters, publicKey, values, random);
        }

        public void Decrypt(SealParameters parameters, ReadOnlySpan<byte> secretKey, IReadOnlyList<byte[]> ciphertexts, Span<uint> values)
        {
            Decryptions++;
            engine.Decrypt(parameters, secretKey, ciphertexts, values);
        }
    }
}
