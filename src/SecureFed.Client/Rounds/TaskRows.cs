using SecureFed.Learning.Data;
using SecureFed.Learning.Statistics;
using SecureFed.Protocol.Tasks;
using SecureFed.Shared;

namespace SecureFed.Client.Rounds;

/// <summary>A client's rows in the form that a task's built-in model takes.</summary>
public static class TaskRows
{
    /// <summary>Reads CSV files by the task's schema: columns by name, categories and classes as the task lists them. Other columns are left out.</summary>
    /// <remarks>
    /// Numbers outside the bounds are read as they are: a standardisation round refuses or clips them where its bound rests on it. In a task with noise a row that does not fit is
    /// left out: if the client refused instead, whoever chose the categories would learn from its silence that somebody has another one. What a row becomes never depends on other rows.
    /// </remarks>
    /// <param name="sources">Files with one header.</param>
    /// <param name="task">A task with a built-in model, or one of statistics.</param>
    /// <param name="positive">The label that counts as positive, if there are two.</param>
    /// <param name="leftOut">Told of each row that was left out.</param>
    /// <exception cref="ArgumentException">The task sums vectors that only an application can compute.</exception>
    /// <exception cref="DataException">A column is missing; without noise also, a row does not fit.</exception>
    public static DataSet Read(IReadOnlyList<CsvSource> sources, TaskParameters task, string positive = "1", Action<DataException>? leftOut = null)
    {
        LearningTask learning = new(task);
        if (learning.Statistics is { } questions)
            return StatisticsTable.Read(sources, questions);
        if (task.Model.Label is null)
            throw new ArgumentException("A vector task has no schema.", nameof(task));
        return SchemaTable.Read(sources, learning.Schema, task.Model.Classes, positive, refusesOutside: false, task.Privacy.HasNoise ? leftOut ?? (_ => { }) : null);
    }
}
