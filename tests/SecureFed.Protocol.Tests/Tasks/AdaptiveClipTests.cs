using SecureFed.Privacy.Updates;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Masking;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Tasks;
using SecureFed.Protocol.Tests.Simulation;
using SecureFed.Protocol.Transparency;

namespace SecureFed.Protocol.Tests.Tasks;

/// <summary>A clip norm that follows the model: which openings the fold and the clients take.</summary>
public sealed class AdaptiveClipTests
{
    private static readonly ConsortiumOptions Adaptive = new()
    {
        Clients = 5,
        TrainRounds = 3,
        GreatestFailures = 3,
        Epsilon = 4,
        ClipNorm = 2,
        AdaptiveClip = new AdaptiveClipSpecification(0.5, 8, 0.5, 0.2),
    };

    [Fact]
    public void Each_round_clips_to_the_norm_of_its_model_and_its_noise_follows()
    {
        SimulatedConsortium consortium = new("follows", Adaptive);
        SimulatedServer server = consortium.Server;
        foreach (double clipNorm in (double[])[2, 3.7, 0.5])
        {
            if (server.State.AwaitsModel)
                server.Append(server.State.Publish(ModelOf(consortium, clipNorm)));
            server.Append(server.State.Next(consortium.Random)!);
            UpdateLayout layout = server.Round.Parameters.Layout;
            Assert.Equal((clipNorm, UpdateLayout.Below), (layout.Segments[0].ClipNorm, layout.Segments[^1].Name));
            Assert.Null(MaskingClient.ExamineModel(consortium.Task, server.Round.Parameters, ModelOf(consortium, clipNorm)));
            consortium.RunTo(RoundPhase.Closed);
            double z = consortium.Task.Privacy.Releases[0].NoiseMultiplier;
            Assert.True(server.Round.NoiseVariance >= z * z * (double)layout.SquaredSensitivity);
        }

        Assert.All(server.State.Budget!.Entries, e => Assert.Equal(consortium.Task.Privacy.Releases[0].Charge, e.Units));
        Assert.Equal(server.State.Budget.Entries, server.Fold(server.Entries.Count).Budget!.Entries);
    }

    [Fact]
    public void The_fold_takes_no_opening_with_another_clip_norm_than_the_current_models()
    {
        SimulatedConsortium consortium = new("fold", Adaptive);
        SimulatedServer server = consortium.Server;
        RoundParameters honest = ((TaskEvent.RoundOpened)server.State.Next(consortium.Random)!.Event).Round;
        foreach (double clipNorm in (double[])[0.5, 1.99, 4, 8, 100])
        {
            LogEntry lie = new(consortium.Task.TaskId, new TaskEvent.RoundOpened(honest with { Layout = consortium.Task.LayoutOf(RoundKind.Train, clipNorm) }));
            Assert.Throws<InvalidOperationException>(() => server.State.Apply(server.State.EntryCount, lie.Encode()));
        }

        server.Append(server.State.Next(consortium.Random)!);
    }

    [Fact]
    public void A_client_refuses_an_opening_whose_clip_norm_is_out_of_bounds_or_not_its_models()
    {
        SimulatedConsortium consortium = new("lying opening", Adaptive);
        SimulatedServer server = consortium.Server;
        server.OpenRound();
        ClientContext context = consortium.Clients[0].Context;
        RoundParameters honest = server.Round.Parameters;
        foreach (double clipNorm in (double[])[0.499, 8.001])
            Assert.Equal(ErrorCodes.InvalidParameters, MaskingClient.Examine(context, Opening(consortium, honest with { Layout = consortium.Task.LayoutOf(RoundKind.Train, clipNorm) }), 0, out _)!.Code);

        // Within the bounds, but for a grid that does not follow from the clip norm: less noise than it claims.
        UpdateSegment[] segments = [.. honest.Layout.Segments];
        segments[0] = segments[0] with { ClipNorm = 3 * segments[0].ClipNorm };
        Assert.Equal(ErrorCodes.InvalidParameters, MaskingClient.Examine(context, Opening(consortium, honest with { Layout = new UpdateLayout(segments, 32) }), 0, out _)!.Code);

        Assert.Null(MaskingClient.Examine(context, Opening(consortium, honest with { Layout = consortium.Task.LayoutOf(RoundKind.Train, 7.5) }), 0, out RoundParameters? lie));
        Assert.Equal(ErrorCodes.InvalidParameters, MaskingClient.ExamineModel(consortium.Task, lie!, ModelOf(consortium, 2))!.Code);
        Assert.Null(MaskingClient.ExamineModel(consortium.Task, honest, ModelOf(consortium, 2)));
    }

    [Fact]
    public void A_task_that_clips_adaptively_counts_and_no_other_does()
    {
        TaskParameters task = new SimulatedConsortium("shapes", Adaptive).Task;
        Assert.True(TaskParameters.TryDecode(task.Encode(), out TaskParameters? read));
        Assert.Equal(task.Training, read!.Training);
        AdaptiveClipSpecification clip = task.Training.AdaptiveClip!;
        RoundShape shape = task.Shapes[0];
        foreach (TaskParameters lie in (TaskParameters[])
            [
                task with { Training = task.Training with { AdaptiveClip = null } },
                task with { Training = task.Training with { AdaptiveClip = clip with { Lowest = 3 } } },
                task with { Training = task.Training with { AdaptiveClip = clip with { Greatest = 1 } } },
                task with { Training = task.Training with { AdaptiveClip = clip with { Quantile = 1 } } },
                task with { Training = task.Training with { AdaptiveClip = clip with { Rate = 0 } } },
                task with { Shapes = [shape with { Segments = [.. shape.Segments.SkipLast(1)] }] },
                task with { Shapes = [shape with { Segments = [.. shape.Segments.SkipLast(1), TaskParameters.CountShape with { ClipNorm = 0.1 }] }] },
                task with { Privacy = PrivacySpecification.None },
            ])
        {
            Assert.False(TaskParameters.TryDecode(lie.Encode(), out _));
        }
    }

    private static ModelState ModelOf(SimulatedConsortium consortium, double clipNorm) => ModelState.Initial(consortium.Task.Model) with { ClipNorm = clipNorm };

    private static SignedEntry Opening(SimulatedConsortium consortium, RoundParameters round) => SignedEntry.Sign(
        consortium.Task.TaskId, consortium.Server.Round.OpenIndex, new LogEntry(consortium.Task.TaskId, new TaskEvent.RoundOpened(round)).Encode(), consortium.Server.Key);
}
