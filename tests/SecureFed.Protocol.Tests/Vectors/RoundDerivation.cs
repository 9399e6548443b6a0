using SecureFed.Cryptography.Keys;
using SecureFed.Cryptography.Masking;
using SecureFed.Cryptography.Rings;
using SecureFed.Cryptography.Sealing;
using SecureFed.Cryptography.Sharing;
using SecureFed.Privacy.Updates;
using SecureFed.Protocol.Identity;
using SecureFed.Protocol.Masking;
using SecureFed.Protocol.Masking.Messages;
using SecureFed.Protocol.Messages;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Tests.Vectors;

/// <summary>Recomputes all that follows from what a vector gives, through the functions that client and server use.</summary>
internal sealed class RoundDerivation
{
    private readonly GivenRound given;
    private readonly VectorParties parties;
    private readonly MaskingCohort cohort;
    private readonly CohortList cohortList;
    private readonly DealersList dealers;
    private readonly SurvivorList survivors;
    private readonly UnmaskRequest request;
    private readonly int[] clientOfIndex;
    private readonly Dictionary<int, UnmaskAnswer> answers = [];

    public RoundDerivation(GivenRound given)
    {
        this.given = given;
        parties = new VectorParties(given);
        ReadOnlyMemory<byte> list = parties.AnnouncementOf(VectorParties.OnCohort).Blob;
        Assert.True(CohortList.TryDecode(list.Span, out CohortList? decodedCohort));
        Assert.True(DealersList.TryDecode(parties.AnnouncementOf(VectorParties.OnDealers).Blob.Span, out DealersList? decodedDealers));
        Assert.True(SurvivorList.TryDecode(parties.AnnouncementOf(VectorParties.OnSurvivors).Blob.Span, out SurvivorList? decodedSurvivors));
        Assert.True(UnmaskRequest.TryDecode(parties.AnnouncementOf(VectorParties.OnUnmaskRequest).Blob.Span, out UnmaskRequest? decodedRequest));
        (cohortList, dealers, survivors, request) = (decodedCohort!, decodedDealers!, decodedSurvivors!, decodedRequest!);
        cohort = MaskingCohort.Create(cohortList, Digest.Of(list.Span), parties.Round.RoundId);
        clientOfIndex = [.. Enumerable.Range(0, cohort.Count).Select(i => Array.FindIndex(given.Clients, c => cohort[i] == new Identifier(c.Id)))];
        for (int i = 0; i < cohort.Count; i++)
        {
            if (given.Clients[clientOfIndex[i]].Messages.UnmaskAnswer is { } answer)
                answers.Add(i, (UnmaskAnswer)Decode(answer).Body);
        }
    }

    private int Dimension => parties.Round.Layout.Dimension;

    private int RingBits => parties.Round.Layout.RingBits;

    public DerivedRound Derive()
    {
        UpdateLayout layout = parties.Round.Layout;
        int[] dropped = [.. dealers.Dealers.Except(survivors.Survivors)];
        DerivedSecret[] recovered = [.. dealers.Dealers.Select(Recover)];
        uint[] maskTotal = SumMasks(recovered.ToDictionary(r => r.Owner, r => r.Secret));
        uint[] aggregate = new uint[Dimension];
        foreach (int survivor in survivors.Survivors)
        {
            uint[] words = new uint[Dimension];
            Assert.True(RingPacking.TryUnpack(UploadOf(survivor)!.PackedWords.Span, RingBits, words));
            Ring.Add(aggregate, words);
        }

        Ring.Subtract(aggregate, maskTotal);
        Ring.Reduce(aggregate, RingBits);
        int[] sum = SumDecoder.ToIntegers(layout, aggregate);
        return new DerivedRound(
            parties.Roster.Digest.ToArray(),
            Digest.Of(given.TaskParameters).ToArray(),
            Digest.Of(given.Model).ToArray(),
            OpenDigest.Of(parties.Opening.Bytes.Span, parties.Opening.Index).ToArray(),
            parties.Round.RoundId.ToArray(),
            Dimension,
            RingBits,
            [.. parties.Task.LayoutOf(RoundKind.Train).Segments.Select(s => new DerivedSegment(s.Name, s.Length, s.ClipNorm, s.ScaleExponent))],
            CohortThresholds.TryDerive(parties.Task.Cohort, cohort.Count, out _)!,
            cohort.Digest.ToArray(),
            Digest.Of(dealers.Encode()).ToArray(),
            Digest.Of(survivors.Encode()).ToArray(),
            [.. Enumerable.Range(0, cohort.Count).Select(i => cohort[i].ToArray())],
            [.. dealers.Dealers],
            [.. survivors.Survivors],
            dropped,
            [.. request.Certificate.Select(s => s.Signer)],
            [.. dealers.Dealers.Select(Describe)],
            recovered,
            maskTotal,
            aggregate,
            Digest.Of(RingVector.Encode(aggregate)).ToArray(),
            Digest.Of(RingVector.Encode(maskTotal)).ToArray(),
            sum,
            SumDecoder.ToValues(layout, sum));
    }

