using System.Buffers.Binary;
using System.Security.Cryptography;
using SecureFed.Cryptography.Keys;
using SecureFed.Privacy.Updates;
using SecureFed.Protocol.Encryption;
using SecureFed.Protocol.Encryption.Messages;
using SecureFed.Protocol.Messages;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Tests.Vectors;

/// <summary>Recomputes all that follows from what the vector gives: curve, layout and encodings through the code, ring, shares and boxes by the document's formulas alone.</summary>
internal sealed class EncryptedDerivation
{
    private const int Length = 64;
    private const int ShareLength = PlainBfv.N + 3;
    private readonly GivenEncryptedRound given;
    private readonly EncryptedVectorParties parties;
    private readonly byte[] open;
    private readonly EncryptionSpecification specification;
    private readonly HolderTable table;
    private readonly UpdateLayout layout;
    private readonly UploadList survivors;
    private readonly KeySumRequest request;
    private readonly ulong delta;
    private readonly ulong root = PlainBfv.SmallestRoot();
    private readonly ulong[] a;
    private readonly ulong[][] challenges;
    private readonly byte[] challengeDigest;
    private readonly DerivedPolynomial derivedPublic;
    private readonly DerivedPolynomial[] derivedChallenges;
    private readonly Dictionary<int, ulong[][]> sharesOf = [];
    private byte[]? firstBox;

    public EncryptedDerivation(GivenEncryptedRound given)
    {
        this.given = given;
        parties = new EncryptedVectorParties(given);
        open = parties.OpenDigest.ToArray();
        specification = parties.Round.Encryption!.Specification;
        table = parties.Round.Encryption.Table;
        layout = parties.Round.Layout;
        survivors = parties.ListOf(EncryptedVectorParties.OnSurvivors);
        Assert.True(KeySumRequest.TryDecode(parties.AnnouncementOf(EncryptedVectorParties.OnUnmaskRequest).Blob.Span, out KeySumRequest? decoded));
        request = decoded!;
        delta = PlainBfv.Delta(layout.RingBits);

        // a_0: counter block (0, block), so from counter 0 on; two words a block.
        byte[] key = PlainBfv.Derive(open, [], "a"u8);
        ulong[] values = PlainBfv.Residues(PlainBfv.Keystream(key, 8 * PlainBfv.N), PlainBfv.N);
        a = PlainBfv.Coefficients(values, root);
        derivedPublic = new DerivedPolynomial(key, values[..4], DigestOf(values), a[..4], DigestOf(a));

        SignedEntry fixing = parties.AnnouncementOf(EncryptedVectorParties.OnFixedUploads).Entry;
        byte[] index = new byte[8];
        BinaryPrimitives.WriteUInt64BigEndian(index, fixing.Index);
        challengeDigest = SHA256.HashData([.. fixing.Bytes.Span, .. index]);
        byte[][] keys = [.. Enumerable.Range(1, 3).Select(l => PlainBfv.Derive(challengeDigest, [], [.. "securefed/v1 share check\n"u8, (byte)l]))];
        challenges = [.. keys.Select(k => PlainBfv.Residues(PlainBfv.Keystream(k, 8 * PlainBfv.N), PlainBfv.N))];
        derivedChallenges = [.. keys.Zip(challenges, (k, rho) => new DerivedPolynomial(k, rho[..4], DigestOf(rho), null, null))];
    }

