namespace SecureFed.Privacy.Auditing;

/// <summary>What an audit looks at: the integers that one round releases, given the units that took part.</summary>
/// <remarks>The seam of the audit. <see cref="AuditedCohort"/> runs clients here; tests put broken rounds here and expect them to be found.</remarks>
internal interface IAuditedMechanism
{
    /// <summary>Runs one round.</summary>
    /// <param name="units">One vector of length d per unit (client or record) that contributes something other than zero.</param>
    /// <returns>Length d: the released sum, centred.</returns>
    int[] Release(IReadOnlyList<double[]> units);
}