    private static SignedMessage Decode(byte[] bytes)
    {
        Assert.Null(SignedMessage.TryDecode(bytes, out SignedMessage? message));
        return message!;
    }

    private GivenClient ClientAt(int index) => given.Clients[clientOfIndex[index]];

    private Upload? UploadOf(int index) => ClientAt(index).Messages.Upload is { } upload ? (Upload)Decode(upload).Body : null;

    private DerivedClient Describe(int index)
    {
        GivenClient client = ClientAt(index);
        byte[] selfMaskKey = new byte[MaskingDerivations.KeyBytes];
        MaskingDerivations.SelfMaskKey(client.SelfMaskSeed, cohort.Digest, cohort[index], selfMaskKey);
        uint[] vector = [.. client.Integers.Select(i => Ring.FromCentred(i, RingBits))];
        uint[] selfMask = MaskOf(selfMaskKey);
        ShareBundle bundle = (ShareBundle)Decode(client.Messages.ShareBundle!).Body;
        DerivedPair[] pairs = [.. cohort.NeighboursOf(index).Select(neighbour => Pair(index, neighbour, bundle))];
        uint[]? masked = null;
        byte[]? packed = null;
        if (client.Messages.Upload is not null)
        {
            masked = [.. vector];
            Ring.Add(masked, selfMask);
            foreach (DerivedPair pair in pairs.Where(p => dealers.Dealers.Contains(p.Index)))
            {
                if (pair.Sign > 0)
                    Ring.Add(masked, pair.PairMask);
                else
                    Ring.Subtract(masked, pair.PairMask);
            }

            Ring.Reduce(masked, RingBits);
            packed = new byte[RingPacking.PackedBytes(Dimension, RingBits)];
            RingPacking.Pack(masked, RingBits, packed);
        }

        int number = clientOfIndex[index];
        return new DerivedClient(
            number,
            index,
            parties.Keys[number].PublicKey.ToArray(),
            Pseudonym.Of(given.RandomForRound.AsSpan(0, Pseudonym.SaltBytes), cohort[index]).ToArray(),
            PublicKeyOf(client.MaskPrivateKey!),
            PublicKeyOf(client.SealingPrivateKey!),
            MaskingDerivations.CommitToSeed(client.SelfMaskSeed, cohort.Digest, cohort[index]).ToArray(),
            selfMaskKey,
            selfMask,
            pairs,
            Inbox(number),
            vector,
            masked,
            packed,
            packed is null ? null : Digest.Of(packed).ToArray(),
            [.. Enum.GetValues<MessageType>().Select(t => VectorParties.MessageOf(client.Messages, t)).Where(m => m is not null).Select(m => Describe(m!))],
            answers.TryGetValue(index, out UnmaskAnswer? answer) ? [.. answer.Shares.Select(s => new DerivedRelease(s.Owner, s.Kind, s.Share.ToArray()))] : []);
    }

    private DerivedMessage Describe(byte[] bytes)
    {
        const int headerBytes = 2 + 3 * Identifier.Bytes + Digest.Bytes;
        SignedMessage message = Decode(bytes);
        byte[] signed = SigningContext.Message.Bind([.. bytes.AsSpan(0, headerBytes), .. CanonicalWriter.Write(w => message.Body.WriteSigned(w))]);
        Assert.True(Signature.Verify(parties.Roster.Find(message.Header.Sender)!.PublicKey.Span, signed, message.SignatureBytes.Span));
        return new DerivedMessage(message.Body.Type, bytes[..headerBytes], signed, message.SignatureBytes.ToArray(), message.Digest.ToArray());
    }

    private byte[] Inbox(int client) => CanonicalWriter.Write(writer => writer
        .Opaque(given.Announcements.Dealers)
        .List(parties.InboxOf(client), (w, item) => w.Count(item.Dealer).Opaque(item.Box.Span)));

