using SecureFed.Privacy.Accounting;
using SecureFed.Privacy.Budget;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Tasks;

/// <summary>A clip norm that follows a quantile of the norms: the settings of <see cref="AdaptiveClip"/>.</summary>
/// <param name="Lowest">Least clip norm.</param>
/// <param name="Greatest">Largest clip norm. Raising it lets a single client move the sum further.</param>
/// <param name="Quantile">γ: wanted fraction of units that are not clipped, 0.01 to 0.99.</param>
/// <param name="Rate">η in (0, 1].</param>
public sealed record AdaptiveClipSpecification(double Lowest, double Greatest, double Quantile, double Rate)
{
    /// <summary>The rule.</summary>
    /// <exception cref="AccountingException">Out of range.</exception>
    public AdaptiveClip ToRule() => new(Lowest, Greatest, Quantile, Rate);

    internal bool Holds(double clipNorm) => clipNorm >= Lowest && clipNorm <= Greatest;

    internal string? FindFault(double clipNorm)
    {
        try
        {
            ToRule();
        }
        catch (AccountingException exception)
        {
            return exception.Message;
        }

        return Holds(clipNorm) ? null : "The first clip norm lies between the least and the largest of adaptive clipping.";
    }

    internal void Write(CanonicalWriter writer) => writer.Double(Lowest).Double(Greatest).Double(Quantile).Double(Rate);

    internal static AdaptiveClipSpecification Read(ref CanonicalReader reader) => new(reader.Double(), reader.Double(), reader.Double(), reader.Double());
}
