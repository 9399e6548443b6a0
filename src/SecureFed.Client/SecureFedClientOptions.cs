using SecureFed.Client.Ledger;
using SecureFed.Client.Log;
using SecureFed.Client.State;
using SecureFed.Cryptography.Bfv;
using SecureFed.Cryptography.Keys;
using SecureFed.Cryptography.Randomness;
using SecureFed.Protocol.Masking;
using SecureFed.Protocol.Policy;
using SecureFed.Protocol.Wire;

namespace SecureFed.Client;

/// <summary>What an application tells its client.</summary>
public sealed class SecureFedClientOptions
{
    /// <summary>Base address of the server, https. Required.</summary>
    public Uri? ServerAddress { get; set; }

    /// <summary>SHA-256 of the server certificate's subject public key info, 64 hexadecimal digits. Null: the platform's chain validation decides.</summary>
    public string? ServerCertificatePin { get; set; }

    /// <summary>The task to take part in. Required.</summary>
    public Identifier TaskId { get; set; }

    /// <summary>Own identity in the roster. Required.</summary>
    public Identifier ClientId { get; set; }

    /// <summary>Own identity key: signs messages and requests. Required.</summary>
    public ISigner? Signer { get; set; }

    /// <summary>What the client demands of every round. Required; see <see cref="Configuration.PolicyFile"/>.</summary>
    public ClientPolicy? Policy { get; set; }

    /// <summary>Where a round's state is kept before its messages are sent. Default: memory, so that a restart abstains from the round in progress.</summary>
    public IRoundStateStore StateStore { get; set; } = new MemoryRoundStateStore();

    /// <summary>The client's own account of its privacy loss. Default null: beside the state files if <see cref="StateStore"/> is a <see cref="FileRoundStateStore"/>, else memory.</summary>
    public IPrivacyLedger? Ledger { get; set; }

    /// <summary>The largest checkpoints, receipts and evidence. Default null: beside the state files if <see cref="StateStore"/> is a <see cref="FileRoundStateStore"/>, else memory.</summary>
    public ILogMemory? LogMemory { get; set; }

    /// <summary>Keys, seeds, samples, rounding and noise: the operating system. Nothing else can be set from outside; tests and the attack harness may.</summary>
    internal IRandomSource Random { get; set; } = OperatingSystemRandomSource.Instance;

    /// <summary>Share one <see cref="PeerKeyCache"/> between the clients of one process, so that each peer's round key is imported once. Default null: no sharing.</summary>
    public IKeyAgreement? PeerKeys { get; set; }

    /// <summary>Share one object between the clients of one process, so that each published cohort is checked once. Default null: no sharing.</summary>
    public CohortMemory? Cohorts { get; set; }

    /// <summary>Arithmetic of tasks under a single key. Default: ours; a package over Microsoft SEAL sets another. It sees no byte of a peer that was not read in full before.</summary>
    public ISingleKeyEngine SingleKeys { get; set; } = ManagedSingleKeyEngine.Instance;

    /// <summary>Attempts of one request in all when the network or the server fails for a moment; 1 to 10, default 5.</summary>
    public int GreatestAttempts { get; set; } = 5;

    /// <summary>First pause between attempts; doubles each time, with jitter. Default 200 ms.</summary>
    public TimeSpan FirstRetryDelay { get; set; } = TimeSpan.FromMilliseconds(200);

    /// <summary>Sample keys are refused unless this is "Development". Default: DOTNET_ENVIRONMENT, then ASPNETCORE_ENVIRONMENT, then "Production".</summary>
    public string EnvironmentName { get; set; } =
        Environment.GetEnvironmentVariable("DOTNET_ENVIRONMENT") ?? Environment.GetEnvironmentVariable("ASPNETCORE_ENVIRONMENT") ?? "Production";

    internal IPrivacyLedger FindLedger() =>
        Ledger ?? (StateStore is FileRoundStateStore files ? new FilePrivacyLedger(files.Directory) : new MemoryPrivacyLedger());

    internal ILogMemory FindLogMemory() =>
        LogMemory ?? (StateStore is FileRoundStateStore files ? new FileLogMemory(files.Directory) : new MemoryLogMemory());

    /// <exception cref="Protocol.Errors.SecureFedException">Something required is missing or sample keys are used outside Development.</exception>
    internal void Validate()
    {
        if (ServerAddress is not { Scheme: "https" } || Signer is null || Policy is null || TaskId == default || ClientId == default)
        {
            throw new Protocol.Errors.SecureFedException(
                Protocol.Errors.ErrorCodes.InvalidConfiguration,
                "The client needs ServerAddress (https), TaskId, ClientId, Signer and Policy; set them in AddSecureFedClient.");
        }

        if (GreatestAttempts is < 1 or > 10)
            throw new Protocol.Errors.SecureFedException(Protocol.Errors.ErrorCodes.InvalidConfiguration, "GreatestAttempts is 1 to 10.");
        Http.PinnedHandler.RequireWellFormed(ServerCertificatePin);
        Protocol.Identity.SampleKeys.RefuseOutsideDevelopment(Policy.RosterAuthorityKey.Span, EnvironmentName);
        Protocol.Identity.SampleKeys.RefuseOutsideDevelopment(Policy.ServerKey.Span, EnvironmentName);
        Protocol.Identity.SampleKeys.RefuseOutsideDevelopment(Signer.PublicKey.Span, EnvironmentName);
    }
}
