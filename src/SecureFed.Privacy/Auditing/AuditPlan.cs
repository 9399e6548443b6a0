using SecureFed.Privacy.Accounting;

namespace SecureFed.Privacy.Auditing;

/// <summary>A claim, the rounds that it is about, and how hard to look.</summary>
/// <param name="Unit">Client or record, add-or-remove-one.</param>
/// <param name="Epsilon">ε claimed for all T rounds together, in (0, 10⁶]. Audits of this size can refute claims up to about 5.</param>
/// <param name="Delta">δ claimed, in (0, 1). The larger it is, the closer the claim lies to what can be measured.</param>
/// <param name="SamplingRate">q in (0, 1]; 1 at client level.</param>
/// <param name="Steps">T: rounds that release a sum, 1 to 10,000.</param>
/// <param name="Clients">n: largest cohort.</param>
/// <param name="Honest">h: noise shares that are surely in the sum, 2 to n. No others are in the audited sums.</param>
/// <param name="Dimension">d: coordinates of the sums that are compared, 1 to 2²⁰.</param>
/// <param name="Trials">Runs with the canary, and as many without: 100 to 10⁶ each.</param>
/// <param name="Confidence">Of each of the two lower bounds, in [0.5, 1).</param>
public sealed record AuditPlan(
    AuditedUnit Unit,
    double Epsilon,
    double Delta,
    double SamplingRate,
    int Steps,
    int Clients,
    int Honest,
    int Dimension,
    int Trials,
    double Confidence)
{
    /// <exception cref="AccountingException">A number is out of its range; the message names the range.</exception>
    internal void Require()
    {
        AccountingRange.Epsilon(Epsilon);
        AccountingRange.Delta(Delta);
        AccountingRange.Closed("number of steps", Steps, 1, 10_000);
        AccountingRange.Closed("number of clients", Clients, 2, 1_000_000);
        AccountingRange.Closed("number of honest survivors", Honest, 2, Clients);
        AccountingRange.Closed("dimension", Dimension, 1, 1 << 20);
        AccountingRange.Closed("number of trials", Trials, 100, 1_000_000);
        AccountingRange.Closed("confidence", Confidence, 0.5, 1 - 1e-9);
        // At client level the cohort is known to whoever reads the log: sampling hides nobody.
        AccountingRange.Closed("sampling rate", SamplingRate, Unit == AuditedUnit.Client ? 1 : 1e-9, 1);
    }
}
