using System.Collections.Concurrent;
using SecureFed.Client;
using SecureFed.Client.Log;
using SecureFed.Client.Rounds;
using SecureFed.Cryptography.Keys;
using SecureFed.Cryptography.Randomness;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Masking;
using SecureFed.Protocol.Policy;
using SecureFed.Protocol.Wire;

namespace SecureFed.Cli.Attack;

/// <summary>An application with the real client library, as it stands in a customer's process.</summary>
/// <param name="index">Place among the consortium's clients.</param>
internal sealed class Participant(int index)
{
    /// <summary>Contributes again after a transient failure, as the library advises.</summary>
    private const int GreatestAttempts = 3;

    public RememberingStore Store { get; } = new();

    /// <summary>Outlasts restarts, as a directory would.</summary>
    public MemoryLogMemory Log { get; } = new();

    public ConcurrentQueue<RoundOutcome> Outcomes { get; } = new();

    /// <summary>An accomplice may draw its keys as it likes.</summary>
    public IRandomSource Random { get; set; } = OperatingSystemRandomSource.Instance;

    /// <summary>Shared by all but the victim, which stands for a process of its own.</summary>
    public PeerKeyCache? PeerKeys { get; init; }

    public CohortMemory? Cohorts { get; init; }

    public Func<ClientPolicy, ClientPolicy> Policy { get; set; } = policy => policy;

    /// <summary>Whether the application is started anew for every round, with the state that it kept.</summary>
    public bool RestartsBetweenRounds { get; set; }

    /// <summary>The pin that the application was given; null: the server's.</summary>
    public string? CertificatePin { get; set; }

    /// <summary>Contributes to the given number of rounds.</summary>
    /// <exception cref="SecureFedException">The client refuses, or gives up.</exception>
    public async Task RunAsync(HostileServer server, Identifier taskId, int rounds, CancellationToken cancellationToken)
    {
        Party self = server.Consortium.Clients[index];
        SecureFedClientOptions options = new()
        {
            ServerAddress = server.Address,
            ServerCertificatePin = CertificatePin ?? server.CertificatePin,
            TaskId = taskId,
            ClientId = self.Id,
            Signer = self.Key,
            Policy = Policy(server.Consortium.Policy),
            StateStore = Store,
            LogMemory = Log,
            Random = Random,
            PeerKeys = PeerKeys,
            Cohorts = Cohorts,
            GreatestAttempts = 1,
        };
        using HttpClient? own = CertificatePin is null ? null : server.ConnectAs(self, CertificatePin);
        SecureFedClient client = new(own ?? server.ConnectionOf(index), options, TimeProvider.System);
        for (int call = 0; call < rounds; call++)
        {
            if (RestartsBetweenRounds)
                client = new SecureFedClient(own ?? server.ConnectionOf(index), options, TimeProvider.System);
            if (await ContributeAsync(client, TaskPlan.UpdateOf(index, call), cancellationToken) is { } outcome)
                Outcomes.Enqueue(outcome);
        }
    }

    /// <summary>Null if the round went on without this client.</summary>
    private static async Task<RoundOutcome?> ContributeAsync(SecureFedClient client, double[] update, CancellationToken cancellationToken)
    {
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                return await client.ContributeAsync(update, 1, cancellationToken);
            }
            catch (SecureFedException exception) when (string.Equals(exception.Code, ErrorCodes.TooLate, StringComparison.Ordinal))
            {
                return null;
            }
            catch (SecureFedException exception) when (exception.IsTransient && attempt < GreatestAttempts)
            {
                // The application contributes again; the library resumes the round it is in.
            }
        }
    }
}
