namespace SecureFed.Protocol.Masking;

/// <summary>A share that does not fit: either its dealer sealed a wrong one or its holder answered with another. Nobody else can tell which.</summary>
/// <param name="Dealer">Cohort index of whose secret it belongs to.</param>
/// <param name="Responder">Cohort index of who answered.</param>
internal readonly record struct Dispute(int Dealer, int Responder);
