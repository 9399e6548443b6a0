namespace SecureFed.Learning.Trees;

/// <summary>Where the splits of a boosted tree come from.</summary>
public enum TreeRule
{
    /// <summary>The best split of each node by the summed histograms of its level (Chen and Guestrin 2016, Algorithm 2): one round per level of a tree.</summary>
    Histogram,

    /// <summary>Drawn from a public seed before any row is looked at; only leaf values come from sums. Several trees per round (Maddock et al., CCS 2022, section 4).</summary>
    Random,
}
