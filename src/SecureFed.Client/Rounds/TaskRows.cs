using SecureFed.Learning.Data;
using SecureFed.Protocol.Tasks;
using SecureFed.Shared;

namespace SecureFed.Client.Rounds;

/// <summary>A client's rows in the form that a task's built-in model takes.</summary>
public static class TaskRows
{
    /// <summary>Reads CSV files by the task's schema: columns by name, categories and classes as the task lists them. Other columns are left out.</summary>
    /// <remarks>Numbers outside the bounds are read as they are: a standardisation round refuses or clips them where its bound rests on it.</remarks>
    /// <param name="sources">Files with one header.</param>
    /// <param name="task">A task with a built-in model.</param>
    /// <param name="positive">The label that counts as positive, if there are two.</param>
    /// <exception cref="ArgumentException">The task sums vectors that only an application can compute.</exception>
    /// <exception cref="DataException">A column is missing, or a row does not fit.</exception>
    public static DataSet Read(IReadOnlyList<CsvSource> sources, TaskParameters task, string positive = "1") => task.Model.Label is null
        ? throw new ArgumentException("A vector task has no schema.", nameof(task))
        : SchemaTable.Read(sources, new LearningTask(task).Schema, task.Model.Classes, positive, refusesOutside: false);
}
