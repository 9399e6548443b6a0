using SecureFed.Learning.Trees;

namespace SecureFed.Learning.Scenarios;

/// <summary>How a scenario grows boosted trees.</summary>
/// <param name="Trees">Number of trees.</param>
/// <param name="Depth">Levels of splits.</param>
/// <param name="Bins">Bins per feature.</param>
/// <param name="Shrinkage">Factor on leaf values.</param>
/// <param name="Rule">Where splits come from.</param>
/// <param name="TreesPerRound">Trees that one round fits.</param>
/// <param name="Lambda">λ of the leaf values.</param>
/// <param name="BinningShare">Part of a record-level budget that the binning round takes.</param>
public sealed record TreeSettings(int Trees, int Depth, int Bins, double Shrinkage, TreeRule Rule, int TreesPerRound = 1, double Lambda = 1, double BinningShare = 0.05);