    public DerivedEncryptedRound Derive()
    {
        byte[] salt = given.RandomForRound[..32];
        DerivedEncryptedClient[] clients = [.. Enumerable.Range(0, given.Clients.Length).Where(i => given.Clients[i].Upload is not null).Select(i => ClientOf(i, salt))];
        int[] summed = [.. survivors.Uploads.Select(u => Array.FindIndex(given.Clients, c => new Identifier(c.Id) == u.Client))];
        ulong[][] sums = [.. table.Entries.Select(seat => SumOf(summed.Select(i => sharesOf[i][seat.Point - 1][..PlainBfv.N])))];
        DerivedHolder[] holders = [.. table.Entries.Select((seat, place) => HolderOf(seat, sums[place], salt))];

        int[] points = [.. table.Entries.Where((_, place) => given.Holders[place].KeySum is not null).Select(seat => seat.Point)];
        ulong[] sumOfKeys = new ulong[PlainBfv.N];
        for (int k = 0; k < points.Length; k++)
        {
            ulong lambda = PlainBfv.Lambda(points, k);
            for (int i = 0; i < PlainBfv.N; i++)
                sumOfKeys[i] = PlainBfv.Add(sumOfKeys[i], PlainBfv.Multiply(lambda, sums[points[k] - 1][i]));
        }

        uint[] aggregate = Decrypt(clients, summed, sumOfKeys, out double squares);
        int[] sum = SumDecoder.ToIntegers(layout, aggregate);
        CohortThresholds thresholds = CohortThresholds.TryDeriveEncrypted(parties.Round.Cohort, given.Clients.Length, out _)!;
        return new DerivedEncryptedRound(
            parties.Roster.Digest.ToArray(),
            SHA256.HashData(given.TaskParameters),
            open,
            parties.Round.RoundId.ToArray(),
            layout.Dimension,
            Length,
            layout.RingBits,
            specification.DroppedBits,
            PlainBfv.Bits - specification.DroppedBits,
            delta,
            root,
            thresholds.Corrupt,
            thresholds.LeastSurvivors,
            thresholds.HonestSurvivors,
            [.. given.Clients.Select(c => c.Id)],
            derivedPublic,
            challengeDigest,
            derivedChallenges,
            clients,
            firstBox!,
            SHA256.HashData(parties.UploadOf(clients[0].Client).Bytes.Span),
            SHA256.HashData(parties.AnnouncementOf(EncryptedVectorParties.OnFixedUploads).Blob.Span),
            SHA256.HashData(parties.AnnouncementOf(EncryptedVectorParties.OnSurvivors).Blob.Span),
            SignedBytesOf(given.Holders[0].ListSignature!),
            holders,
            [.. request.Certificate.Select(s => s.Point)],
            points,
            [.. sumOfKeys.Select(c => c > PlainBfv.Q / 2 ? (int)((long)c - (long)PlainBfv.Q) : (int)c)],
            DigestOf(sumOfKeys),
            squares,
            PlainBfv.ResidueBound(Length, summed.Length, specification.DroppedBits),
            aggregate,
            SHA256.HashData([.. aggregate.SelectMany(BigEndian)]),
            sum,
            SumDecoder.ToValues(layout, sum));
    }

    private DerivedEncryptedClient ClientOf(int client, byte[] salt)
    {
        GivenEncryptedClient drawn = given.Clients[client];
        uint[] vector = [.. drawn.Integers!.Select(m => unchecked((uint)m)), .. new uint[Length - drawn.Integers!.Length]];
        ulong[] s = [.. drawn.KeyCoefficients!.Select(c => PlainBfv.FromSigned(c))];
        ulong[] product = PlainBfv.Product(a, s, Length);
        ulong[] words = [.. Enumerable.Range(0, Length).Select(i => PlainBfv.Encrypt(unchecked((int)vector[i]), drawn.Errors![i], product[i], delta, specification.DroppedBits))];
        byte[] ciphertexts = PlainBfv.Pack(words, PlainBfv.Bits - specification.DroppedBits);

        byte[] tape = CoefficientTape(drawn.RandomForUpload!);
        sharesOf[client] = Split([.. s, .. drawn.Masks!], tape);
        using AgreementKey sealing = AgreementKey.FromPrivateKey(drawn.SealingPrivateKey);
        DerivedBox[] boxes = [.. table.Entries.Select(seat => BoxOf(drawn.Id, seat, sharesOf[client][seat.Point - 1], sealing))];
        byte[] record = drawn.Upload!;
        return new DerivedEncryptedClient(
            client,
            PseudonymOf(salt, drawn.Id),
            sealing.PublicKey.ToArray(),
            vector,
            ciphertexts,
            SHA256.HashData(ciphertexts),
            SHA256.HashData(tape),
            boxes,
            new DerivedMessage(MessageType.EncryptedUpload, record[..82], SignedBytesOf(record), record[^P256.SignatureBytes..], SHA256.HashData(record)));
    }

    /// <summary>The words from which the upper coefficients are read: behind the key, the sealing key, the errors of one polynomial, and the masks.</summary>
    private byte[] CoefficientTape(byte[] randomForUpload)
    {
        const int before = (16 * PlainBfv.N) + 32 + (16 * PlainBfv.N) + (3 * 8);
        int length = 8 * (specification.Threshold - 1) * ShareLength;
        return PlainBfv.Keystream(randomForUpload, before + length)[before..];
    }

