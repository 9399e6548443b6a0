using SecureFed.Protocol.Transparency.Log;

namespace SecureFed.Server.Witnessing;

/// <summary>A witness that a log asks for cosignatures.</summary>
/// <param name="Address">Its submission prefix, http or https; <c>/add-checkpoint</c> is appended.</param>
/// <param name="Key">Its verifier key (type 0x04), from its owner and not from its address.</param>
public sealed record WitnessEndpoint(Uri Address, NoteVerifier Key)
{
    internal Uri AddCheckpoint => new(Address.AbsoluteUri.TrimEnd('/') + "/add-checkpoint");
}
