using System.Diagnostics;
using System.Globalization;
using SecureFed.Client.Configuration;
using SecureFed.Client.Rounds;
using SecureFed.Cryptography.Randomness;
using SecureFed.Protocol.Resources;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Tasks;
using SecureFed.Server.Storage;
using SecureFed.Service.Tests.Consortium;
using SecureFed.Service.Tests.Storage;

namespace SecureFed.Service.Tests.Crashes;

/// <summary>kill -9 at random moments: nothing that was acknowledged is lost, nothing is counted twice, no client sees a rewritten history.</summary>
/// <remarks>
/// The real <c>securefed server</c>, a process with its store on disk, under clients of the library that go on by themselves. kill -9 leaves the operating system's
/// page cache alone, so this tests the order of acknowledgements and the fold, not fsync; that is what <see cref="PowerCutTests"/> are for. Kills in all:
/// <c>SECUREFED_KILLS</c>, default 200; a nightly run sets 10000. Each series has a server, a store and clients of its own, and several run at a time.
/// </remarks>
public class KillTests(ITestOutputHelper output)
{
    private const int Clients = 5;
    private const int KillsInSeries = 25;
    private const int GreatestMessagesOfLife = 20;
    private static readonly TimeSpan longestLife = TimeSpan.FromSeconds(2);

