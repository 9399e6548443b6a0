using SecureFed.Cryptography.Keys;
using SecureFed.Cryptography.Masking;
using SecureFed.Cryptography.Rings;
using SecureFed.Cryptography.Sharing;
using SecureFed.Protocol.Masking;
using SecureFed.Protocol.Masking.Messages;
using SecureFed.Protocol.Wire;

namespace SecureFed.Cli.Attack.Lies;

/// <summary>What a server can make of the victim's upload with the shares that were released to it and the keys of its accomplice.</summary>
/// <remarks>The same removal with all secrets is the control: it must give the update, else the attempt proves nothing.</remarks>
internal sealed class Unmasking
{
    private readonly Scene scene;
    private readonly Identifier round;
    private readonly MaskingCohort cohort;
    private readonly Upload upload;
    private readonly int self;
    private readonly int[] dealers;

    private Unmasking(Scene scene, Identifier round)
    {
        this.scene = scene;
        this.round = round;
        ReadOnlyMemory<byte> blob = scene.Published(round, "keys").Blob;
        cohort = MaskingCohort.Create(CohortLies.Decode(blob), Digest.Of(blob.Span), round);
        upload = (Upload)scene.SentBy(round, "uploads", scene.VictimId)!.Body;
        self = cohort.IndexOf(scene.VictimId)!.Value;
        dealers = [.. Enumerable.Range(0, cohort.Count).Where(i => scene.SentBy(round, "shares", cohort[i]) is not null)];
    }

    /// <summary>Null if the server cannot take the masks off the victim's upload, else what went wrong.</summary>
    public static string? FindLeak(Scene scene)
    {
        Unmasking attempt = new(scene, scene.RoundOf(1));
        MaskingClientState? own = scene.Victim.Store.StateOf(1);
        if (own is null)
            return "victim-without-state";

        // Control: with the victim's own secrets the update comes out.
        if (!attempt.IsUpdate(attempt.Strip(own.SelfMaskSeed, own.MaskPrivateKey, [])))
            return "control-failed";

        byte[]? seed = attempt.Recover(attempt.self, ShareKind.SelfMaskSeed);
        byte[]? ownKey = attempt.Recover(attempt.self, ShareKind.MaskKey);
        if (seed is not null && ownKey is not null)
            return "both-kinds-of-share-released";
        Dictionary<int, byte[]> peers = [];
        foreach (int dealer in attempt.dealers.Where(d => d != attempt.self))
        {
            // Place in the consortium and cohort index agree.
            byte[]? key = scene.Consortium.Accomplices.Contains(dealer) ? scene.Participants[dealer].Store.StateOf(1)?.MaskPrivateKey : attempt.Recover(dealer, ShareKind.MaskKey);
            if (key is not null)
                peers[dealer] = key;
        }

        return attempt.IsUpdate(attempt.Strip(seed, ownKey, peers)) ? "update-recovered" : null;
    }

    /// <summary>Whether these are the victim's numbers, up to the rounding of each to an integer.</summary>
    private bool IsUpdate(uint[] words)
    {
        double scale = scene.Round(round).Layout.Segments[0].Scale;
        return TaskPlan.UpdateOf(HostileConsortium.VictimIndex, 0).Select((value, i) => Math.Abs(unchecked((int)words[i]) - value * scale)).All(error => error <= 1);
    }

    /// <summary>Null if the honest survivors hang together on the neighbour graph, so that no part of them has a sum of its own; else that it falls apart.</summary>
    public static string? FindSplit(Scene scene)
    {
        Unmasking attempt = new(scene, scene.RoundOf(1));
        int[] survivors = [.. Lists.Survivors(scene.Published(attempt.round, "survivors").Blob).Survivors.Except(scene.Consortium.Accomplices)];
        HashSet<int> left = [.. survivors];
        Queue<int> reached = new([survivors[0]]);
        left.Remove(survivors[0]);
        while (reached.TryDequeue(out int next))
        {
            foreach (int neighbour in attempt.cohort.NeighboursOf(next).Where(left.Remove))
                reached.Enqueue(neighbour);
        }

        return left.Count == 0 ? null : "graph-split";
    }

    /// <summary>Interpolates a secret of one client out of the answers, if t shares of that kind came.</summary>
    private byte[]? Recover(int owner, ShareKind kind)
    {
        int threshold = cohort.Thresholds.Threshold;
        (int Point, ReadOnlyMemory<byte> Share)[] shares =
        [
            .. Enumerable.Range(0, cohort.Count)
                .SelectMany(i => (scene.SentBy(round, "unmask", cohort[i])?.Body as UnmaskAnswer)?.Shares.Where(s => s.Owner == owner && s.Kind == kind).Select(s => (MaskingCohort.PointOf(i), s.Share)) ?? [])
                .Take(threshold),
        ];
        byte[] secret = new byte[ShamirSecretSharing.SecretBytes];
        return shares.Length == threshold
            && ShamirSecretSharing.TryCombine([.. shares.Select(s => s.Point)], (byte[])[.. shares.SelectMany(s => s.Share.ToArray())], secret) ? secret : null;
    }

    /// <summary>The upload without the masks that follow from these secrets, in the ring.</summary>
    private uint[] Strip(byte[]? seed, byte[]? ownKey, Dictionary<int, byte[]> peers)
    {
        uint[] words = new uint[upload.Dimension];
        if (!RingPacking.TryUnpack(upload.PackedWords.Span, upload.RingBits, words))
            throw new InvalidOperationException("The victim sent an upload that is not packed.");
        byte[] key = new byte[MaskingDerivations.KeyBytes];
        if (seed is not null)
        {
            MaskingDerivations.SelfMaskKey(seed, cohort.Digest, cohort[self], key);
            using MaskStream selfMask = new(key);
            selfMask.SubtractFrom(words);
        }

        foreach (int peer in cohort.NeighboursOf(self).Intersect(dealers))
        {
            if (ownKey is not null)
                Remove(words, ownKey, peer, peer);
            else if (peers.TryGetValue(peer, out byte[]? known))
                Remove(words, known, self, peer);
        }

        Ring.Reduce(words, upload.RingBits);
        return words;
    }

    private void Remove(uint[] words, byte[] privateKey, int owner, int peer)
    {
        using AgreementKey agreement = AgreementKey.FromPrivateKey(privateKey);
        byte[] shared = new byte[P256.SharedSecretBytes];
        byte[] key = new byte[MaskingDerivations.KeyBytes];
        if (!agreement.TryAgree(cohort.KeysOf(owner).MaskKey.Span, shared))
            return;
        MaskingDerivations.PairMaskKey(shared, cohort.Digest, cohort[self], cohort[peer], key);
        using MaskStream pairMask = new(key);
        if (PairSign.IsAdded(cohort[self], cohort[peer]))
            pairMask.SubtractFrom(words);
        else
            pairMask.AddTo(words);
    }
}
