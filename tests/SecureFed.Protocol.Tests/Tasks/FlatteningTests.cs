using SecureFed.Privacy.Updates;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Masking;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Tasks;
using SecureFed.Protocol.Tests.Simulation;
using SecureFed.Protocol.Transparency;

namespace SecureFed.Protocol.Tests.Tasks;

/// <summary>Which tasks may flatten, and which openings of theirs the fold and the clients take.</summary>
public sealed class FlatteningTests
{
    /// <summary>225 records at most in a sum: 17 ring bits without flattening.</summary>
    private static readonly ConsortiumOptions Flattened = new()
    {
        Clients = 5,
        Dimension = 1000,
        ClipNorm = 1,
        RingBits = 16,
        TrainRounds = 8,
        TreeLeaves = 8,
        Epsilon = 4,
        Flattens = true,
    };

    [Fact]
    public void A_round_is_padded_and_client_and_server_know_of_what()
    {
        SimulatedConsortium consortium = new("flat", Flattened);
        Assert.True(TaskParameters.TryDecode(consortium.Task.Encode(), out TaskParameters? read));
        Assert.True(read!.Flattens);
        consortium.Server.OpenRound();
        RoundParameters round = consortium.Server.Round.Parameters;
        Assert.Equal([("delta", 1024), ("weight", 1)], round.Layout.Segments.Select(s => (s.Name, s.Length)));
        Assert.Equal((1000, 1001), (round.Layout.Flattening!.Length, round.Layout.ComputedDimension));

        Assert.Null(MaskingClient.Examine(consortium.Clients[0].Context, Opening(consortium, round), 0, out RoundParameters? examined));
        Assert.Equal(1001, examined!.Layout.ComputedDimension);
        using MaskingClient client = MaskingClient.Begin(consortium.Clients[0].Context, Opening(consortium, round), 0, consortium.Random).Client!;
        using MaskingClient restored = MaskingClient.Restore(consortium.Clients[0].Context, client.Encode())!;
        Assert.Equal((1001, 1001), (client.Round.Layout.ComputedDimension, restored.Round.Layout.ComputedDimension));
        Assert.Equal(1001, consortium.Server.Fold(consortium.Server.Entries.Count).Round!.Parameters.Layout.ComputedDimension);
    }

    [Fact]
    public void An_opening_whose_layout_contradicts_the_flag_is_refused()
    {
        SimulatedConsortium flattened = new("contradiction", Flattened);
        SimulatedConsortium plain = new("contradiction", Flattened with { Flattens = false, RingBits = 20 });
        foreach ((SimulatedConsortium consortium, UpdateLayout lie) in (ReadOnlySpan<(SimulatedConsortium, UpdateLayout)>)
            [
                (flattened, (flattened.Task with { Flattens = false }).LayoutOf(RoundKind.Train)),
                (plain, (plain.Task with { Flattens = true }).LayoutOf(RoundKind.Train)),
            ])
        {
            RoundParameters honest = ((TaskEvent.RoundOpened)consortium.Server.State.Next(consortium.Random)!.Event).Round;
            Assert.NotEqual(honest.Layout.Dimension, lie.Dimension);
            Assert.Equal(ErrorCodes.InvalidParameters, MaskingClient.Examine(consortium.Clients[0].Context, Opening(consortium, honest with { Layout = lie }), 0, out _)!.Code);
            Assert.Null(MaskingClient.Examine(consortium.Clients[0].Context, Opening(consortium, honest), 0, out _));
        }

        LogEntry opening = new(flattened.Task.TaskId, new TaskEvent.RoundOpened(
            ((TaskEvent.RoundOpened)flattened.Server.State.Next(flattened.Random)!.Event).Round with { Layout = (flattened.Task with { Flattens = false }).LayoutOf(RoundKind.Train) }));
        Assert.Throws<InvalidOperationException>(() => flattened.Server.State.Apply(flattened.Server.State.EntryCount, opening.Encode()));
    }

    [Fact]
    public void A_task_whose_flag_was_changed_is_another_task()
    {
        SimulatedConsortium consortium = new("digest", Flattened);
        consortium.Server.OpenRound();
        ClientContext deceived = consortium.Clients[0].Context with { Task = consortium.Task with { Flattens = false } };
        Assert.Equal(ErrorCodes.InvalidParameters, MaskingClient.Examine(deceived, Opening(consortium, consortium.Server.Round.Parameters), 0, out _)!.Code);
    }

    [Fact]
    public void The_sum_of_a_flattened_round_is_that_of_its_clients_integers_and_the_noise()
    {
        SimulatedConsortium consortium = new("round", Flattened);
        consortium.Server.OpenRound();
        consortium.RunTo(RoundPhase.Closed);
        int[] noise = [.. consortium.Server.Sum().Zip(SimulatedConsortium.SumOf(consortium.Clients), (sum, exact) => sum - exact)];
        double deviation = Math.Sqrt(consortium.Server.Round.NoiseVariance);
        Assert.All(noise, v => Assert.InRange(v, -7 * deviation, 7 * deviation));
        Assert.True(7 * deviation < 1 << 14);
    }

    [Fact]
    public void Creation_refuses_flattening_where_it_does_not_help_and_says_what_does()
    {
        TaskParameters task = new SimulatedConsortium("creation", Flattened).Task;
        Assert.Null(task.FindFault());
        Refuses("needs noise", task with { Privacy = PrivacySpecification.None });
        Refuses("use at least 16 bits", task with { RingBits = 15 });
        Refuses("Set flatten to false and ring bits to 17", task with { RingBits = 17 });

        // As long after padding as before, and short: the ring that suffices without flattening is as small.
        RoundShape shape = task.Shapes[0];
        TaskParameters Long(int length) => task with
        {
            Model = task.Model with { Length = length },
            Shapes = [shape with { Segments = [shape.Segments[0] with { Length = length }, .. shape.Segments.Skip(1)] }],
        };
        Refuses("Flattening does not make uploads smaller", Long(600));
        Refuses("Flattening does not make uploads smaller", Long(64));
        Assert.Null(Long(1024).FindFault());

        static void Refuses(string part, TaskParameters lie) => Assert.Contains(part, lie.FindFault() ?? "", StringComparison.Ordinal);
    }

    private static SignedEntry Opening(SimulatedConsortium consortium, RoundParameters round) => SignedEntry.Sign(
        consortium.Task.TaskId, 1, new LogEntry(consortium.Task.TaskId, new TaskEvent.RoundOpened(round)).Encode(), consortium.Server.Key);
}
