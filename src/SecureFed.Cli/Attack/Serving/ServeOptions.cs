using SecureFed.Cli.Output;

namespace SecureFed.Cli.Attack.Serving;

/// <summary>What to serve, where to leave what the customer needs, and how long to wait.</summary>
/// <param name="Deviation">Null: no lie, the control.</param>
/// <param name="Directory">New, or existing and empty.</param>
/// <param name="Patience">How long the customer's client may take to come and to hear the lie.</param>
/// <param name="Quiet">So long must nothing come from it before it counts as silent.</param>
internal sealed record ServeOptions(Deviation? Deviation, string Directory, TimeSpan Patience, TimeSpan Quiet)
{
    /// <summary>Name of the control.</summary>
    public const string Honest = "honest";

    public string Name => Deviation?.Name ?? Honest;

    /// <exception cref="CommandException">There is no such deviation, or it cannot be served.</exception>
    public static Deviation? Find(string name)
    {
        if (string.Equals(name, Honest, StringComparison.Ordinal))
            return null;
        string names = $"These can be served: {string.Join(", ", DeviationCatalogue.All.Where(d => d.CanBeServed).Select(d => d.Name).Prepend(Honest))}.";
        Deviation deviation = DeviationCatalogue.Find(name) ?? throw CommandException.Misuse($"There is no deviation '{name}'.", names);
        string? obstacle = deviation.Obstacle ?? (deviation.IsHarmless ? "a client cannot notice it, so there is nothing to refuse" : null);
        return obstacle is null ? deviation : throw CommandException.Misuse($"'{name}' cannot be served: {obstacle}.", names);
    }
}
