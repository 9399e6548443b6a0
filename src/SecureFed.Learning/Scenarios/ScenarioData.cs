using System.Globalization;
using SecureFed.Learning.Data;

namespace SecureFed.Learning.Scenarios;

/// <summary>Who holds which rows.</summary>
public sealed class ScenarioData
{
    internal ScenarioData(IReadOnlyList<DataSet> clients, DataSet test, DataSchema schema)
    {
        Clients = clients;
        Test = test;
        Schema = schema;
    }

    /// <summary>Training rows of every client.</summary>
    public IReadOnlyList<DataSet> Clients { get; }

    /// <summary>Test rows; no client trains on them.</summary>
    public DataSet Test { get; }

    /// <summary>Features, label, public bounds.</summary>
    public DataSchema Schema { get; }

    /// <summary>A public maximum of rows per client: the largest client, rounded up.</summary>
    public int MaxRows => PublicBounds.RowMaximum(Clients.Max(client => client.Rows));

    /// <summary>All training rows in one place, for the baseline.</summary>
    public DataSet Pool() => DataSet.Concatenate(Clients);

    /// <summary>The same rows under other public bounds.</summary>
    public ScenarioData With(DataSchema schema) => new(Clients, Test, schema);

    /// <summary>The same rows with the training rows of all dealt anew.</summary>
    internal ScenarioData DealAnew(int clients, Dealing dealing, ulong seed)
    {
        DataSet pool = Pool();
        string[] values = dealing.Column is { } column ? ValuesOf(pool, column) : [];
        return new ScenarioData(dealing.Deal(pool, values, Schema.LabelKind, clients, seed), Test, Schema);
    }

    private string[] ValuesOf(DataSet pool, string column)
    {
        int index = pool.FeatureNames.ToList().IndexOf(column);
        bool isLabel = string.Equals(column, Schema.LabelName, StringComparison.Ordinal);
        if (index < 0 && !isLabel)
        {
            throw new DataException(
                "unknown-column",
                $"Rows cannot be dealt by '{column}': the synthetic rows have {string.Join(", ", pool.FeatureNames)} and {Schema.LabelName}.",
                "Name one of these columns, or give your own rows.",
                column: column);
        }

        return [.. Enumerable.Range(0, pool.Rows).Select(row => (isLabel ? pool.Labels[row] : pool.Row(row)[index]).ToString("R", CultureInfo.InvariantCulture))];
    }

    // The file is the clients' rows one after the other; every fifth of it is a test row, the others stay with their client.
    internal static ScenarioData Split(IReadOnlyList<DataSet> clients, DataSchema schema)
    {
        var train = new List<DataSet>();
        var test = new List<DataSet>();
        int offset = 0;
        foreach (DataSet client in clients)
        {
            int[] rows = [.. Enumerable.Range(0, client.Rows)];
            train.Add(client.Select(Array.FindAll(rows, row => !TrainTestSplit.IsTest(offset + row))));
            test.Add(client.Select(Array.FindAll(rows, row => TrainTestSplit.IsTest(offset + row))));
            offset += client.Rows;
        }

        return new ScenarioData(train, DataSet.Concatenate(test), schema);
    }
}
