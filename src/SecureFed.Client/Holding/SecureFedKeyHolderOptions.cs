using SecureFed.Client.Http;
using SecureFed.Client.Log;
using SecureFed.Cryptography.Bfv;
using SecureFed.Cryptography.Keys;
using SecureFed.Cryptography.Randomness;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Identity;
using SecureFed.Protocol.Policy;
using SecureFed.Protocol.Wire;

namespace SecureFed.Client.Holding;

/// <summary>What a program tells its key holder.</summary>
public sealed class SecureFedKeyHolderOptions
{
    private const int GreatestKeysAhead = 64; // The server takes no more.

    /// <summary>Base address of the server, https. Required.</summary>
    public Uri? ServerAddress { get; set; }

    /// <summary>SHA-256 of the server certificate's subject public key info, 64 hexadecimal digits. Null: the platform's chain validation decides.</summary>
    public string? ServerCertificatePin { get; set; }

    /// <summary>The task to hold keys for. Required.</summary>
    public Identifier TaskId { get; set; }

    /// <summary>Own identity in the roster, with role key holder. Required.</summary>
    public Identifier HolderId { get; set; }

    /// <summary>Own identity key: signs offers, answers and requests. Required.</summary>
    public ISigner? Signer { get; set; }

    /// <summary>What the holder demands of every round; the same bounds as a client's. Required.</summary>
    public ClientPolicy? Policy { get; set; }

    /// <summary>Where keys and answers are kept before messages are sent. Default: memory, so that a restart loses the keys on offer.</summary>
    public IHolderStateStore StateStore { get; set; } = new MemoryHolderStateStore();

    /// <summary>The largest checkpoints and evidence. Default null: beside the state files if <see cref="StateStore"/> is a <see cref="FileHolderStateStore"/>, else memory.</summary>
    public ILogMemory? LogMemory { get; set; }

    /// <summary>Keys on offer for rounds to come, 1 to 64, default 8. So many rounds can open while the holder is away; a stolen state opens as many.</summary>
    public int KeysAhead { get; set; } = 8;

    /// <summary>
    /// True lets a holder whose state is gone begin with an empty one, under new keys. It then takes no part in rounds that take a key of before, and has forgotten which lists it
    /// signed, so that this holder does not keep a server from comparing their sums with later ones. Default false: <c>state-lost</c>.
    /// </summary>
    public bool AcceptsLoss { get; set; }

    /// <summary>Arithmetic of tasks under a single key. Default: ours; a package over Microsoft SEAL sets another. It sees no byte of a peer that was not read in full before.</summary>
    public ISingleKeyEngine SingleKeys { get; set; } = ManagedSingleKeyEngine.Instance;

    /// <summary>Attempts of one request in all when the network or the server fails for a moment; 1 to 10, default 5.</summary>
    public int GreatestAttempts { get; set; } = 5;

    /// <summary>First pause between attempts; doubles each time, with jitter. Default 200 ms.</summary>
    public TimeSpan FirstRetryDelay { get; set; } = TimeSpan.FromMilliseconds(200);

    /// <summary>Sample keys are refused unless this is "Development". Default: DOTNET_ENVIRONMENT, then ASPNETCORE_ENVIRONMENT, then "Production".</summary>
    public string EnvironmentName { get; set; } =
        Environment.GetEnvironmentVariable("DOTNET_ENVIRONMENT") ?? Environment.GetEnvironmentVariable("ASPNETCORE_ENVIRONMENT") ?? "Production";

    /// <summary>Round keys: the operating system. Tests may set another.</summary>
    internal IRandomSource Random { get; set; } = OperatingSystemRandomSource.Instance;

    internal ILogMemory FindLogMemory() =>
        LogMemory ?? (StateStore is FileHolderStateStore files ? new FileLogMemory(files.Directory) : new MemoryLogMemory());

    /// <exception cref="SecureFedException">Something required is missing or sample keys are used outside Development.</exception>
    internal void Validate()
    {
        if (ServerAddress is not { Scheme: "https" } || Signer is null || Policy is null || TaskId == default || HolderId == default)
            throw new SecureFedException(ErrorCodes.InvalidConfiguration, "The key holder needs ServerAddress (https), TaskId, HolderId, Signer and Policy; set them in its options.");
        if (GreatestAttempts is < 1 or > 10)
            throw new SecureFedException(ErrorCodes.InvalidConfiguration, "GreatestAttempts is 1 to 10.");
        if (KeysAhead is < 1 or > GreatestKeysAhead)
            throw new SecureFedException(ErrorCodes.InvalidConfiguration, $"KeysAhead is 1 to {GreatestKeysAhead}.");
        PinnedHandler.RequireWellFormed(ServerCertificatePin);
        SampleKeys.RefuseOutsideDevelopment(Policy.RosterAuthorityKey.Span, EnvironmentName);
        SampleKeys.RefuseOutsideDevelopment(Policy.ServerKey.Span, EnvironmentName);
        SampleKeys.RefuseOutsideDevelopment(Signer.PublicKey.Span, EnvironmentName);
    }
}
