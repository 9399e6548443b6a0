using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Identity;
using SecureFed.Protocol.Masking;
using SecureFed.Protocol.Masking.Messages;
using SecureFed.Protocol.Messages;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Tests.Simulation;
using SecureFed.Protocol.Transparency;

namespace SecureFed.Protocol.Tests.Rounds;

/// <summary>Every phase meets every message, sound and broken.</summary>
/// <remarks>
/// The table is compared with <c>Golden/phase-message-matrix.txt</c>. After an intended change run the test, read the difference, and copy the file
/// <c>Golden/phase-message-matrix.received.txt</c> that it leaves beside the test's binaries over the golden one.
/// </remarks>
public sealed class PhaseMessageMatrixTests
{
    private const string Golden = "Golden/phase-message-matrix.txt";
    private static readonly MessageType[] Types = [MessageType.Advertisement, MessageType.ShareBundle, MessageType.Upload, MessageType.Confirmation, MessageType.UnmaskAnswer];

    [Fact]
    public void Every_message_in_every_phase_is_accepted_or_refused_with_its_code_and_a_decision_changes_nothing()
    {
        (SimulatedConsortium consortium, int[] entriesBeforeProbe) = RunWholeRound();
        SimulatedClient probe = consortium.Clients[4];
        SimulatedClient earlier = consortium.Clients[0];
        List<string> table = [];
        List<SignedEntry> wholeLog = [.. consortium.Server.Entries];
        foreach ((int place, RoundPhase phase) in MaskedPhases.All.Append(RoundPhase.Closed).Append(RoundPhase.Aborted).Index())
        {
            consortium.Server.Entries.Clear();
            consortium.Server.Entries.AddRange(wholeLog[..entriesBeforeProbe[place]]);
            consortium.Server.Restart();
            if (phase == RoundPhase.Aborted)
                consortium.Server.Append(consortium.Server.Round.Abort(ErrorCodes.AbortedByOperator));
            Assert.Equal(phase, consortium.Server.Round.Phase);
            string before = consortium.Server.Observe();
            foreach (MessageType type in Types)
            {
                MessageVariants variants = new(
                    probe, Sent(probe, type), earlier, Sent(earlier, type), consortium.Clients[5], consortium.Operator);
                foreach ((string name, ReadOnlyMemory<byte> bytes) in variants.All())
                {
                    table.Add($"{phase,-9} | {type,-13} | {name,-31} | {consortium.Server.Decide(bytes)}");
                    Assert.Equal(before, consortium.Server.Observe());
                }
            }
        }

        Check(table);
    }

    [Fact]
    public void A_refused_message_reaches_neither_log_nor_state()
    {
        (SimulatedConsortium consortium, int[] entriesBeforeProbe) = RunWholeRound();
        consortium.Server.Rewind(entriesBeforeProbe[MaskedPhases.PlaceOf(RoundPhase.Upload)]);
        SimulatedClient probe = consortium.Clients[4];
        string before = consortium.Server.Observe();
        SignedMessage upload = Sent(probe, MessageType.Upload);
        foreach ((string name, ReadOnlyMemory<byte> bytes) in
            new MessageVariants(probe, upload, consortium.Clients[0], Sent(consortium.Clients[0], MessageType.Upload), consortium.Clients[5], consortium.Operator).All().Skip(1))
        {
            Assert.NotEqual(SimulatedServer.Accepted, consortium.Server.Receive(bytes));
            Assert.True(before == consortium.Server.Observe(), name);
        }

        Assert.Equal(SimulatedServer.Accepted, consortium.Server.Receive(upload.Bytes));
        Assert.Equal(SimulatedServer.Repeated, consortium.Server.Receive(upload.Bytes));
        Assert.NotEqual(before, consortium.Server.Observe());
    }

    [Fact]
    public void A_full_cohort_and_a_full_organisation_take_nobody_else()
    {
        SimulatedConsortium consortium = new(
            "full",
            new ConsortiumOptions { Clients = 7, Greatest = 5, Least = 5, OrganisationOf = i => i == 5 ? "Organisation 0" : $"Organisation {i}" });
        consortium.Server.OpenRound();
        ReadOnlyMemory<byte>[] advertisements = [.. consortium.Clients.Select(c => c.Step(consortium.Server)!.Value)];
        Assert.Equal(SimulatedServer.Accepted, consortium.Server.Receive(advertisements[0]));
        Assert.Equal(ErrorCodes.OrganisationCap, consortium.Server.Receive(advertisements[5]));
        for (int i = 1; i < 5; i++)
            Assert.Equal(SimulatedServer.Accepted, consortium.Server.Receive(advertisements[i]));
        Assert.Equal(ErrorCodes.CohortFull, consortium.Server.Receive(advertisements[6]));
    }

    private static SignedMessage Sent(SimulatedClient client, MessageType type)
    {
        Assert.Null(SignedMessage.TryDecode(client.Sent[(int)type - 1], out SignedMessage? message));
        Assert.Equal(type, message!.Body.Type);
        return message;
    }

    /// <summary>Five of six clients run a round; the fifth is always last.</summary>
    /// <returns>For every phase how many entries the log had before the fifth client's message.</returns>
    private static (SimulatedConsortium Consortium, int[] EntriesBeforeProbe) RunWholeRound()
    {
        // 20 bits and nine coordinates: 180 bits leave padding in the last byte.
        SimulatedConsortium consortium = new("matrix", new ConsortiumOptions { Clients = 6, Greatest = 5, Least = 5, Dimension = 8, RingBits = 20 });
        List<int> entriesBeforeProbe = [];
        consortium.Server.OpenRound();
        foreach (RoundPhase phase in MaskedPhases.All)
        {
            consortium.Step(consortium.Clients.Take(4));
            entriesBeforeProbe.Add(consortium.Server.Entries.Count);
            consortium.Step([consortium.Clients[4]]);
            consortium.Server.Advance(Patience.Waiting);
        }

        Assert.Equal(RoundPhase.Closed, consortium.Server.Round.Phase);
        entriesBeforeProbe.Add(consortium.Server.Entries.Count);
        entriesBeforeProbe.Add(entriesBeforeProbe[MaskedPhases.PlaceOf(RoundPhase.Upload)]);
        return (consortium, [.. entriesBeforeProbe]);
    }

    private static void Check(List<string> table)
    {
        string received = string.Join('\n', table) + "\n";
        string path = Path.Combine(AppContext.BaseDirectory, Golden);
        string golden = File.Exists(path) ? File.ReadAllText(path) : "";
        if (golden == received)
            return;
        File.WriteAllText(Path.ChangeExtension(path, ".received.txt"), received);
        string[] expected = golden.Split('\n');
        int line = Enumerable.Range(0, table.Count).First(i => i >= expected.Length || expected[i] != table[i]);
        Assert.Fail($"Line {line + 1} of {Golden}:\nexpected {(line < expected.Length ? expected[line] : "nothing")}\nreceived {table[line]}\nSee the remarks of this class.");
    }
}
