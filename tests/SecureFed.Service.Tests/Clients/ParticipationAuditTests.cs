using System.Text.Json;
using System.Text.Json.Nodes;
using SecureFed.Cli.Attack;
using SecureFed.Client;
using SecureFed.Client.Log;
using SecureFed.Client.Rounds;
using SecureFed.Cryptography.Signing;
using SecureFed.Protocol.Policy;
using SecureFed.Protocol.Tasks;
using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Transparency.Log;
using SecureFed.Protocol.Wire;
using SecureFed.Service.Tests.Consortium;

namespace SecureFed.Service.Tests.Clients;

/// <summary>The cross-round guard as somebody recomputes it who believes neither the server's report nor that its entries are those that others see.</summary>
public sealed class ParticipationAuditTests(TestConsortium consortium)
{
    [Fact]
    public async Task The_entries_under_the_checkpoint_give_the_report_and_continue_what_a_client_holds()
    {
        MemoryLogMemory memory = new();
        Identifier task = await TwoRoundsAsync(memory);
        (IReadOnlyList<Participation> sums, string? fault) = await consortium.OperatorApi().AuditParticipationAsync(task, consortium.Policy, memory);
        Assert.Null(fault);
        Assert.Equal([(1, 3), (2, 3)], sums.Select(s => (s.Round, s.Survivors)));
        Assert.Empty(memory.Evidence);
        Assert.Null((await consortium.OperatorApi().AuditParticipationAsync(task, consortium.Policy)).Fault);
    }

    /// <summary>The server signs whatever it shows; only the tree tells that others were shown something else.</summary>
    [Theory]
    [InlineData("another entry", "are not the")]
    [InlineData("two entries exchanged", "is missing")]
    [InlineData("no second round", "does not show entry")]
    [InlineData("more than asked", "does not show entry")]
    public async Task Entries_that_are_signed_but_not_those_of_the_checkpoint_are_found(string lie, string expected)
    {
        Identifier task = await TwoRoundsAsync(new MemoryLogMemory());
        EntriesHandler lying = new(entries =>
        {
            switch (lie)
            {
                case "another entry":
                    int accepted = entries.ToList().FindIndex(e => e!["type"]!.GetValue<string>() == nameof(EventType.UpdateUploaded));
                    entries[accepted] = Resigned(task, entries[accepted]!);
                    break;
                case "two entries exchanged":
                    JsonNode last = entries[^1]!.DeepClone();
                    entries[^1] = entries[^2]!.DeepClone();
                    entries[^2] = last;
                    break;
                case "more than asked":
                    entries.Add(entries[0]!.DeepClone());
                    break;
                default:
                    int opened = entries.ToList().FindLastIndex(e => e!["type"]!.GetValue<string>() == nameof(EventType.RoundOpened));
                    while (entries.Count > opened)
                        entries.RemoveAt(opened);
                    break;
            }
        });
        (_, string? fault) = await Reader(lying).AuditParticipationAsync(task, consortium.Policy);
        Assert.Contains(expected, fault, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(5, "does not continue")]
    [InlineData(5000, "rolled back")]
    public async Task A_log_that_does_not_continue_what_the_own_client_holds_is_found_and_both_checkpoints_are_kept(int heldSize, string expected)
    {
        Identifier task = await TwoRoundsAsync(new MemoryLogMemory());
        MemoryLogMemory memory = new();
        string origin = LogOrigin.Of(consortium.ServerMember.Key.PublicKey.Span, task);
        byte[] held = new ShadowLog(origin, consortium.ServerMember.Key).ProofOf((ulong)heldSize - 1, 0).Checkpoint.ToArray();
        await memory.SaveCheckpointAsync(task, held);
        (_, string? fault) = await consortium.OperatorApi().AuditParticipationAsync(task, consortium.Policy, memory);
        Assert.Contains(expected, fault, StringComparison.Ordinal);
        Evidence evidence = Assert.Single(memory.Evidence);
        Assert.Equal(held, evidence.Held.ToArray());
        Assert.Null(consortium.Policy.LogPolicy(origin).Open(evidence.Offered.Span, out _));
    }

    [Fact]
    public async Task Checkpoints_of_too_few_witnesses_and_damaged_ones_are_not_read_under()
    {
        Identifier task = await TwoRoundsAsync(new MemoryLogMemory());
        ClientPolicy witnessed = consortium.Policy with { Witnesses = [NoteVerifier.ForCosigner("witness.test/1", Ed25519.PublicKeyOf(new byte[Ed25519.SeedBytes]))], WitnessQuorum = 1 };
        Assert.Contains("does not satisfy the policy", (await consortium.OperatorApi().AuditParticipationAsync(task, witnessed)).Fault, StringComparison.Ordinal);
        MemoryLogMemory memory = new();
        await memory.SaveCheckpointAsync(task, "no checkpoint"u8.ToArray());
        Assert.Contains("damaged", (await consortium.OperatorApi().AuditParticipationAsync(task, consortium.Policy, memory)).Fault, StringComparison.Ordinal);
    }

    private SecureFedOperator Reader(DelegatingHandler inner) => new(consortium.HttpFor(consortium.Operator, inner));

    private async Task<Identifier> TwoRoundsAsync(ILogMemory memory)
    {
        Identifier task = await consortium.CreateTaskAsync(Definitions.Vector(length: 1, rounds: 2));
        SecureFedClient[] clients = [.. Enumerable.Range(0, 3).Select(i => consortium.ClientFor(i, task, options => options.LogMemory = i == 0 ? memory : new MemoryLogMemory()))];
        for (int round = 0; round < 2; round++)
        {
            RoundOutcome[] outcomes = await Task.WhenAll(clients.Select(c => c.ContributeAsync(new double[] { 1 })));
            await Sums.RoundOverAsync(consortium, task, outcomes[0].RoundId);
        }

        return task;
    }

    /// <summary>Another message in the same place, signed by the genuine server.</summary>
    private JsonNode Resigned(Identifier task, JsonNode view)
    {
        Assert.True(LogEntry.TryDecode(Convert.FromBase64String(view["entry"]!.GetValue<string>()), out LogEntry? entry));
        TaskEvent.MessageAccepted accepted = (TaskEvent.MessageAccepted)entry!.Event;
        byte[] other = new LogEntry(task, accepted with { MessageDigest = Digest.Of("another"u8) }).Encode();
        SignedEntry signed = SignedEntry.Sign(task, view["index"]!.GetValue<ulong>(), other, consortium.ServerMember.Key);
        JsonNode changed = view.DeepClone();
        changed["entry"] = Convert.ToBase64String(other);
        changed["signature"] = Convert.ToBase64String(signed.ServerSignature.Span);
        return changed;
    }

    /// <summary>Shows other entries than the server.</summary>
    private sealed class EntriesHandler(Action<JsonArray> change) : DelegatingHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            HttpResponseMessage response = await base.SendAsync(request, cancellationToken);
            if (!request.RequestUri!.AbsolutePath.EndsWith("/entries", StringComparison.Ordinal))
                return response;
            JsonArray entries = JsonNode.Parse(await response.Content.ReadAsStringAsync(cancellationToken))!.AsArray();
            if (entries.Count > 2)
                change(entries);
            response.Content = new StringContent(entries.ToJsonString(JsonSerializerOptions.Default));
            return response;
        }
    }
}
