using System.Buffers.Binary;
using SecureFed.Cryptography.Bfv;
using SecureFed.Cryptography.Randomness;
using SecureFed.Cryptography.Sharing;
using SecureFed.Protocol.Encryption;
using SecureFed.Protocol.Encryption.Messages;
using SecureFed.Protocol.Transparency;

namespace SecureFed.Protocol.Tests.Encryption;

/// <summary>Bytes that are saved or sent, searched for what must not be in them.</summary>
public sealed class EncryptionLeakTests
{
    private const int NeedleBytes = 8;

    private readonly EncryptedConsortium all = new("leaks");

    public EncryptionLeakTests() => all.Open();

    [Fact]
    public void Neither_upload_nor_saved_state_of_a_client_holds_its_key_in_clear()
    {
        EncryptingParty client = all.Clients[0];
        (EncryptionClient? role, _) = client.Begin(all.Opening);
        using (KeyedRandomSource random = Seeded.Source("one client's key"))
            all.Accept(role!.Encrypt(client.MakeUpdate(all.Round.Layout, all.Random), random).Message!.Value);
        using KeyedRandomSource same = Seeded.Source("one client's key");
        using OneTimeSecretKey key = OneTimeSecretKey.Draw(all.Set, same);
        EncryptedUpload upload = (EncryptedUpload)all.Uploads[client.Id].Body;

        // The key is drawn first: this really is the one that encrypted.
        CiphertextSum own = new(EncryptedRound.ParametersOf(all.Round), EncryptedRound.LengthOf(all.Round));
        Assert.True(own.TryAdd(upload.Ciphertexts.Span));
        using PublicPolynomials polynomials = new(all.Set, all.OpenDigest.ToArray());
        uint[] opened = new uint[own.Dimension];
        Assert.True(OneTimeDecryption.TryDecrypt(own, polynomials, key.Coefficients, 0, opened, out _));
        Assert.Equal(client.Integers, opened.Take(client.Integers.Length).Select(v => unchecked((int)v)));

        ulong[] coefficients = key.Coefficients.ToArray();
        byte[] packed = Pack(coefficients);
        byte[] words = [.. coefficients.SelectMany(c => BitConverter.GetBytes(c))];
        byte[] small = [.. coefficients.Select(c => unchecked((byte)(sbyte)all.Set.Modulus.Center(c)))];
        byte[] update = [.. client.Integers.SelectMany(i => BitConverter.GetBytes(i))];
        foreach (byte[] secret in (byte[][])[packed, words, small, update])
        {
            AssertHidden(secret, role.UploadBytes.Span);
            AssertHidden(secret, role.Encode());
        }

        Assert.Equal("EncryptionClient", role.ToString());
    }

    [Fact]
    public void Nothing_that_a_holder_saves_or_sends_holds_one_clients_share()
    {
        // Two clients deal shares that the test knows; the sum of all is what a holder may say.
        ulong[][] known = [BadShares.Upload(all, all.Clients[0], (_, _) => { }), BadShares.Upload(all, all.Clients[1], (_, _) => { })];
        all.Upload([.. all.Clients.Skip(2)]);
        Announcement request = all.RunToRequest([.. all.Clients]);
        int length = EncryptedRound.ShareLength(all.Set);
        List<byte[]> said = [.. all.Holders.Select(h => h.Role.Encode())];
        said.AddRange(all.Holders.Select(h => all.Sum(h, request).Message!.Value.ToArray()));
        said.AddRange(all.Holders.Select(h => h.Role.Encode()));
        foreach (ulong[] shares in known)
        {
            for (int x = 0; x < all.Holders.Count; x++)
            {
                ulong[] share = shares[(x * length)..((x + 1) * length)];
                Assert.All(said, bytes => AssertHidden(Pack(share), bytes));
                Assert.All(said, bytes => AssertHidden([.. share.SelectMany(e => BitConverter.GetBytes(e))], bytes));
            }
        }
    }

    [Fact]
    public void The_key_of_a_round_leaves_a_holders_state_with_the_sum_and_with_the_end_of_the_round()
    {
        HoldingParty holder = all.Holders[0];
        all.Upload();
        byte[] joined = holder.Role.Encode();
        byte[] key = PrivateKeyIn(joined);
        Assert.True(joined.AsSpan().IndexOf(key) >= 0);
        Announcement request = all.RunToRequest([.. all.Clients]);
        Assert.True(holder.Role.Encode().AsSpan().IndexOf(key) >= 0);
        Assert.NotNull(all.Sum(holder, request).Message);
        Assert.Equal(-1, holder.Role.Encode().AsSpan().IndexOf(key));

        HoldingParty absent = all.Holders[4];
        key = PrivateKeyIn(absent.Role.Encode());
        absent.Role.EndRound(all.Round.RoundId);
        Assert.Equal(-1, absent.Role.Encode().AsSpan().IndexOf(key));
        Assert.Equal("KeyHolder(hidden)", absent.Role.ToString());
    }

    [Fact]
    public void The_search_finds_a_share_that_is_there()
    {
        ulong[] shares = BadShares.Upload(all, all.Clients[0], (_, _) => { });
        byte[] packed = Pack(shares.AsSpan(0, 400).ToArray());
        Assert.Throws<Xunit.Sdk.EqualException>(() => AssertHidden(packed, [1, 2, 3, .. packed.AsSpan(100, 60), 4]));
    }

    private byte[] PrivateKeyIn(byte[] saved)
    {
        KeyHolderState state = KeyHolderState.TryDecode(saved)!;
        Assert.Equal(32, state.Round!.PrivateKey.Length);
        return [.. state.Round.PrivateKey];
    }

    private byte[] Pack(ulong[] elements)
    {
        byte[] packed = new byte[ResiduePacking.PackedBytes(all.Set.Modulus, elements.Length)];
        ResiduePacking.Pack(all.Set.Modulus, elements, packed);
        return packed;
    }

    /// <summary>No window of eight bytes of the secret, at any place in it, stands anywhere in what was said. By chance one does with a probability of about 2^-30.</summary>
    private static void AssertHidden(ReadOnlySpan<byte> secret, ReadOnlySpan<byte> said)
    {
        HashSet<ulong> windows = new(said.Length);
        for (int at = 0; at + NeedleBytes <= said.Length; at++)
            windows.Add(BinaryPrimitives.ReadUInt64LittleEndian(said[at..]));
        int found = 0;
        for (int at = 0; at + NeedleBytes <= secret.Length; at++)
        {
            ulong needle = BinaryPrimitives.ReadUInt64LittleEndian(secret[at..]);
            if (NeedleBytes - secret.Slice(at, NeedleBytes).Count((byte)0) >= 5 && windows.Contains(needle)) // A small number among zeros is no secret.
                found++;
        }

        Assert.Equal(0, found);
    }
}
