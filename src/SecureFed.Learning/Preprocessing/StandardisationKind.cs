namespace SecureFed.Learning.Preprocessing;

/// <summary>Where a record-level task takes means and scales from.</summary>
public enum StandardisationKind
{
    /// <summary><see cref="Standardizer.FromBounds"/>: no round and no budget, but skewed or far-bounded columns come out off centre and small.</summary>
    PublicBounds,

    /// <summary><see cref="Standardizer.FromNoisySum"/>: one round over all rows, with its part of the budget.</summary>
    Noised,
}
