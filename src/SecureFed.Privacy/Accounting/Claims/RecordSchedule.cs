namespace SecureFed.Privacy.Accounting.Claims;

/// <summary>A record-level schedule, fixed before its first round.</summary>
/// <param name="NoiseMultiplier">z: σ of the honest survivors' summed noise over the L2 sensitivity of one record, both in integer units.</param>
/// <param name="SamplingRate">q: every record joins a round by its own secret coin.</param>
/// <param name="Steps">T: rounds that release a sum.</param>
/// <param name="HonestClients">h: noise shares that are surely in the sum.</param>
/// <param name="Dimension">d: coordinates of the sum.</param>
/// <param name="LocalSigma">σ of one share in integer units.</param>
public sealed record RecordSchedule(double NoiseMultiplier, double SamplingRate, long Steps, int HonestClients, int Dimension, double LocalSigma);