    [Fact]
    public async Task Killed_at_random_moments_the_server_loses_no_acknowledged_upload_and_counts_none_twice()
    {
        int kills = int.Parse(Environment.GetEnvironmentVariable("SECUREFED_KILLS") ?? "200", CultureInfo.InvariantCulture);
        Tally total = new();
        Stopwatch watch = Stopwatch.StartNew();
        await Parallel.ForEachAsync(
            Enumerable.Range(0, (kills + KillsInSeries - 1) / KillsInSeries),
            new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount + 1 },
            async (series, _) =>
            {
                Tally tally = await RunSeriesAsync(series, Math.Min(KillsInSeries, kills - (series * KillsInSeries)));
                lock (total)
                    total.Add(tally);
            });
        Assert.Equal(kills, total.Kills);
        TimeSpan[] starts = [.. total.Starts.Order()];
        output.WriteLine(
            $"{total.Kills} kills in {watch.Elapsed.TotalSeconds:0} s ({total.KillsOfStarting} while starting), {total.Acknowledged} messages acknowledged ({total.Uploads} uploads), "
            + $"{total.Closed} rounds closed and {total.Aborted} aborted, {total.Entries} entries replayed, {total.Interruptions} calls given up by clients; "
            + $"start to ready: median {starts[starts.Length / 2].TotalMilliseconds:0} ms, longest {starts[^1].TotalMilliseconds:0} ms");
        Assert.InRange(total.Closed, kills / 10, int.MaxValue); // Otherwise nothing was at stake.
        Assert.InRange(total.Uploads, kills / 2, int.MaxValue);
    }

    private static async Task<Tally> RunSeriesAsync(int number, int kills)
    {
        Tally total = new();
        using TemporaryDirectory directory = new();
        string keys = directory.File("keys");
        Assert.Equal(0, (await CommandLine.Cli.RunAsync("keys", "consortium", "--out", keys, "--clients", $"{Clients}")).ExitCode);
        using ServerProcess server = new(keys, directory.File("store"));
        Random random = new(number);
        server.Start();
        await server.ReadyAsync();
        OneHotClients clients = await OneHotClients.JoinAsync(server, keys, Definition());
        try
        {
            int seen = 0;
            for (int kill = 0; kill < kills; kill++)
            {
                bool isStarting = kill > 0 && random.Next(8) == 0;
                await LiveAsync(clients, random.Next(GreatestMessagesOfLife), random.Next(20));
                server.Kill();
                total.Kills++;
                long started = Stopwatch.GetTimestamp();
                server.Start();
                if (isStarting)
                {
                    total.KillsOfStarting++;
                    continue;
                }

                await server.ReadyAsync();
                total.Starts.Add(Stopwatch.GetElapsedTime(started));
                Acknowledged[] fresh = [.. clients.Acknowledged.Skip(seen).Where(a => a.IsUpload)];
                seen = clients.Acknowledged.Count;
                await clients.AssertHeldAsync(fresh);
                Assert.Empty(clients.Refusals);
            }

            await server.ReadyAsync();
            await FinishRoundAsync(clients);
        }
        finally
        {
            await clients.DisposeAsync();
        }

        server.Kill();
        Assert.Empty(clients.Refusals);
        await AuditAsync(directory, clients, total);
        return total;
    }

    /// <summary>Opens what the last kill left, as the next start would.</summary>
    private static async Task AuditAsync(TemporaryDirectory directory, OneHotClients clients, Tally total)
    {
        using (ServerProcess last = new(directory.File("keys"), directory.File("store")))
        {
            last.Start(); // Publishes the last entries, so that the checkpoint covers all of them.
            await last.ReadyAsync();
        }

        var policy = PolicyFile.Load(Path.Combine(directory.File("keys"), "policy.json"));
        await using EmbeddedStorage storage = StorageSession.Open(directory.File("store"), HookedCalls.WithoutFlush);
        await using ITaskStore store = await storage.OpenAsync(clients.TaskId);
        LogAudit audit = LogAudit.Of(store, clients.TaskId, policy.ServerKey, policy.RosterAuthorityKey);
        foreach (Acknowledged acknowledged in clients.Acknowledged)
        {
            Assert.True(acknowledged.Receipt.TryOpen(clients.TaskId, policy.ServerKey.Span, out _));
            Assert.Equal(audit.Entries[(int)acknowledged.Receipt.Index], acknowledged.Receipt.Bytes);
        }

        RoundSummary[] closed = [.. audit.State.Rounds.Where(r => r.AggregateDigest is not null)];
        Assert.Equal(closed.Length, audit.Sums.Count);
        foreach ((RoundSummary round, double[] sum) in closed.Zip(audit.Sums))
        {
            Assert.All(sum, coordinate => Assert.True(coordinate is 0 or 1, $"Round {round.Number}: {string.Join(' ', sum)}"));
            Assert.Equal(round.Survivors, (int)sum.Sum());
        }

        foreach (RoundOutcome outcome in clients.Outcomes.Where(o => o.Status == RoundStatus.Contributed))
            Assert.True(audit.State.Rounds.Any(r => r.RoundId == outcome.RoundId) || audit.State.Round?.Parameters.RoundId == outcome.RoundId); // The last kill may leave a round without its end.
        total.Acknowledged += clients.Acknowledged.Count;
        total.Uploads += clients.Acknowledged.Count(a => a.IsUpload);
        total.Closed += closed.Length;
        total.Aborted += audit.State.Rounds.Count - closed.Length;
        total.Entries += audit.Entries.Count;
        total.Interruptions += clients.Interruptions;
    }

    /// <summary>Until so many messages were acknowledged, and a little longer: any point of a round is as likely, also on a slow machine.</summary>
    private static async Task LiveAsync(OneHotClients clients, int messages, int moreMilliseconds)
    {
        int wanted = clients.Acknowledged.Count + messages;
        long started = Stopwatch.GetTimestamp();
        while (clients.Acknowledged.Count < wanted && Stopwatch.GetElapsedTime(started) < longestLife)
            await Task.Delay(5);
        await Task.Delay(moreMilliseconds);
    }

    private static async Task FinishRoundAsync(OneHotClients clients)
    {
        int before = clients.Outcomes.Count;
        for (int i = 0; i < 3000 && clients.Outcomes.Count < before + Clients; i++)
        {
            Assert.Empty(clients.Refusals);
            await Task.Delay(10);
        }

        Assert.InRange(clients.Outcomes.Count, before + 1, int.MaxValue);
    }

    private static TaskDefinition Definition() => Definitions.FedSgd(Clients, 0.1) with
    {
        Schedule = new ScheduleDefinition { TrainRounds = 10_000, GreatestFailures = 1_000 },
        Cohort = new CohortDefinition { Least = Clients, Greatest = Clients, DeltaDrop = 0.2m },
        Deadlines = new DeadlineDefinition { AdvertiseMilliseconds = 30_000, PhaseMilliseconds = 30_000, GraceMilliseconds = 2_000 }, // A phase that ends early on a busy machine would look like shares released in vain.
    };

    private sealed class Tally
    {
        public List<TimeSpan> Starts { get; } = [];

        public int Kills { get; set; }

        public int KillsOfStarting { get; set; }

        public int Acknowledged { get; set; }

        public int Uploads { get; set; }

        public int Closed { get; set; }

        public int Aborted { get; set; }

        public int Entries { get; set; }

        public int Interruptions { get; set; }

        public void Add(Tally other)
        {
            Starts.AddRange(other.Starts);
            Kills += other.Kills;
            KillsOfStarting += other.KillsOfStarting;
            Acknowledged += other.Acknowledged;
            Uploads += other.Uploads;
            Closed += other.Closed;
            Aborted += other.Aborted;
            Entries += other.Entries;
            Interruptions += other.Interruptions;
        }
    }
}
