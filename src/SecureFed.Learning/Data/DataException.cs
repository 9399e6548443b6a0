namespace SecureFed.Learning.Data;

/// <summary>Data that cannot be learned from as they are.</summary>
/// <remarks>
/// Codes: <c>empty-data</c>, <c>malformed-csv</c>, <c>row-width</c>, <c>duplicate-column</c>, <c>header-mismatch</c>,
/// <c>label-column-missing</c>, <c>unknown-column</c>, <c>no-features</c>, <c>missing-value</c>, <c>not-a-number</c>, <c>not-finite</c>,
/// <c>too-many-categories</c>, <c>one-class-only</c>, <c>positive-value-missing</c>, <c>too-few-rows</c>, <c>too-many-rows</c>, <c>too-few-values</c>, <c>out-of-bounds</c>, <c>schema-mismatch</c>,
/// <c>unknown-class</c>, <c>too-many-classes</c>, <c>unknown-category</c>, <c>column-missing</c>, <c>rows-fixed</c>, <c>rows-unsettled</c>.
/// </remarks>
public sealed class DataException : LearningException
{
    /// <param name="code">One of the codes above.</param>
    /// <param name="message">What is wrong.</param>
    /// <param name="hint">What to do next.</param>
    /// <param name="row">Line of the file, the header being line 1; null when no single row is at fault.</param>
    /// <param name="column">Name of the column at fault, or null.</param>
    /// <param name="innerException">Cause, or null.</param>
    public DataException(string code, string message, string hint, int? row = null, string? column = null, Exception? innerException = null)
        : base(code, message, hint, innerException)
    {
        Row = row;
        Column = column;
    }

    /// <summary>Line of the file (the header is line 1), so that an editor finds it; null when no single row is at fault.</summary>
    public int? Row { get; }

    /// <summary>Name of the column at fault, or null.</summary>
    public string? Column { get; }
}
