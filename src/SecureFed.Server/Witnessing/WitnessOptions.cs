using SecureFed.Protocol.Transparency.Log;

namespace SecureFed.Server.Witnessing;

/// <summary>What a witness is started with.</summary>
public sealed class WitnessOptions
{
    /// <summary>Name and secret key; disposed by the caller after the host.</summary>
    public required WitnessKey Key { get; init; }

    /// <summary>The logs that are witnessed: verifier keys whose names are the logs' origins.</summary>
    public required IReadOnlyList<NoteVerifier> Logs { get; init; }

    /// <summary>Where the latest checkpoints are kept; created if it does not exist. A witness that loses it can be shown another history.</summary>
    public required string StateDirectory { get; init; }

    /// <summary>Tells the time that cosignatures state. Default: the system's.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;
}
