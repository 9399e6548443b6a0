using System.Text.Json;
using SecureFed.Cryptography.Keys;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Policy;
using SecureFed.Protocol.Resources;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Tasks;
using SecureFed.Protocol.Transparency.Log;
using SecureFed.Protocol.Wire;

namespace SecureFed.Client.Configuration;

/// <summary>The client policy as a JSON file that its owner reviews.</summary>
public sealed record PolicyFile
{
    /// <summary>Roster authority's P-256 public key, 65 bytes in base64.</summary>
    public required string RosterAuthorityKey { get; init; }

    /// <summary>Server's identity key, 65 bytes in base64.</summary>
    public required string ServerKey { get; init; }

    public int SmallestCohort { get; init; } = 3;

    public int LeastSurvivors { get; init; } = 3;

    public int GreatestClientsPerOrganisation { get; init; } = 1;

    public decimal LeastGamma { get; init; }

    public decimal GreatestDeltaDrop { get; init; } = 0.3m;

    public bool AllowsCuriousServer { get; init; }

    /// <summary>Oldest roster that is accepted; raise it when an identity was removed.</summary>
    public ulong LeastRosterSequence { get; init; }

    /// <summary>Without noise, survivors of two rounds must be the same or differ by at least this many clients; 0 demands no guard. Default 2, as for a task.</summary>
    public int LeastDifference { get; init; } = 2;

    /// <summary>False accepts tasks without differential-privacy noise, whose sums are exact. Default true.</summary>
    public bool RequiresNoise { get; init; } = true;

    /// <summary>Largest ε of one task. Default 10.</summary>
    public decimal GreatestEpsilon { get; init; } = PrivacyLimits.Default.GreatestEpsilon;

    /// <summary>Largest δ of one task. Default 10⁻⁵.</summary>
    public decimal GreatestDelta { get; init; } = PrivacyLimits.Default.GreatestDelta;

    /// <summary>Smallest noise multiplier of any release. Default 0: the budget decides.</summary>
    public decimal LeastNoiseMultiplier { get; init; } = PrivacyLimits.Default.LeastNoiseMultiplier;

    /// <summary>Largest sum of the ε of all tasks with unit client on one data set. Default 20.</summary>
    public decimal ClientTotalEpsilon { get; init; } = PrivacyLimits.Default.ClientTotalEpsilon;

    /// <summary>Largest sum of the ε of all tasks with unit record on one data set. Default 20.</summary>
    public decimal RecordTotalEpsilon { get; init; } = PrivacyLimits.Default.RecordTotalEpsilon;

    /// <summary>Largest sum of the δ of all tasks of one unit on one data set. Default 2·10⁻⁵.</summary>
    public decimal TotalDelta { get; init; } = PrivacyLimits.Default.TotalDelta;

    /// <summary>By which fraction a task may exceed its ε in the client's own ledger, which charges failed rounds too. Default 0.25.</summary>
    public decimal FailureAllowance { get; init; } = PrivacyLimits.Default.FailureAllowance;

    /// <summary>Verifier keys of witnesses, <c>name+id+base64</c>. Default none.</summary>
    public IReadOnlyList<string> Witnesses { get; init; } = [];

    /// <summary>So many of the witnesses must have cosigned a checkpoint of the log before this client acts on it. Default 0.</summary>
    public int WitnessQuorum { get; init; }

    /// <summary>Roster identities of the key holders that are believed not to collude, 22 characters each. Default none: every encrypted task is refused.</summary>
    public IReadOnlyList<string> KeyHolders { get; init; } = [];

    /// <summary>So many key holders at least must be needed for a sum, since as many can read every update together. Not asked of a single key. Default 2.</summary>
    public int LeastHolderThreshold { get; init; } = ClientPolicy.UsualLeastHolderThreshold;

    /// <summary>So many corrupt key holders at least must be provided for. Default 0: against a malicious server a task provides for one in any case.</summary>
    public int LeastCorruptHolders { get; init; }

    public IReadOnlyList<ProtectionKind> Protections { get; init; } = [ProtectionKind.Masking];

    public IReadOnlyList<TaskModelKind> Models { get; init; } = [TaskModelKind.Vector, TaskModelKind.Linear, TaskModelKind.Logistic, TaskModelKind.Softmax, TaskModelKind.Network, TaskModelKind.Trees];

    /// <summary>Which statistics may be asked if <see cref="Models"/> has statistics: kinds and columns with their bounds. Default: any of the columns that the data have.</summary>
    public StatisticsPolicy? Statistics { get; init; }

    private static readonly JsonSerializerOptions Json = new(ResourceJson.Options) { RespectNullableAnnotations = true };

    /// <summary>Reads a policy; unknown members are refused, so that a misspelt bound is not silently a default.</summary>
    /// <exception cref="SecureFedException">The file is missing or not a policy.</exception>
    public static ClientPolicy Load(string path)
    {
        try
        {
            PolicyFile file = JsonSerializer.Deserialize<PolicyFile>(File.ReadAllBytes(path), Json) ?? throw new JsonException("The file is empty.");
            return file.ToPolicy();
        }
        catch (Exception exception) when (exception is IOException or JsonException or FormatException or ArgumentException or OverflowException or UnauthorizedAccessException)
        {
            throw new SecureFedException(ErrorCodes.InvalidConfiguration, $"'{path}' is no client policy: {exception.Message} Compare it with keys-sample/policy.json.", false, exception);
        }
    }

    public ClientPolicy ToPolicy() => new(
        ReadKey(RosterAuthorityKey),
        ReadKey(ServerKey),
        SmallestCohort,
        LeastSurvivors,
        GreatestClientsPerOrganisation,
        ExactDecimal.From(LeastGamma),
        ExactDecimal.From(GreatestDeltaDrop),
        AllowsCuriousServer,
        RequiresNoise,
        Protections,
        Models,
        LeastRosterSequence,
        LeastDifference,
        ReadLimits(),
        [.. Witnesses.Select(ReadWitness)],
        WitnessQuorum >= 0 && WitnessQuorum <= Witnesses.Count ? WitnessQuorum : throw new FormatException("witnessQuorum is 0 to the number of witnesses."),
        ReadHolders(),
        LeastHolderThreshold >= 1 ? LeastHolderThreshold : throw new FormatException("leastHolderThreshold is at least 1."),
        LeastCorruptHolders >= 0 ? LeastCorruptHolders : throw new FormatException("leastCorruptHolders is at least 0."),
        Statistics);

    private Identifier[] ReadHolders()
    {
        Identifier[] holders = [.. KeyHolders.Select(Identifier.Parse)];
        return holders.Distinct().Count() == holders.Length ? holders : throw new FormatException("keyHolders names an identity twice.");
    }

    private static NoteVerifier ReadWitness(string text) => NoteVerifier.TryParse(text, out NoteVerifier? witness) && witness!.Type == NoteKeyType.Cosignature
        ? witness
        : throw new FormatException($"'{text}' is no verifier key of a witness (name+id+base64, type 4).");

    private PrivacyLimits ReadLimits() => FailureAllowance is >= 0 and <= 1
        ? new PrivacyLimits(GreatestEpsilon, GreatestDelta, LeastNoiseMultiplier, ClientTotalEpsilon, RecordTotalEpsilon, TotalDelta, FailureAllowance)
        : throw new FormatException("failureAllowance lies in [0, 1]: 0.25 is a quarter.");

    private static byte[] ReadKey(string text)
    {
        byte[] key = Convert.FromBase64String(text);
        return P256.IsValidPublicKey(key) ? key : throw new FormatException("A key is no P-256 point of 65 bytes.");
    }
}
