using SecureFed.Learning.Optimizers;

namespace SecureFed.Learning.Scenarios;

/// <summary>How a scenario trains when single records are protected.</summary>
public sealed record RecordLevelSettings(double SamplingRate, int Rounds, IServerRule Rule, double ClipNorm, double StandardisationShare);
