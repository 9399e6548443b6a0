using SecureFed.Cli.Demo;
using SecureFed.Learning.Data;
using SecureFed.Learning.Scenarios;
using SecureFed.Learning.Statistics;
using SecureFed.Privacy.Accounting;
using SecureFed.Privacy.Budget;
using SecureFed.Protocol.Resources;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Tasks;

namespace SecureFed.Cli.Stats;

/// <summary>A trial of statistics on this machine: who holds which rows, what is asked, and the consortium that answers.</summary>
/// <param name="Query">Questions.</param>
/// <param name="Consortium">Parties, as of a demo.</param>
internal sealed record StatsPlan(StatisticsQuery Query, DemoPlan Consortium)
{
    /// <param name="asked">Questions.</param>
    /// <param name="options">Data and parties; what a demo would train is not looked at.</param>
    public static StatsPlan Create(StatsOptions asked, DemoOptions options)
    {
        Scenario scenario = Scenario.ByName(options.Scenario);
        int clients = options.Clients ?? scenario.DefaultClients;
        DemoPlan.RequireUsage(clients >= 1, "--clients is at least 1.");
        DemoPlan.RequireUsage(options.Dropout is null or (>= 0 and < 1), "--dropout lies in [0, 1).");
        RequirePrivacy(asked);
        double dropout = options.Dropout ?? scenario.DefaultDropout;
        CohortBounds cohort = DemoPlan.ChooseCohort(clients, dropout, scenario, options);
        (ScenarioData data, IReadOnlyList<string> notes) = options.Data.Count > 0 ? ReadCsv(options, clients) : (scenario.Generate(clients, DemoPlan.Seed), []);
        StatisticsQuery query = StatsQuestions.Read(asked, data.Schema);
        DemoPrivacy privacy = new(PrivacyOf(asked, scenario, data, dropout, query.Rounds), query.Rounds, false, false);
        DemoModel form = DemoModel.Create(options, scenario.ModelKind, data.Schema.LabelKind, data.Schema, [], scenario.Network.Hidden); // Of what is not trained.
        DemoPlan consortium = new(scenario, data, notes, scenario.ModelKind, dropout, cohort, new TrainingDefinition { GreatestRows = data.MaxRows }, privacy, 32, options.Protection, new ScheduleDefinition(), form)
        {
            Statistics = StatsQuestions.ToDefinition(query, asked.Cells),
        };
        return new StatsPlan(query, consortium);
    }

    public static void RequirePrivacy(StatsOptions asked)
    {
        DemoPlan.RequireUsage(asked.Epsilon is null or (> 0 and < 1e6), "--epsilon is above 0 and below 1,000,000.");
        DemoPlan.RequireUsage(asked.Delta is null or (>= DataSetLedger.LeastDelta and < 1), "--delta lies in [1e-28, 1).");
        DemoPlan.RequireUsage(asked.Privacy != PrivacyUnit.None || (asked.Epsilon is null && asked.Delta is null), "--epsilon and --delta go with --privacy client or record.");
    }

    private static PrivacyDefinition PrivacyOf(StatsOptions asked, Scenario scenario, ScenarioData data, double dropout, int rounds)
    {
        if (asked.Privacy == PrivacyUnit.None)
            return PrivacyDefinition.None;
        bool isRecordLevel = asked.Privacy == PrivacyUnit.Record;
        int expected = isRecordLevel ? DemoPrivacy.PublicEstimate(data.Clients.Sum(c => c.Rows)) : 0;
        return new PrivacyDefinition
        {
            Unit = asked.Privacy,
            Epsilon = asked.Epsilon ?? DemoPrivacy.DefaultEpsilon,
            Delta = asked.Delta ?? DeltaChoice.For(isRecordLevel ? expected : data.Clients.Count),
            DataSet = scenario.Name,
            ExpectedRecords = expected,
            SpareRounds = DemoPrivacy.SparesFor(rounds, dropout),
        };
    }

    private static (ScenarioData Data, IReadOnlyList<string> Notes) ReadCsv(DemoOptions options, int clients)
    {
        CsvTable table = DemoPlan.ReadTable(options.Data, CsvOptions.ForStatistics with { Drop = options.Drop });
        return (Scenario.DealAll(table, clients, DemoPlan.Seed), table.Notes);
    }
}
