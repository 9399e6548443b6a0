using SecureFed.Protocol.Errors;

namespace SecureFed.Protocol.Transparency.Log;

/// <summary>The first thing found wrong with a log.</summary>
/// <param name="Place">The file: <c>checkpoint</c>, a tile or an entry bundle.</param>
/// <param name="EntryIndex">The entry, if it is one entry that is wrong.</param>
/// <param name="Rejection">Code and reason.</param>
public sealed record LogFault(string Place, ulong? EntryIndex, RoundRejection Rejection);