    private DerivedPair Pair(int index, int neighbour, ShareBundle bundle)
    {
        GivenClient client = ClientAt(index);
        byte[] maskSecret = Agree(client.MaskPrivateKey!, cohort.KeysOf(neighbour).MaskKey.Span);
        byte[] sealingSecret = Agree(client.SealingPrivateKey!, cohort.KeysOf(neighbour).SealingKey.Span);
        byte[] pairMaskKey = new byte[MaskingDerivations.KeyBytes];
        byte[] sealingKey = new byte[MaskingDerivations.KeyBytes];
        byte[] openingKey = new byte[MaskingDerivations.KeyBytes];
        MaskingDerivations.PairMaskKey(maskSecret, cohort.Digest, cohort[index], cohort[neighbour], pairMaskKey);
        MaskingDerivations.SealingKey(sealingSecret, cohort.Digest, cohort[index], cohort[neighbour], sealingKey);
        MaskingDerivations.SealingKey(sealingSecret, cohort.Digest, cohort[neighbour], cohort[index], openingKey);
        int point = MaskingCohort.PointOf(neighbour);
        byte[] seedShare = RoundVectorScript.Evaluate(client.SeedPolynomial!, point);
        byte[] maskKeyShare = RoundVectorScript.Evaluate(client.MaskKeyPolynomial!, point);
        byte[] context = MaskingDerivations.SealingContext(cohort.Digest, cohort[index], cohort[neighbour]);
        byte[] box = new byte[ShareBundle.BoxBytes];
        SealedBox.Seal(sealingKey, context, [.. seedShare, .. maskKeyShare], box);
        Assert.Equal(box, bundle.BoxFor(neighbour)!.Value.ToArray());
        return new DerivedPair(
            neighbour,
            point,
            maskSecret,
            pairMaskKey,
            PairSign.IsAdded(cohort[index], cohort[neighbour]) ? 1 : -1,
            MaskOf(pairMaskKey),
            sealingSecret,
            sealingKey,
            openingKey,
            context,
            seedShare,
            maskKeyShare,
            box);
    }

    /// <summary>From the t answering neighbours with the smallest indices.</summary>
    private DerivedSecret Recover(int owner)
    {
        bool isSurvivor = survivors.Survivors.Contains(owner);
        ShareKind kind = isSurvivor ? ShareKind.SelfMaskSeed : ShareKind.MaskKey;
        int[] responders = [.. answers.Where(a => a.Value.Shares.Any(s => s.Owner == owner)).Select(a => a.Key).Order().Take(cohort.Thresholds.Threshold)];
        byte[] shares = [.. responders.SelectMany(r => answers[r].Shares.Single(s => s.Owner == owner && s.Kind == kind).Share.ToArray())];
        byte[] secret = new byte[ShamirSecretSharing.SecretBytes];
        Assert.True(ShamirSecretSharing.TryCombine([.. responders.Select(MaskingCohort.PointOf)], shares, secret));
        return new DerivedSecret(owner, kind, responders, secret);
    }

    private uint[] SumMasks(Dictionary<int, byte[]> secrets)
    {
        uint[] total = new uint[Dimension];
        byte[] key = new byte[MaskingDerivations.KeyBytes];
        foreach (int survivor in survivors.Survivors)
        {
            MaskingDerivations.SelfMaskKey(secrets[survivor], cohort.Digest, cohort[survivor], key);
            Ring.Add(total, MaskOf(key));
            foreach (int dropped in request.Dropped.Intersect(cohort.NeighboursOf(survivor)))
            {
                MaskingDerivations.PairMaskKey(
                    Agree(secrets[dropped], cohort.KeysOf(survivor).MaskKey.Span), cohort.Digest, cohort[survivor], cohort[dropped], key);
                if (PairSign.IsAdded(cohort[survivor], cohort[dropped]))
                    Ring.Add(total, MaskOf(key));
                else
                    Ring.Subtract(total, MaskOf(key));
            }
        }

        Ring.Reduce(total, RingBits);
        return total;
    }

    private uint[] MaskOf(byte[] key)
    {
        uint[] mask = new uint[Dimension];
        using MaskStream stream = new(key);
        stream.AddTo(mask);
        Ring.Reduce(mask, RingBits);
        return mask;
    }

    private static byte[] PublicKeyOf(byte[] privateKey)
    {
        using AgreementKey key = AgreementKey.FromPrivateKey(privateKey);
        return key.PublicKey.ToArray();
    }

    private static byte[] Agree(byte[] privateKey, ReadOnlySpan<byte> peer)
    {
        using AgreementKey key = AgreementKey.FromPrivateKey(privateKey);
        byte[] shared = new byte[P256.SharedSecretBytes];
        Assert.True(key.TryAgree(peer, shared));
        return shared;
    }
}
