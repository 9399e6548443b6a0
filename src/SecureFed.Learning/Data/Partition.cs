using System.Runtime.InteropServices;

namespace SecureFed.Learning.Data;

/// <summary>Deals the rows of one file to several clients, for trials with a single file. Every row goes to exactly one client, and every client has at least one.</summary>
public static class Partition
{
    // Classes of a numeric label: enough to skew it, few enough that each has rows for many clients.
    private const int Quantiles = 10;

    /// <summary>Independent and identically distributed: shuffled, then cut into parts whose sizes differ by at most one.</summary>
    /// <param name="data">Rows to deal; each goes to exactly one client.</param>
    /// <param name="clients">At least 1.</param>
    /// <param name="seed">Equal seeds deal equally.</param>
    /// <exception cref="DataException"><c>too-few-rows</c>: fewer rows than clients.</exception>
    public static IReadOnlyList<DataSet> Iid(DataSet data, int clients, ulong seed)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(clients, 1);
        RequireRows(data, clients);
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

    /// <summary>By the values of a column: each goes to one client with all its rows, the most frequent first, to whoever has the fewest rows so far.</summary>
    /// <remarks>Which client holds which values is as public as the column's values are. Ties go to the smaller value (ordinal) and to the first client; rows keep their order.</remarks>
    /// <param name="data">Rows to deal.</param>
    /// <param name="values">One value per row.</param>
    /// <param name="column">The column's name, for messages.</param>
    /// <param name="clients">At least 1.</param>
    /// <exception cref="DataException"><c>too-few-values</c>: fewer values than clients.</exception>
    public static IReadOnlyList<DataSet> ByValue(DataSet data, IReadOnlyList<string> values, string column, int clients)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(clients, 1);
        if (values.Count != data.Rows)
        {
            throw new ArgumentException($"{values.Count} values do not fit {data.Rows} rows.", nameof(values));
        }

        IGrouping<string, int>[] groups = [.. Enumerable.Range(0, data.Rows).GroupBy(row => values[row], StringComparer.Ordinal)
            .OrderByDescending(group => group.Count()).ThenBy(group => group.Key, StringComparer.Ordinal)];
        if (groups.Length < clients)
        {
            throw new DataException(
                "too-few-values",
                $"Column '{column}' has {groups.Length} distinct values among the training rows; {clients} clients need one each at least.",
                $"Take at most {groups.Length} clients, or deal by a column with more values.",
                column: column);
        }

        List<int>[] rows = [.. Enumerable.Range(0, clients).Select(_ => new List<int>())];
        foreach (IGrouping<string, int> group in groups)
        {
            rows.MinBy(held => held.Count)!.AddRange(group);
        }

        return [.. rows.Select(held => Select(data, held))];
    }

    /// <summary>By label, unevenly: the rows of each class are split in proportions drawn from a symmetric Dirichlet distribution over the clients.</summary>
    /// <remarks>
    /// Label skew by a Dirichlet prior as in Hsu, Qi and Brown 2019, section 3, drawn per class over the clients (Yurochkin et al. 2019, section 4), so that sizes differ too. A parameter
    /// of 100 is close to independent and identically distributed; with 0.1 most clients know one class. Clients left without a row get one of the largest.
    /// </remarks>
    /// <param name="data">Rows to deal.</param>
    /// <param name="labelKind">Numeric labels fall into ten classes by quantile, equal labels into one.</param>
    /// <param name="clients">At least 1.</param>
    /// <param name="concentration">The Dirichlet parameter, positive.</param>
    /// <param name="seed">Equal seeds deal equally.</param>
    /// <exception cref="DataException"><c>too-few-rows</c>: fewer rows than clients.</exception>
    public static IReadOnlyList<DataSet> Dirichlet(DataSet data, LabelKind labelKind, int clients, double concentration, ulong seed)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(clients, 1);
        ArgumentOutOfRangeException.ThrowIfEqual(concentration is > 0 && double.IsFinite(concentration), false, nameof(concentration));
        RequireRows(data, clients);
        var random = new DeterministicSequence(seed);
        List<int>[] rows = [.. Enumerable.Range(0, clients).Select(_ => new List<int>())];
        foreach (int[] ofClass in ClassesOf(data.Labels, labelKind))
        {
            random.Shuffle<int>(ofClass);
            double[] proportions = DirichletDraw.Draw(random, clients, concentration);
            double cumulated = 0;
            int start = 0;
            for (int client = 0; client < clients; client++)
            {
                cumulated += proportions[client];
                int end = client == clients - 1 ? ofClass.Length : Math.Clamp((int)Math.Round(cumulated * ofClass.Length), start, ofClass.Length);
                rows[client].AddRange(ofClass.AsSpan(start, end - start));
                start = end;
            }
        }

        foreach (List<int> empty in rows.Where(held => held.Count == 0))
        {
            List<int> largest = rows.MaxBy(held => held.Count)!;
            empty.Add(largest[^1]);
            largest.RemoveAt(largest.Count - 1);
        }

        // Mixed, or a batch of unshuffled local training would hold one class.
        foreach (List<int> held in rows)
        {
            random.Shuffle(CollectionsMarshal.AsSpan(held));
        }

        return [.. rows.Select(held => Select(data, held))];
    }

    /// <summary>Rows by class, ascending: by label, or by the quantile in which the label's first row stands.</summary>
    private static int[][] ClassesOf(ReadOnlySpan<double> labels, LabelKind kind)
    {
        double[] ofRow = labels.ToArray();
        if (kind == LabelKind.Numeric)
        {
            double[] sorted = [.. ofRow.Order()];
            double[] lower = [.. Enumerable.Range(0, Quantiles).Select(q => sorted[q * sorted.Length / Quantiles])];
            ofRow = [.. ofRow.Select(label => lower.Last(bound => bound <= label))];
        }

        return [.. Enumerable.Range(0, ofRow.Length).GroupBy(row => ofRow[row]).OrderBy(group => group.Key).Select(group => group.ToArray())];
    }

    private static void RequireRows(DataSet data, int clients)
    {
        if (data.Rows < clients)
        {
            throw new DataException(
                "too-few-rows",
                $"{data.Rows} rows cannot be dealt to {clients} clients.",
                $"Provide at least {clients} rows, or take at most {data.Rows} clients.");
        }
    }

    private static DataSet Select(DataSet data, List<int> rows) => data.Select(CollectionsMarshal.AsSpan(rows));
}
