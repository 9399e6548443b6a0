namespace SecureFed.Cli.Demo;

/// <summary>What a resumed demo could not see of itself.</summary>
/// <param name="Times">How often it was resumed.</param>
/// <param name="ReleasedSums">Sums of the whole run.</param>
/// <param name="ComparedSums">Those of them that were compared with the clients' own integers, which only the process of their round had.</param>
/// <param name="LostLeaves">With the tree mechanism: training rounds of the pass whose sums the clients had in memory only. Later nodes lack them.</param>
internal sealed record DemoResumption(int Times, int ReleasedSums, int ComparedSums, int LostLeaves);
