using SecureFed.Cryptography.Sampling;
using SecureFed.Privacy.Updates;

namespace SecureFed.Privacy.Auditing;

/// <summary>A client's way from its data to what may be protected, as the audited build goes it.</summary>
public interface IAuditedClient
{
    /// <summary>Takes part in one round.</summary>
    /// <param name="layout">The round's layout.</param>
    /// <param name="units">At client level the client's vector, or none if all of it is zero; at record level its records, of which the client draws its own sample. Length d each.</param>
    /// <param name="shareVariance">σ² of the share to add; zero for none.</param>
    NoisedUpdate Contribute(UpdateLayout layout, IReadOnlyList<double[]> units, Rational shareVariance);
}
