using System.CommandLine;
using SecureFed.Cli.Commands;
using SecureFed.Cli.Output;
using SecureFed.Client.Configuration;
using SecureFed.Cryptography.Keys;
using SecureFed.Protocol.Resources;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Tasks;
using SecureFed.Protocol.Wire;

namespace SecureFed.Cli.Stats;

/// <summary>The options of <c>securefed stats</c> with which an operator asks the clients of a running server.</summary>
internal sealed class StatsServerOptions
{
    private readonly Option<string> server = CommandOptions.Optional("--server", "Ask the clients of this server (https) instead of playing a consortium here.");
    private readonly Option<string> pin = CommandOptions.Optional("--certificate-pin", "With --server: SHA-256 of the server certificate's key, as 'securefed server' prints it.");
    private readonly Option<string> id = CommandOptions.Optional("--id", "With --server: own identifier in the roster, as an operator.");
    private readonly Option<string> key = CommandOptions.Optional("--key", "With --server: own key (PEM).");
    private readonly Option<int?> least = new("--least-cohort") { Description = "With --server: fewest clients in a round." };
    private readonly Option<int?> greatest = new("--greatest-cohort") { Description = "With --server: most clients in a round." };
    private readonly Option<double?> deltaDrop = new("--delta-drop") { Description = "With --server: part of a cohort whose loss a round survives. Default 0.1; 0 for fewer than five clients." };
    private readonly Option<int?> records = new("--expected-records") { Description = "With --server and --privacy record: public estimate of all clients' rows together." };
    private readonly Option<int?> rows = new("--greatest-rows") { Description = "With --server and --privacy client or none: public maximum of rows at one client." };
    private readonly Option<string> dataSet = CommandOptions.Optional("--data-set", "With --server: name of the data, whose budget all tasks on it share.");

    public void AddTo(Command command)
    {
        foreach (Option option in new Option[] { server, pin, id, key, least, greatest, deltaDrop, records, rows, dataSet })
            command.Options.Add(option);
    }

    public bool IsGiven(ParseResult parsed) => parsed.GetValue(server) is not null;

    public Uri Server(ParseResult parsed) => CommandOptions.ReadAddress(parsed.GetValue(server)!);

    public string? Pin(ParseResult parsed) => parsed.GetValue(pin);

    public Identifier Id(ParseResult parsed) => CommandOptions.ReadIdentifier(Need(parsed.GetValue(id), "--id"), "--id");

    public SigningKey LoadKey(ParseResult parsed) => IdentityFile.Load(Need(parsed.GetValue(key), "--key"), CommandOptions.Passphrase);

    /// <summary>What the operator posts.</summary>
    public TaskDefinition ToDefinition(ParseResult parsed, Identifier taskId, ModelDefinition model, StatsOptions asked)
    {
        bool isRecordLevel = asked.Privacy == PrivacyUnit.Record;
        return new TaskDefinition
        {
            TaskId = taskId.ToString(),
            Name = "statistics",
            Model = model,
            Training = new TrainingDefinition { GreatestRows = isRecordLevel ? 1 : Need(parsed.GetValue(rows), "--greatest-rows") },
            Schedule = new ScheduleDefinition(),
            Protection = ProtectionKind.Masking,
            Cohort = new CohortDefinition
            {
                Least = Need(parsed.GetValue(least), "--least-cohort"),
                Greatest = Need(parsed.GetValue(greatest), "--greatest-cohort"),
                DeltaDrop = parsed.GetValue(deltaDrop) is { } drop ? drop is >= 0 and < 1 ? (decimal)drop : throw CommandException.Misuse("--delta-drop lies in [0, 1).", "0.1 is a tenth.") : 0.1m,
            },
            Privacy = asked.Privacy == PrivacyUnit.None ? PrivacyDefinition.None : new PrivacyDefinition
            {
                Unit = asked.Privacy,
                Epsilon = asked.Epsilon ?? Demo.DemoPrivacy.DefaultEpsilon,
                Delta = asked.Delta,
                DataSet = parsed.GetValue(dataSet) ?? "",
                ExpectedRecords = isRecordLevel ? Need(parsed.GetValue(records), "--expected-records") : 0,
            },
        };
    }

    private static T Need<T>(T? value, string option)
        where T : class => value ?? throw Missing(option);

    private static int Need(int? value, string option) => value ?? throw Missing(option);

    private static CommandException Missing(string option) => CommandException.Misuse($"With --server, {option} must be given.", "Run 'securefed stats --help'.");
}
