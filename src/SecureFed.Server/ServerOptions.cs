using SecureFed.Cryptography.Keys;
using SecureFed.Cryptography.Randomness;
using SecureFed.Protocol.Identity;
using SecureFed.Protocol.Wire;
using SecureFed.Server.Witnessing;

namespace SecureFed.Server;

/// <summary>What a server is started with.</summary>
public sealed class ServerOptions
{
    /// <summary>Identity key: signs log entries. Clients pin its public half.</summary>
    public required ISigner Signer { get; init; }

    /// <summary>A roster signed by an authority that is not this server. Later ones are published while the server runs; it goes on with the newest that its store knows.</summary>
    public required Roster Roster { get; init; }

    /// <summary>65 bytes: the authority that signed the rosters under which earlier tasks were created. Empty: the one that signed <see cref="Roster"/>.</summary>
    public ReadOnlyMemory<byte> RosterAuthority { get; init; }

    /// <summary>Round identifiers and pseudonym salts. Default: the operating system.</summary>
    public IRandomSource Random { get; init; } = OperatingSystemRandomSource.Instance;

    /// <summary>Largest sum of the ε of all tasks of one unit on one data set. Default 20.</summary>
    public double DataSetEpsilon { get; init; } = 20;

    /// <summary>The same for δ. Default 2·10⁻⁵.</summary>
    public double DataSetDelta { get; init; } = 2e-5;

    /// <summary>Whether only tasks are taken that a second person has to start. Default false: a task's own definition says so.</summary>
    public bool RequireApproval { get; init; }

    /// <summary>Where the logs are kept: a directory, or <c>postgres://user:password@host/database</c>, which several replicas can share; null keeps them in memory, and they end with the process.</summary>
    public string? Store { get; init; }

    /// <summary>Directory of the rollback guards if it is not inside <see cref="Store"/>: on another disk they outlive a restored backup of the first.</summary>
    /// <remarks>A store that was used without it hands its guards over at the first start with it. From then on a start without them is refused (<see cref="RenewsGuard"/>).</remarks>
    public string? GuardDirectory { get; init; }

    /// <summary>For one start after the guard directory was lost: the checkpoint in the store is taken for the last one that was signed, and a new guard begins there. Default false.</summary>
    /// <remarks>Without a guard nothing in the store tells an old copy from the newest one: first make sure that no client, auditor or witness has seen a larger tree.</remarks>
    public bool RenewsGuard { get; init; }

    /// <summary>Tests put theirs between the store and the operating system.</summary>
    internal Shared.IFileCalls? FileCalls { get; init; }

    /// <summary>Of how many finished rounds of a task the uploaded vectors are kept for auditors; older ones are deleted, which the log records. Null keeps all.</summary>
    public int? RetainedRounds { get; init; }

    /// <summary>Second parties that cosign the checkpoints of all logs; each must know the verifier key of each log. Default none.</summary>
    public IReadOnlyList<WitnessEndpoint> Witnesses { get; init; } = [];

    /// <summary>A checkpoint with fewer cosignatures is not published, and nothing that waits for it happens. Default 0.</summary>
    public int WitnessQuorum { get; init; }

    /// <summary>Longest wait for the witnesses of one checkpoint. Default 2 s.</summary>
    public TimeSpan WitnessTimeout { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Names under which clients reach this server (host, with the port unless it is 443), lower case: a request signed for another server is refused.</summary>
    /// <remarks>Empty: only the local address of the connection and localhost.</remarks>
    public IReadOnlyList<string> Authorities { get; init; } = [];

    /// <summary>How far a request's <c>created</c> may be from the server's clock; nonces are remembered for twice as long. Default 5 minutes.</summary>
    public TimeSpan RequestLifetime { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Longest long poll. Default 30 s.</summary>
    public TimeSpan LongestWait { get; init; } = TimeSpan.FromSeconds(30);
}
