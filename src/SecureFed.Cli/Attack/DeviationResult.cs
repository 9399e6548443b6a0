namespace SecureFed.Cli.Attack;

/// <summary>How the victim answered one deviation.</summary>
/// <param name="Deviation">What was tried.</param>
/// <param name="Observed">Error code of the refusal, <see cref="Deviation.Harmless"/>, or what happened instead.</param>
/// <param name="MessagesAfter">Messages of the victim that arrived after the last lie.</param>
internal sealed record DeviationResult(Deviation Deviation, string Observed, int MessagesAfter)
{
    /// <summary>Refused with the right reason and in silence, or shown to be harmless.</summary>
    public bool IsRefused => string.Equals(Observed, Deviation.Expected, StringComparison.Ordinal) && (Deviation.IsHarmless || MessagesAfter == 0);
}
