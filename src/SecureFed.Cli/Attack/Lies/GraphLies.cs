using System.Net.Http.Headers;
using SecureFed.Cryptography.Keys;
using SecureFed.Cryptography.Randomness;
using SecureFed.Protocol.Masking;
using SecureFed.Protocol.Masking.Messages;
using SecureFed.Protocol.Messages;
using SecureFed.Protocol.Requests;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Wire;

namespace SecureFed.Cli.Attack.Lies;

/// <summary>Above a hundred clients the neighbour graph is a ring: the server grinds its permutation and chooses who drops out.</summary>
/// <remarks>Bell et al. 2020, section 3. Within S_min the client has nothing to refuse; the harness shows that its update and every partial sum stay hidden.</remarks>
internal static class GraphLies
{
    private const int Clients = 101;

    /// <summary>n − S_min with δ_drop = 0.22.</summary>
    private const int Dropped = 23;

    private const int Attempts = 400;

    public static IEnumerable<Deviation> All =>
    [
        Harmless("dropouts-split-the-graph", "issue 3; Bell et al. 2020, section 3", scene => DropAroundVictim(scene, Dropped)),
        Harmless("cohort-ground", "issue 3; Bell et al. 2020, section 3", scene =>
        {
            // The server's own client advertises last, with keys that make the permutation worst; it then never deals, which counts as one dropout.
            scene.Absent = [HostileConsortium.AccompliceIndex];
            Grind(scene);
            DropAroundVictim(scene, Dropped - 1);
        }),
    ];

    private static Deviation Harmless(string name, string source, Action<Scene> arrange) => new(name, "C2", source, "upload", Deviation.Harmless, scene =>
    {
        scene.Plan = scene.Plan with { Clients = Clients, Least = Clients, Gamma = 0.05m, DeltaDrop = 0.22m, GraceMilliseconds = 3_000 };
        arrange(scene);
    })
    {
        Enrolled = Clients,
        Proof = scene => Task.FromResult(
            Lists.Survivors(scene.Published(scene.RoundOf(1), "survivors").Blob).Survivors.Count == Clients - Dropped
                ? Unmasking.FindLeak(scene) ?? Unmasking.FindSplit(scene)
                : "dropouts-not-played"),
    };

    /// <summary>Takes the uploads of the victim's nearest honest neighbours on the ring and does not count them.</summary>
    private static void DropAroundVictim(Scene scene, int count)
    {
        Lazy<HashSet<Identifier>> chosen = new(() =>
        {
            Identifier round = scene.RoundOf(1);
            ReadOnlyMemory<byte> blob = scene.Published(round, "keys").Blob;
            MaskingCohort cohort = MaskingCohort.Create(CohortLies.Decode(blob), Digest.Of(blob.Span), round);
            int[] own = cohort.NeighboursOf(HostileConsortium.VictimIndex);
            return
            [
                .. own.Except(scene.Consortium.Accomplices)
                    .OrderByDescending(neighbour => cohort.NeighboursOf(neighbour).Intersect(own).Count())
                    .Take(count)
                    .Select(neighbour => cohort[neighbour]),
            ];
        });
        scene.Swallow("uploads", client => chosen.Value.Contains(client));
    }

    private static void Grind(Scene scene)
    {
        int isGround = 0;
        scene.Add(new Lie(true, "keys", scene.IsAnyone, async telling =>
        {
            await telling.Genuine();
            Identifier round = telling.Exchange.Round!.Value;
            if (scene.Sent(round, "keys").Length == Clients - 1 && Interlocked.Exchange(ref isGround, 1) == 0)
                await AdvertiseAsync(scene, round, Worst(scene, round), telling.CancellationToken);
            return null;
        })
        {
            IsDecisive = false,
        });
    }

    /// <summary>Of many advertisements of the accomplice the one whose cohort digest deals the victim the most accomplices as neighbours.</summary>
    private static byte[] Worst(Scene scene, Identifier round)
    {
        SignedMessage[] others = scene.Sent(round, "keys");
        CohortThresholds thresholds = CohortThresholds.TryDerive(scene.Round(round).Cohort, Clients, out _)!;
        MessageHeader header = others[0].Header with { Sender = scene.Consortium.Accomplice.Id };
        byte[] worst = [];
        int most = -1;
        for (int attempt = 0; attempt < Attempts; attempt++)
        {
            using AgreementKey mask = AgreementKey.Generate(OperatingSystemRandomSource.Instance);
            using AgreementKey sealing = AgreementKey.Generate(OperatingSystemRandomSource.Instance);
            byte[] candidate = SignedMessage.Sign(header, new Advertisement(mask.PublicKey, sealing.PublicKey), scene.Consortium.Accomplice.Key).Bytes.ToArray();
            IEnumerable<ReadOnlyMemory<byte>> members = [.. others.Take(HostileConsortium.AccompliceIndex).Select(m => m.Bytes), candidate, .. others.Skip(HostileConsortium.AccompliceIndex).Select(m => m.Bytes)];
            CohortList list = new(header.Binding, [.. members], thresholds);
            int corrupt = MaskingCohort.Create(list, Digest.Of(list.Encode()), round).NeighboursOf(HostileConsortium.VictimIndex).Intersect(scene.Consortium.Accomplices).Count();
            if (corrupt > most)
                (most, worst) = (corrupt, candidate);
        }

        return worst;
    }

    private static async Task AdvertiseAsync(Scene scene, Identifier round, byte[] advertisement, CancellationToken cancellationToken)
    {
        using ByteArrayContent content = new(advertisement);
        content.Headers.ContentType = MediaTypeHeaderValue.Parse(MediaTypes.Of("advertisement"));
        using HttpResponseMessage response = await scene.Server.ConnectionOf(HostileConsortium.AccompliceIndex)
            .PutAsync(Routes.RoundPart(scene.TaskId, round, "keys", scene.Consortium.Accomplice.Id), content, cancellationToken);
        response.EnsureSuccessStatusCode();
    }
}
