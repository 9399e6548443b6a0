using System.Collections.Immutable;
using SecureFed.Cryptography.Rings;

namespace SecureFed.Cryptography.Seal;

/// <summary>Primes in use at one level of a parameter set, and the name that objects of this level carry.</summary>
/// <param name="Id">parms_id of the level.</param>
/// <param name="Primes">q_1 to q_k of the level.</param>
public sealed record SealLevel(SealParametersId Id, ImmutableArray<PrimeModulus> Primes);
