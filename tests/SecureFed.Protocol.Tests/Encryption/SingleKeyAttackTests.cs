using SecureFed.Cryptography.Bfv;
using SecureFed.Cryptography.Rings;
using SecureFed.Cryptography.Seal;
using SecureFed.Privacy.Updates;
using SecureFed.Protocol.Encryption.Messages;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Tests.Simulation;

namespace SecureFed.Protocol.Tests.Encryption;

/// <summary>Why a single key is for honest clients only: the attack of DESIGN section 3, Encryption, item 6, on whole rounds. It must succeed here; against one-time keys see
/// <see cref="OneTimeKeyAttackTests"/>.</summary>
public sealed class SingleKeyAttackTests
{
    /// <summary>
    /// c₁ + ⌊2^26·q/t⌋ adds 2^26·(q/t)·s to the phase, so the decoded sum is M + 2^26·s. Whoever sees the sum (all who get the model) reads s, a coefficient of −1, 0 or 1 in each
    /// value, as long as |M| stays below 2^25; and s opens every upload of the round.
    /// </summary>
    [Fact]
    public void One_malformed_ciphertext_reads_the_key_out_of_the_sum_and_every_upload_then_opens()
    {
        SingleKeyConsortium all = new("attack");
        all.Open();
        SingleKeyConsortium.Client[] honest = [.. all.Clients.Skip(1)];
        foreach (SingleKeyConsortium.Client client in honest)
            Assert.Equal(SimulatedServer.Accepted, all.Server.Receive(all.Encrypt(client, norm: 0.25)));
        SealParameters parameters = all.Parameters;
        PrimeModulus q = parameters.DataLevel.Primes[0];
        ulong shift = (ulong)(((UInt128)q.Value << 26) / parameters.PlainModulus);
        SingleKeyUpload upload = SingleKeyConsortium.BodyOf(all.Encrypt(all.Clients[0], norm: 0.25));
        SealCiphertext ciphertext = SealCiphertext.Read(upload.Ciphertext(0).Span, parameters);
        ulong[] second = ciphertext.Second.ToArray();
        second[0] = q.Add(second[0], shift);
        byte[] malformed = [.. SealCiphertext.Create(parameters, [.. ciphertext.First, .. second]).Write(), .. upload.Ciphertext(1).Span];
        Assert.Equal(SimulatedServer.Accepted, all.Server.Receive(all.Sign(all.Clients[0], new SingleKeyUpload(upload.CiphertextBytes, malformed))));
        all.Server.Advance(Patience.Waiting);
        all.Release();
        Assert.Equal(RoundPhase.Closed, all.Round.Phase);

        // From here on nothing but the published sum and what the server holds.
        uint[] sum = new uint[all.Round.Parameters.Layout.Dimension];
        Assert.True(RingVector.TryDecode(all.Server.Blobs.Get(all.Round.AggregateDigest!.Value).Span, sum));
        ulong[] secret = [.. sum.Take(parameters.Degree).Select(value => q.FromSigned(unchecked((int)(value + (1U << 25))) >> 26))];
        new NumberTheoreticTransform(q, parameters.Degree).Forward(secret);
        using SealSecretKey key = SealSecretKey.Create(parameters, secret);
        Assert.True(SingleKeys.Matches(key, SealPublicKey.Read(all.Round.Parameters.Encryption!.Table.Entries[0].RoundKey.Span, parameters)));
        foreach (SingleKeyConsortium.Client victim in honest)
        {
            SingleKeyUpload private_ = SingleKeyConsortium.BodyOf(victim.Role!.UploadBytes);
            uint[] values = new uint[sum.Length];
            new CheckedSingleKeyEngine().Decrypt(key, [.. Enumerable.Range(0, private_.Count).Select(i => SealCiphertext.Read(private_.Ciphertext(i).Span, parameters))], values);
            Assert.Equal(victim.Integers, SumDecoder.ToIntegers(all.Round.Parameters.Layout, values));
        }
    }
}
