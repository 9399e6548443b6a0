using SecureFed.Learning.Data;

namespace SecureFed.Learning.Scenarios;

/// <summary>A recipe for rows of one scenario.</summary>
internal interface ISyntheticData
{
    /// <summary>Features with bounds, and the label.</summary>
    DataSchema Schema { get; }

    /// <summary>What sets one client apart, drawn once: its number of rows and a function that draws one row.</summary>
    /// <param name="client">Counted from 0.</param>
    /// <param name="random">The client's own sequence.</param>
    SyntheticClient Describe(int client, DeterministicSequence random);
}
