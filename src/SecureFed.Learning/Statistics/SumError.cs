namespace SecureFed.Learning.Statistics;

/// <summary>How far a decoded sum may be from the true one, per coordinate, in rows.</summary>
/// <param name="CountDeviation">Standard deviation of the error of a count.</param>
/// <param name="RealDeviation">Standard deviation of the error of any other coordinate: noise and the rounding of the contributions.</param>
/// <param name="Slack">Without noise: largest possible error, from rounding.</param>
public sealed record SumError(double CountDeviation, double RealDeviation, double Slack)
{
    /// <summary>With noise: a sum of records rounded one by one.</summary>
    /// <param name="noiseDeviation">Standard deviation of the noise.</param>
    /// <param name="scale">s: steps of the grid per unit.</param>
    /// <param name="records">Most records that the sum may hold.</param>
    /// <remarks>Counts lie on the grid and are not rounded. A coordinate rounded at random has a variance of at most ¼ step² per record.</remarks>
    public static SumError OfRecords(double noiseDeviation, double scale, long records) =>
        new(noiseDeviation, Math.Sqrt((noiseDeviation * noiseDeviation) + (records / (4 * scale * scale))), 0);

    /// <summary>With noise: a sum of clients' vectors.</summary>
    /// <param name="noiseDeviation">Standard deviation of the noise.</param>
    /// <param name="scale">s: steps of the grid per unit.</param>
    /// <param name="clients">Clients in the sum.</param>
    /// <param name="maxRows">Rows per unit.</param>
    public static SumError OfClients(double noiseDeviation, double scale, int clients, int maxRows)
    {
        double deviation = maxRows * Math.Sqrt((noiseDeviation * noiseDeviation) + (clients / (4 * scale * scale)));
        return new SumError(deviation, deviation, 0);
    }

    /// <summary>Without noise: each client's coordinate is rounded by less than a step.</summary>
    /// <param name="scale">s: steps of the grid per unit.</param>
    /// <param name="clients">Most clients in a sum, so that the error is the same in every round.</param>
    /// <param name="maxRows">Rows per unit.</param>
    public static SumError Exact(double scale, int clients, int maxRows) => new(0, 0, clients * (double)maxRows / scale);

    /// <summary>Whether counts are exact once rounded to whole numbers.</summary>
    internal bool GivesExactCounts => CountDeviation == 0 && Slack < 0.5;
}
