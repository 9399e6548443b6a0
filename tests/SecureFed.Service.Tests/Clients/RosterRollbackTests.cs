using SecureFed.Client.State;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Wire;
using SecureFed.Service.Tests.Consortium;

namespace SecureFed.Service.Tests.Clients;

/// <summary>A server that serves an older roster, still signed by its authority, brings back identities that were removed.</summary>
public class RosterRollbackTests(TestConsortium consortium)
{
    [Theory]
    [InlineData(0, 2)]
    [InlineData(2, 0)]
    [InlineData(1, 2)]
    [InlineData(2, 1)]
    public async Task A_roster_older_than_the_policys_or_the_last_one_seen_is_refused(int inPolicy, int seen)
    {
        Identifier task = await consortium.CreateTaskAsync(Definitions.Vector(length: 1));
        MemoryRoundStateStore store = new();
        await store.SaveAsync(task, new SavedRounds(0, default, default, (ulong)seen), default);
        RecordingHandler wire = new();
        RoundRefusedException refusal = await Assert.ThrowsAsync<RoundRefusedException>(() => consortium.ClientFor(
            0,
            task,
            o => (o.StateStore, o.Policy) = (store, consortium.Policy with { LeastRosterSequence = (ulong)inPolicy }),
            wire).ContributeAsync(new double[] { 1 }));
        Assert.Equal(("roster-untrusted", false), (refusal.Code, refusal.IsTransient));
        Assert.Empty(wire.Writes);
    }

    [Fact]
    public async Task A_second_roster_with_the_number_of_the_one_seen_is_refused()
    {
        Identifier task = await consortium.CreateTaskAsync(Definitions.Vector(length: 1));
        MemoryRoundStateStore store = new();
        await store.SaveAsync(task, new SavedRounds(0, default, RosterSequence: consortium.Roster.Sequence, RosterDigest: Digest.Of("another"u8)), default);
        RecordingHandler wire = new();
        RoundRefusedException refusal = await Assert.ThrowsAsync<RoundRefusedException>(
            () => consortium.ClientFor(0, task, o => o.StateStore = store, wire).ContributeAsync(new double[] { 1 }));
        Assert.Equal("roster-untrusted", refusal.Code);
        Assert.Empty(wire.Writes);
    }

    [Fact]
    public async Task The_sequence_of_the_roster_is_remembered_across_a_round_and_a_restart()
    {
        using TemporaryDirectory directory = new();
        Identifier task = await consortium.CreateTaskAsync(Definitions.Vector(length: 1));
        await Task.WhenAll(
            consortium.ClientFor(0, task, o => (o.StateStore, o.Policy) = (new FileRoundStateStore(directory.Path), consortium.Policy with { LeastRosterSequence = 1 })).ContributeAsync(new double[] { 1 }),
            consortium.ClientFor(1, task).ContributeAsync(new double[] { 1 }),
            consortium.ClientFor(2, task).ContributeAsync(new double[] { 1 }));
        Assert.Equal(1ul, (await new FileRoundStateStore(directory.Path).LoadAsync(task))!.RosterSequence);
    }
}
