namespace SecureFed.Protocol.Errors;

/// <summary>Why a peer's message was refused: a value, because a bad message must not disturb the round.</summary>
/// <param name="Code">One of <see cref="ErrorCodes"/>.</param>
/// <param name="Detail">What is wrong and what to do next; never a share, seed, key or update.</param>
public sealed record RoundRejection(string Code, string Detail);
