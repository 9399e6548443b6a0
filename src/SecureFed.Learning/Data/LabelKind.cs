namespace SecureFed.Learning.Data;

/// <summary>What the label of a row means.</summary>
public enum LabelKind
{
    /// <summary>1 for the positive class, 0 for every other.</summary>
    Binary,

    /// <summary>A number to be predicted.</summary>
    Numeric,

    /// <summary>One of several classes: its place in the public list, counted from 0.</summary>
    Class,
}
