using FsCheck;
using FsCheck.Fluent;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Messages;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Tests.Simulation;

/// <summary>Any list of operations leaves the machines in order. A failing list is shrunk by FsCheck; keep it here as a named fact.</summary>
public sealed class OperationListTests
{
    public enum Kind
    {
        /// <summary>Everybody online takes a step and the round moves on if it can.</summary>
        StepAll,

        /// <summary>One client takes a step.</summary>
        Step,

        /// <summary>One client takes a step but its message stays on the way.</summary>
        StepAndHold,

        /// <summary>The oldest held message arrives, however late.</summary>
        DeliverLate,

        /// <summary>A client sends something again that it sent in this round.</summary>
        Replay,

        /// <summary>A client signs an older message of this round again: other bytes, same kind.</summary>
        Conflict,
        GoOffline,
        ComeOnline,
        Quiet,
        Deadline,
        RestartClient,
        RestartServer,

        /// <summary>The server restarts from a log without some or all of the messages since its last announcement: they were not acknowledged, so their clients send them again.</summary>
        RestartServerWithoutTail,

        /// <summary>The answer to a client's last message is lost: it sends the same bytes again.</summary>
        LoseResponse,
    }

    public sealed record Operation(Kind Kind, int Client);

    [Fact]
    public void Any_list_of_operations_gives_exact_sums_or_aborts_and_one_message_of_a_kind_per_client()
    {
        Gen<Operation> operation = Gen.Frequency(
                (8, Gen.Constant(Kind.StepAll)),
                (3, Gen.Constant(Kind.Quiet)),
                (10, Gen.Elements(Enum.GetValues<Kind>())))
            .SelectMany(kind => Gen.Choose(0, 4).Select(client => new Operation(kind, client)));
        int sums = 0;
        int aborts = 0;
        Prop.ForAll(
            Arb.From(Gen.Choose(10, 60).SelectMany(length => Gen.ArrayOf(operation, length)), Shrink),
            operations =>
            {
                SimulatedConsortium consortium = Run(operations);
                sums += consortium.Server.State.Rounds.Count(r => r.AbortReason is null);
                aborts += consortium.Server.State.Rounds.Count(r => r.AbortReason is not null);
            }).Check(Config.QuickThrowOnFailure.WithMaxTest(120));

        // The lists are neither so tame nor so wild that one outcome is never seen.
        Assert.InRange(sums, 10, int.MaxValue);
        Assert.InRange(aborts, 10, int.MaxValue);
    }

    [Fact]
    public void A_held_upload_that_arrives_after_the_survivor_list_is_too_late_and_not_in_the_sum()
    {
        SimulatedConsortium consortium = Run(
        [
            new(Kind.StepAll, 0), new(Kind.StepAll, 0), new(Kind.StepAndHold, 2),
            new(Kind.StepAll, 0), new(Kind.Quiet, 0), new(Kind.DeliverLate, 0), new(Kind.StepAll, 0), new(Kind.StepAll, 0),
        ]);
        Assert.Equal(4, consortium.Server.State.Rounds[0].Survivors);
    }

    [Fact]
    public void A_restart_of_everybody_after_every_step_changes_nothing()
    {
        List<Operation> operations = [];
        for (int i = 0; i < 5; i++)
        {
            operations.Add(new(Kind.StepAll, 0));
            operations.Add(new(Kind.RestartServer, 0));
            operations.AddRange(Enumerable.Range(0, 5).Select(client => new Operation(Kind.RestartClient, client)));
        }

        Assert.Equal(5, Run([.. operations]).Server.State.Rounds[0].Survivors);
    }

    [Fact]
    public void Uploads_that_were_lost_before_they_were_acknowledged_are_sent_again_and_counted_once()
    {
        SimulatedConsortium consortium = Run(
        [
            new(Kind.StepAll, 0), new(Kind.StepAll, 0),
            new(Kind.Step, 0), new(Kind.Step, 1), new(Kind.Step, 2), new(Kind.RestartServerWithoutTail, 0), new(Kind.LoseResponse, 1),
            new(Kind.Step, 3), new(Kind.RestartServerWithoutTail, 1), new(Kind.StepAll, 0), new(Kind.StepAll, 0), new(Kind.StepAll, 0),
        ]);
        Assert.Equal(5, consortium.Server.State.Rounds[0].Survivors);
    }

    /// <summary>A list that once failed here: the simulation had forgotten that this client has signed two messages.</summary>
    [Fact]
    public void Of_two_messages_that_a_client_has_signed_the_one_that_arrived_stands_after_a_restart()
    {
        SimulatedConsortium consortium = Run([new(Kind.StepAndHold, 1), new(Kind.Conflict, 1), new(Kind.RestartServerWithoutTail, 1), new(Kind.DeliverLate, 0)]);
        Assert.Equal(1, consortium.Server.Round.CountOf(EventType.KeysAdvertised));
    }

    /// <summary>What a client may hear when it repeats its last message: taken, known already, or too late because it was held on the way.</summary>
    private static readonly string[] RetryAnswers = [SimulatedServer.Accepted, SimulatedServer.Repeated, ErrorCodes.TooLate];

