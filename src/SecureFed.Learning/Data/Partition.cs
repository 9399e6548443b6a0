namespace SecureFed.Learning.Data;

/// <summary>Deals the rows of one file to several clients, for trials with a single file.</summary>
public static class Partition
{
    /// <summary>Independent and identically distributed: shuffled, then cut into parts whose sizes differ by at most one.</summary>
    /// <param name="data">Rows to deal; each goes to exactly one client.</param>
    /// <param name="clients">At least 1.</param>
    /// <param name="seed">Equal seeds deal equally.</param>
    /// <exception cref="DataException"><c>too-few-rows</c>: fewer rows than clients.</exception>
    public static IReadOnlyList<DataSet> Iid(DataSet data, int clients, ulong seed)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(clients, 1);
        if (data.Rows < clients)
        {
            throw new DataException(
                "too-few-rows",
                $"{data.Rows} rows cannot be dealt to {clients} clients.",
                $"Provide at least {clients} rows, or take at most {data.Rows} clients.");
        }

        int[] order = [.. Enumerable.Range(0, data.Rows)];
        new DeterministicSequence(seed).Shuffle<int>(order);
        var parts = new DataSet[clients];
        int start = 0;
        for (int client = 0; client < clients; client++)
        {
            int size = (data.Rows / clients) + (client < data.Rows % clients ? 1 : 0);
            parts[client] = data.Select(order.AsSpan(start, size));
            start += size;
        }

        return parts;
    }
}
