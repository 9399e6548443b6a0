using SecureFed.Client;
using SecureFed.Client.Rounds;
using SecureFed.Privacy.Updates;
using SecureFed.Protocol.Resources;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Wire;

namespace SecureFed.Service.Tests.Consortium;

/// <summary>Compares a released sum with what the clients put in.</summary>
internal static class Sums
{
    /// <summary>The released integers are those of the clients to the last bit.</summary>
    public static async Task AssertExactAsync(TestConsortium consortium, Identifier task, IReadOnlyCollection<RoundOutcome> outcomes)
    {
        SecureFedOperator reader = consortium.OperatorApi();
        Identifier round = outcomes.First().RoundId;
        Assert.All(outcomes, o => Assert.Equal((round, RoundStatus.Contributed), (o.RoundId, o.Status)));
        Assert.Null((await RoundOverAsync(consortium, task, round)).AbortReason);
        ManifestView manifest = await reader.GetManifestAsync(task, round);
        Assert.Equal(outcomes.Count, manifest.Round.Survivors);
        uint[] words = new uint[manifest.Segments.Sum(s => s.Length)];
        Assert.True(RingVector.TryDecode(await reader.GetAggregateAsync(task, round), words));
        UpdateLayout layout = new([.. manifest.Segments.Select(s => new UpdateSegment(s.Name, s.Length, s.ClipNorm, s.ScaleExponent))], manifest.RingBits);
        long[] expected = [.. Enumerable.Range(0, words.Length).Select(i => outcomes.Sum(o => (long)o.Quantized.Span[i]))];
        Assert.Equal(expected, SumDecoder.ToIntegers(layout, words).Select(v => (long)v));
        Assert.Contains(expected, v => v != 0);
    }

    public static async Task<RoundView> RoundOverAsync(TestConsortium consortium, Identifier task, Identifier round)
    {
        using HttpClient http = consortium.HttpFor(consortium.Auditor);
        for (int i = 0; i < 6000; i++)
        {
            RoundView view = await (await http.GetAsync(Protocol.Requests.Routes.Round(task, round))).ReadAsync<RoundView>();
            if (view.Phase is RoundPhase.Closed or RoundPhase.Aborted)
                return view;
            await Task.Delay(10);
        }

        throw new TimeoutException("The round did not end.");
    }
}
