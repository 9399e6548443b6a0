using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Masking.Messages;
using SecureFed.Protocol.Messages;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Tasks;
using SecureFed.Protocol.Tests.Simulation;
using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Tests.Transparency;

/// <summary>What stands in the log: no client, nothing large, and nothing that the fold would not notice if it were rewritten.</summary>
public sealed class LogContentTests
{
    [Fact]
    public void No_entry_names_a_client_or_shows_a_key()
    {
        SimulatedConsortium consortium = new("names", new ConsortiumOptions { Clients = 5, Least = 5 });
        for (int i = 0; i < 2; i++)
        {
            consortium.Server.OpenRound();
            consortium.RunTo(RoundPhase.Closed);
        }

        List<byte[]> secrets = [];
        foreach (SimulatedClient client in consortium.Clients)
        {
            secrets.Add(client.Id.ToArray());
            secrets.Add(client.Key.PublicKey[1..33].ToArray());
            Assert.Null(SignedMessage.TryDecode(client.Sent[0], out SignedMessage? message));
            Advertisement advertisement = Assert.IsType<Advertisement>(message!.Body);
            secrets.Add(advertisement.MaskKey[1..33].ToArray());
            secrets.Add(advertisement.SealingKey[1..33].ToArray());
        }

        Assert.True(consortium.Server.Entries.Count > 50);
        foreach (SignedEntry entry in consortium.Server.Entries)
            Assert.All(secrets, s => Assert.Equal(-1, entry.Bytes.Span.IndexOf(s)));

        // The scan can find something: the blobs hold the identifiers.
        Assert.NotEqual(-1, consortium.Server.AnnouncementOf(EventType.CohortPublished)!.Blob.Span.IndexOf(secrets[0]));
    }

    [Fact]
    public void A_client_has_another_pseudonym_in_every_round_and_one_within_a_round()
    {
        SimulatedConsortium consortium = new("pseudonyms", new ConsortiumOptions { Clients = 5, Least = 5 });
        List<HashSet<Identifier>> rounds = [];
        for (int i = 0; i < 3; i++)
        {
            int start = consortium.Server.Entries.Count;
            consortium.Server.OpenRound();
            consortium.RunTo(RoundPhase.Closed);
            HashSet<Identifier> names = [];
            foreach (SignedEntry signed in consortium.Server.Entries.Skip(start))
            {
                Assert.True(LogEntry.TryDecode(signed.Bytes.Span, out LogEntry? entry));
                if (entry!.Event is TaskEvent.MessageAccepted message)
                    names.Add(message.Pseudonym);
            }

            Assert.Equal(5, names.Count);
            rounds.Add(names);
        }

        Assert.Equal(15, rounds.SelectMany(r => r).Distinct().Count());
        Assert.Empty(rounds.SelectMany(r => r).Intersect(consortium.Clients.Select(c => c.Id)));
    }

    [Fact]
    public void Entries_stay_small_with_a_thousand_clients()
    {
        SimulatedConsortium consortium = new("thousand", new ConsortiumOptions { Clients = 1000, DeltaDrop = 0.1m });
        consortium.Server.OpenRound();
        consortium.Step(consortium.Clients);
        consortium.Server.Advance(Patience.Waiting);
        Assert.Equal(RoundPhase.Share, consortium.Server.Round.Phase);
        Assert.Equal(1000, consortium.Server.Round.CohortSize);
        Announcement cohort = consortium.Server.AnnouncementOf(EventType.CohortPublished)!;
        Assert.True(cohort.Blob.Length > 4 * LogEntry.GreatestBytes);
        Assert.All(consortium.Server.Entries, e => Assert.InRange(e.Bytes.Length, 1, 1000));
    }

    [Fact]
    public void An_entry_of_the_greatest_size_is_read_and_a_longer_one_is_not()
    {
        Assert.Equal(65_535, LogEntry.GreatestBytes);
        Assert.False(LogEntry.TryDecode(new byte[LogEntry.GreatestBytes + 1], out _));
    }

    [Fact]
    public void Two_entries_of_a_fold_in_another_order_or_of_another_round_or_task_are_noticed()
    {
        SimulatedConsortium consortium = new("rewritten", new ConsortiumOptions { Clients = 5, Least = 5 });
        SimulatedServer server = consortium.Server;
        for (int i = 0; i < 2; i++)
        {
            server.OpenRound();
            consortium.RunTo(RoundPhase.Closed);
        }

        server.OpenRound();
        consortium.Step(consortium.Clients.Take(2));
        List<SignedEntry> log = server.Entries;
        Identifier earlier = server.State.Rounds[0].RoundId;
        Identifier taskId = consortium.Task.TaskId;
        Digest any = Digest.Of("any"u8);

        // Each of these at the end of the log.
        foreach (TaskEvent illegal in (TaskEvent[])
            [
                new TaskEvent.RoundAborted(earlier, ErrorCodes.AbortedByOperator),
                new TaskEvent.RoundAborted(server.Round.Parameters.RoundId, ErrorCodes.AbortedByOperator, earlier),
                new TaskEvent.RoundClosed(earlier, any, any, 5),
                new TaskEvent.RoundClosed(server.Round.Parameters.RoundId, any, any, 0),
                new TaskEvent.RoundOpened(server.Round.Parameters with { Number = 4 }),
                new TaskEvent.ModelPublished(server.Round.Parameters.RoundId, server.State.ModelDigest, any),
                new TaskEvent.TaskCreated(any, any, any),
                new TaskEvent.TaskFinished(""),
            ])
        {
            Refuses(log.Count, new LogEntry(taskId, illegal).Encode());
        }

        LogEntry Read(int index)
        {
            Assert.True(LogEntry.TryDecode(log[index].Bytes.Span, out LogEntry? entry));
            return entry!;
        }

        // Any entry of the log a second time, and any entry in the place of its successor.
        for (int i = 1; i < log.Count; i++)
        {
            Refuses(log.Count, log[i].Bytes);
            if (i + 1 < log.Count && !log[i].Bytes.Span.SequenceEqual(log[i + 1].Bytes.Span) && Read(i).Event is not TaskEvent.ModelPublished)
                Refuses(i + 1, log[i].Bytes);
            Refuses(i, new LogEntry(earlier, Read(i).Event).Encode());
            Refuses(i, (byte[])[.. log[i].Bytes.ToArray(), 0]);
        }

        Assert.Throws<InvalidOperationException>(() => server.Fold(2).Apply(3, log[3].Bytes.Span));

        void Refuses(int at, ReadOnlyMemory<byte> entry)
        {
            TaskState state = server.Fold(at);
            string before = SimulatedServer.Observe(state, consortium.Roster);
            Exception thrown = Assert.ThrowsAny<Exception>(() => state.Apply((ulong)at, entry.Span));
            Assert.True(thrown is InvalidOperationException, $"{at}: {thrown}");
            Assert.Equal(before, SimulatedServer.Observe(state, consortium.Roster));
        }
    }
}
