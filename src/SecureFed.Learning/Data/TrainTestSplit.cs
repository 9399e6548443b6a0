namespace SecureFed.Learning.Data;

/// <summary>Training rows and test rows: every fifth row, from the first, is a test row.</summary>
/// <param name="Train">Rows whose index in file order is not a multiple of 5.</param>
/// <param name="Test">Rows 0, 5, 10, ... in file order.</param>
public sealed record TrainTestSplit(DataSet Train, DataSet Test)
{
    internal const int Stride = 5;

    /// <summary>Splits by index, so that everybody with the file has the same split.</summary>
    /// <exception cref="DataException"><c>too-few-rows</c>: fewer than 5 rows.</exception>
    public static TrainTestSplit ByIndex(DataSet data)
    {
        if (data.Rows < Stride)
        {
            throw new DataException(
                "too-few-rows",
                $"{data.Rows} rows cannot be split into training and test rows.",
                $"Provide at least {Stride} rows; every fifth is kept for the test.");
        }

        int[] rows = [.. Enumerable.Range(0, data.Rows)];
        return new TrainTestSplit(
            data.Select(Array.FindAll(rows, row => !IsTest(row))),
            data.Select(Array.FindAll(rows, IsTest)));
    }

    internal static bool IsTest(int row) => row % Stride == 0;
}
