namespace SecureFed.Learning.Data;

/// <summary>How the rows of one table come to the clients of a trial. By default independent and identically distributed.</summary>
public sealed record Dealing
{
    /// <summary>Shuffled and cut into equal parts.</summary>
    public static Dealing Iid { get; } = new();

    /// <summary>Whole values of this column go to one client each, see <see cref="Partition.ByValue"/>; null: not by a column. Not together with <see cref="Concentration"/>.</summary>
    public string? Column { get; init; }

    /// <summary>Labels are skewed with this Dirichlet parameter, positive, see <see cref="Partition.Dirichlet"/>; null: they are not.</summary>
    public double? Concentration { get; init; }

    /// <param name="data">Rows to deal.</param>
    /// <param name="values">The column's value in each row; not read unless <see cref="Column"/> is set.</param>
    /// <param name="labelKind">What the labels are.</param>
    /// <param name="clients">At least 1.</param>
    /// <param name="seed">Equal seeds deal equally.</param>
    /// <exception cref="DataException"><c>too-few-rows</c> or <c>too-few-values</c>.</exception>
    internal IReadOnlyList<DataSet> Deal(DataSet data, IReadOnlyList<string> values, LabelKind labelKind, int clients, ulong seed) => this switch
    {
        { Column: not null, Concentration: not null } => throw new InvalidOperationException("Rows are dealt by a column or by a Dirichlet parameter, not by both."),
        { Column: { } column } => Partition.ByValue(data, values, column, clients),
        { Concentration: { } concentration } => Partition.Dirichlet(data, labelKind, clients, concentration, seed),
        _ => Partition.Iid(data, clients, seed),
    };
}