    /// <summary>Up to the last entry that is more than a message: an announcement is made only when everything before it is durable.</summary>
    private static int AnnouncedEntries(SimulatedServer server) =>
        server.Entries.FindLastIndex(e => LogEntry.TryDecode(e.Bytes.Span, out LogEntry? entry) && entry!.Event is not TaskEvent.MessageAccepted) + 1;

    /// <summary>Shorter lists first, by halves and single operations; the operations are as small as they get.</summary>
    private static IEnumerable<Operation[]> Shrink(Operation[] operations)
    {
        for (int size = operations.Length / 2; size >= 1; size /= 2)
        {
            for (int start = 0; start + size <= operations.Length; start += size)
                yield return [.. operations[..start], .. operations[(start + size)..]];
        }
    }

    private static SimulatedConsortium Run(Operation[] operations)
    {
        SimulatedConsortium consortium = new("operations", new ConsortiumOptions { Clients = 5, Least = 5, Dimension = 5 });
        SimulatedServer server = consortium.Server;
        bool[] isOffline = new bool[5];
        Queue<ReadOnlyMemory<byte>> held = [];
        HashSet<SimulatedClient> equivocators = [];
        server.OpenRound();
        foreach (Operation operation in operations)
        {
            SimulatedClient client = consortium.Clients[operation.Client];
            switch (operation.Kind)
            {
                case Kind.StepAll:
                    consortium.Step(consortium.Clients.Where((_, i) => !isOffline[i]));
                    server.Advance(Patience.Waiting);
                    break;
                case Kind.Step when !isOffline[operation.Client]:
                    consortium.Step([client]);
                    server.Advance(Patience.Waiting);
                    break;
                case Kind.StepAndHold when client.Step(server) is { } message:
                    held.Enqueue(message);
                    break;
                case Kind.DeliverLate when held.TryDequeue(out ReadOnlyMemory<byte> late):
                    server.Receive(late);
                    break;
                case Kind.Replay:
                    foreach (ReadOnlyMemory<byte> sent in client.Sent)
                    {
                        string before = server.Observe();
                        if (server.Receive(sent) != SimulatedServer.Accepted)
                            Assert.Equal(before, server.Observe());
                    }

                    break;
                case Kind.Conflict when client.Sent.Count > 0:
                    Assert.Null(SignedMessage.TryDecode(client.Sent[^1], out SignedMessage? original));
                    if (server.Receive(SignedMessage.Sign(original!.Header, original.Body, client.Key).Bytes) == SimulatedServer.Accepted)
                        equivocators.Add(client); // The original was held on the way or lost, so the second came first.
                    break;
                case Kind.GoOffline:
                    isOffline[operation.Client] = true;
                    break;
                case Kind.ComeOnline:
                    Array.Clear(isOffline);
                    break;
                case Kind.Quiet:
                    server.Advance(Patience.Quiet);
                    break;
                case Kind.Deadline:
                    server.Advance(Patience.DeadlinePassed);
                    break;
                case Kind.RestartClient:
                    client.Restart();
                    break;
                case Kind.RestartServerWithoutTail:
                    int announced = AnnouncedEntries(server);
                    server.Rewind(announced + operation.Client % (server.Entries.Count - announced + 1));
                    foreach (SimulatedClient sender in consortium.Clients.Where(c => c.Sent.Count > 0 && c.Masking?.Round.RoundId == server.Round.Parameters.RoundId))
                        AssertRetry(sender);
                    break;
                case Kind.LoseResponse when client.Sent.Count > 0 && client.Masking?.Round.RoundId == server.Round.Parameters.RoundId:
                    AssertRetry(client);
                    break;
                case Kind.RestartServer:
                    string observed = server.Observe();
                    server.Restart();
                    Assert.Equal(observed, server.Observe());
                    break;
            }

            if (!server.State.HasOpenRound)
            {
                AssertOutcome(consortium);
                server.OpenRound();
            }
        }

        AssertOneOfAKind(server);
        Assert.Equal(server.Observe(), SimulatedServer.Observe(server.Fold(server.Entries.Count), consortium.Roster));
        return consortium;

        void AssertRetry(SimulatedClient sender) => Assert.Contains(server.Receive(sender.Sent[^1]), equivocators.Contains(sender) ? [.. RetryAnswers, ErrorCodes.ConflictingMessage, ErrorCodes.ConflictingUpload] : RetryAnswers);
    }

    private static void AssertOutcome(SimulatedConsortium consortium)
    {
        ServerRound round = consortium.Server.Round;
        if (round.Phase == RoundPhase.Aborted)
        {
            Assert.Null(round.AggregateDigest);
            return;
        }

        IReadOnlyList<SimulatedClient> survivors = consortium.Survivors();
        Assert.InRange(survivors.Count, 4, 5);
        Assert.Equal(SimulatedConsortium.SumOf(survivors), consortium.Server.Sum());
    }

    private static void AssertOneOfAKind(SimulatedServer server)
    {
        HashSet<(Identifier, EventType, Identifier)> accepted = [];
        foreach (SignedEntry signed in server.Entries)
        {
            Assert.True(LogEntry.TryDecode(signed.Bytes.Span, out LogEntry? entry));
            if (entry!.Event is TaskEvent.MessageAccepted message)
                Assert.True(accepted.Add((message.RoundId, message.Kind, message.Pseudonym)), $"Two messages {message.Kind} of one client.");
        }
    }
}
