using FsCheck;
using FsCheck.Fluent;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Tasks;

namespace SecureFed.Protocol.Tests.Tasks;

/// <summary>Which rounds follow one another, and when training ends before its schedule does.</summary>
public sealed class ScheduleTests
{
    [Fact]
    public void A_schedule_is_its_rounds_written_out()
    {
        Gen<TaskSchedule> schedules =
            from standardise in Gen.Elements(true, false)
            from rounds in Gen.Choose(1, 40)
            from evaluate in Gen.Elements(true, false)
            from every in Gen.Choose(0, rounds)
            from explain in Gen.Elements(true, false)
            select new TaskSchedule(standardise, rounds, evaluate, 2, evaluate ? every : 0, Explain: explain);
        Prop.ForAll(schedules.ToArbitrary(), schedule =>
        {
            RoundKind[] written = [.. WrittenOut(schedule)];
            Assert.Null(schedule.FindFault());
            Assert.Equal(written.Length, schedule.Rounds);
            for (int completed = 0; completed < written.Length; completed++)
                Assert.Equal(written[completed], schedule.KindAfter(completed));
            Assert.Null(schedule.KindAfter(written.Length));
            foreach (RoundKind kind in Enum.GetValues<RoundKind>())
                Assert.Equal(written.Count(k => k == kind), schedule.CountOf(kind));
            Assert.Equal(written.Distinct().Order(), schedule.Kinds);
        }).QuickCheckThrowOnFailure();
    }

    [Theory]
    [InlineData(new[] { 0.5 }, false, 0)]
    [InlineData(new[] { 0.5, 0.4, 0.41, 0.39 }, false, 1)] // 0.39 is less than 0.4, and by less than 0.02.
    [InlineData(new[] { 0.5, 0.4, 0.41, 0.39, 0.385 }, true, 1)]
    [InlineData(new[] { 0.5, 0.4, 0.41, 0.39, 0.379 }, false, 4)]
    [InlineData(new[] { 0.5, 0.6, 0.7, 0.8 }, true, 0)]
    public void Training_ends_after_as_many_evaluations_without_improvement_as_the_patience_says(double[] losses, bool ends, int best)
    {
        TaskSchedule schedule = new(true, 100, true, 2, 5, Patience: 3, LeastImprovement: 0.02);
        Assert.Equal((ends, best), (schedule.HasConverged(losses), schedule.BestOf(losses)));
        Assert.False((schedule with { Patience = 0 }).HasConverged(losses));
    }

    [Fact]
    public void After_an_evaluation_that_ended_the_training_nothing_but_an_explanation_follows()
    {
        TaskSchedule schedule = new(true, 100, true, 2, 5, Patience: 3);
        Assert.Equal(RoundKind.Train, schedule.KindAfter(7));
        Assert.Null(schedule.KindAfter(7, convergedAfter: 7));
        Assert.Equal(RoundKind.Explain, (schedule with { Explain = true }).KindAfter(7, convergedAfter: 7));
        Assert.Null((schedule with { Explain = true }).KindAfter(8, convergedAfter: 7));
    }

    [Theory]
    [InlineData(11, true, 0, 0.0)] // Further apart than there are training rounds.
    [InlineData(5, false, 0, 0.0)]
    [InlineData(5, true, 2, 0.0)] // Only two evaluations, so no patience of two can run out.
    [InlineData(0, true, 1, 0.0)]
    [InlineData(1, true, 2, -0.1)]
    [InlineData(1, true, 2, double.NaN)]
    [InlineData(1, true, 0, 0.1)]
    [InlineData(-1, true, 0, 0.0)]
    public void A_schedule_that_cannot_be_meant_is_refused(int every, bool evaluate, int patience, double improvement) =>
        Assert.NotNull(new TaskSchedule(false, 10, evaluate, 2, every, patience, improvement).FindFault());

    private static IEnumerable<RoundKind> WrittenOut(TaskSchedule schedule)
    {
        if (schedule.Standardise)
            yield return RoundKind.Standardise;
        for (int round = 1; round <= schedule.TrainRounds; round++)
        {
            yield return RoundKind.Train;
            if (schedule.Evaluate && (round == schedule.TrainRounds || (schedule.EvaluateEvery > 0 && round % schedule.EvaluateEvery == 0)))
                yield return RoundKind.Evaluate;
        }

        if (schedule.Explain)
            yield return RoundKind.Explain;
    }
}
