using SecureFed.Learning.Data;

namespace SecureFed.Learning;

/// <summary>A client's weight in a sum: its rows as a part of the task's public maximum, so that the count stays inside the protected vector.</summary>
internal static class RowWeight
{
    public static double Of(int rows, int maxRows)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxRows, 1);
        if (rows == 0)
        {
            throw new DataException("too-few-rows", "This client has no rows to train on.", "Take part once there are rows, or leave the task.");
        }

        RequireAtMost(rows, maxRows);
        return (double)rows / maxRows;
    }

    public static void RequireAtMost(int rows, int maxRows)
    {
        if (rows > maxRows)
        {
            throw new DataException(
                "too-many-rows",
                $"This client has {rows} rows; the task allows {maxRows}.",
                "Take a sample of the rows, or ask the operator for a task with a larger maximum.");
        }
    }
}
