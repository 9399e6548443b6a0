using SecureFed.Privacy.Updates;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Resources;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Tasks;
using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Transparency.Log;
using SecureFed.Protocol.Wire;
using SecureFed.Server.Storage;
using SecureFed.Server.Tasks;

namespace SecureFed.Service.Tests.Crashes;

/// <summary>What an auditor finds in a store: the log verifies, every decision follows from the entries before it, and every sum holds each contribution once.</summary>
/// <param name="State">The fold.</param>
/// <param name="Entries">Of the published tree.</param>
/// <param name="Sums">Decoded, in the order of the rounds that closed.</param>
internal sealed record LogAudit(TaskState State, IReadOnlyList<ReadOnlyMemory<byte>> Entries, IReadOnlyList<double[]> Sums)
{
    public static LogAudit Of(ITaskStore store, Identifier task, ReadOnlyMemory<byte> serverKey, ReadOnlyMemory<byte> rosterAuthority)
    {
        List<ReadOnlyMemory<byte>> entries = [];
        List<double[]> sums = [];
        TaskReplay replay = new(store, rosterAuthority, state => StepModel(state, store));
        string origin = LogOrigin.Of(serverKey.Span, task);
        LogVerification verification = new LogVerifier(new Files(store), TlogPolicy.Of(NoteVerifier.ForEcdsa(origin, serverKey.Span))).Verify((index, entry) =>
        {
            entries.Add(entry.ToArray());
            if (replay.Add(index, entry.Span) is { } fault)
                return new RoundRejection("fold", fault);
            if (LogEntry.TryDecode(entry.Span, out LogEntry? decoded) && decoded!.Event is TaskEvent.RoundClosed)
                sums.Add(Decode(replay.State!.Round!, store));
            return null;
        });
        Assert.Null(verification.Fault);
        Assert.Null(replay.Finish());
        Assert.Equal((ulong)entries.Count, verification.Checkpoint!.Checkpoint.Size);
        Assert.Equal(sums.Count, replay.RecomputedSums + replay.SumsWithoutVectors);
        return new LogAudit(replay.State!, entries, sums);
    }

    private static double[] Decode(ServerRound round, ITaskStore store)
    {
        uint[] words = new uint[round.Parameters.Layout.Dimension];
        Assert.True(RingVector.TryDecode(store.Get(round.AggregateDigest!.Value).Span, words));
        return SumDecoder.ToValues(round.Parameters.Layout, SumDecoder.ToIntegers(round.Parameters.Layout, words));
    }

    private static ModelState? StepModel(TaskState state, ITaskStore store) =>
        ModelState.TryDecode(store.Get(state.ModelDigest).Span, out ModelState? model)
            ? ModelStep.Apply(state.Parameters, model!, state.Round!, store.Get(state.Round!.AggregateDigest!.Value).Span)
            : null;

    private sealed class Files(ITaskStore store) : ILogSource
    {
        public byte[]? Read(string path) => store.ReadFile(path);
    }
}