    /// <summary>K shares: in stretches of 256 coordinates, the coefficients of the highest power first.</summary>
    private ulong[][] Split(ulong[] secret, byte[] tape)
    {
        int powers = specification.Threshold - 1;
        ulong[] coefficients = PlainBfv.Residues(tape, powers * ShareLength);
        ulong[][] shares = [.. specification.Holders.Select(_ => new ulong[ShareLength])];
        for (int start = 0; start < ShareLength; start += 256)
        {
            int count = Math.Min(256, ShareLength - start);
            for (int i = start; i < start + count; i++)
            {
                for (int k = 0; k < shares.Length; k++)
                {
                    ulong x = (ulong)k + 1;
                    ulong value = 0;
                    for (int row = 0; row < powers; row++)
                        value = PlainBfv.Add(PlainBfv.Multiply(value, x), coefficients[(powers * start) + (row * count) + (i - start)]);
                    shares[k][i] = PlainBfv.Add(PlainBfv.Multiply(value, x), secret[i]);
                }
            }
        }

        return shares;
    }

    private DerivedBox BoxOf(byte[] client, HolderEntry seat, ulong[] share, AgreementKey sealing)
    {
        byte[] shared = new byte[P256.SharedSecretBytes];
        Assert.True(sealing.TryAgree(seat.RoundKey.Span, shared));
        byte[] holder = seat.Holder.ToArray();
        byte[] key = PlainBfv.Derive(shared, open, [.. "securefed/v1 key share\n"u8, .. client, .. holder, (byte)seat.Point]);
        byte[] associated = [.. open, .. client, .. holder, (byte)seat.Point];
        byte[] plaintext = PlainBfv.Pack(share, PlainBfv.Bits);
        byte[] box = new byte[plaintext.Length + 16];
        using (AesGcm gcm = new(key, 16))
            gcm.Encrypt(new byte[12], plaintext, box.AsSpan(0, plaintext.Length), box.AsSpan(plaintext.Length), associated);
        firstBox ??= box;
        return new DerivedBox(seat.Point, shared, key, associated, [share[0], share[1], .. share[^3..]], SHA256.HashData(plaintext), SHA256.HashData(box), [.. challenges.Select((rho, l) => Answer(rho, share, l))]);
    }

    private static ulong Answer(ulong[] rho, ulong[] share, int l)
    {
        ulong answer = share[PlainBfv.N + l];
        for (int i = 0; i < PlainBfv.N; i++)
            answer = PlainBfv.Add(answer, PlainBfv.Multiply(rho[i], share[i]));
        return answer;
    }

    private DerivedHolder HolderOf(HolderEntry seat, ulong[] sum, byte[] salt)
    {
        GivenOffer offer = given.Holders[seat.Point - 1].Offers[(int)seat.Number - 1];
        using AgreementKey key = AgreementKey.FromPrivateKey(offer.PrivateKey);
        return new DerivedHolder(
            seat.Point,
            PseudonymOf(salt, seat.Holder.ToArray()),
            key.PublicKey.ToArray(),
            [.. "securefed/v1 holder key\n"u8, .. offer.Offer[..^P256.SignatureBytes]],
            SHA256.HashData(offer.Offer),
            sum[..4],
            DigestOf(sum));
    }

    private uint[] Decrypt(DerivedEncryptedClient[] clients, int[] summed, ulong[] sumOfKeys, out double squares)
    {
        ulong[] totals = new ulong[Length];
        foreach (DerivedEncryptedClient client in clients.Where(c => summed.Contains(c.Client)))
        {
            ulong[] words = PlainBfv.Unpack(client.Ciphertexts, Length, PlainBfv.Bits - specification.DroppedBits);
            for (int i = 0; i < Length; i++)
                totals[i] += words[i];
        }

        ulong[] product = PlainBfv.Product(a, sumOfKeys, Length);
        uint[] aggregate = new uint[Length];
        squares = 0;
        for (int i = 0; i < Length; i++)
        {
            (long multiple, double residue) = PlainBfv.Decrypt(totals[i], product[i], summed.Length, delta, specification.DroppedBits);
            aggregate[i] = unchecked((uint)multiple);
            squares += residue * residue;
        }

        return aggregate[..layout.Dimension];
    }

    private static ulong[] SumOf(IEnumerable<ulong[]> vectors) => vectors.Aggregate((x, y) => [.. x.Zip(y, PlainBfv.Add)]);

    private static byte[] DigestOf(ulong[] residues) => SHA256.HashData(PlainBfv.Pack(residues, PlainBfv.Bits));

    private static byte[] PseudonymOf(byte[] salt, byte[] id) => SHA256.HashData([.. "securefed/v1 pseudonym\n"u8, .. salt, .. id])[..16];

    private static byte[] SignedBytesOf(byte[] record) => [.. "securefed/v1 message\n"u8, .. record[..^P256.SignatureBytes]];

    private static byte[] BigEndian(uint word)
    {
        byte[] bytes = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, word);
        return bytes;
    }
}
