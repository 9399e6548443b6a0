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
