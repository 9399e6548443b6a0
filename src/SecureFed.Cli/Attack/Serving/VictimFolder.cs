using System.Text.Json;
using SecureFed.Cli.Commands;
using SecureFed.Cli.Output;
using SecureFed.Client.Configuration;
using SecureFed.Cryptography.Keys;
using SecureFed.Cryptography.Randomness;
using SecureFed.Protocol.Policy;

namespace SecureFed.Cli.Attack.Serving;

/// <summary>The directory with everything that an application needs to join as the victim.</summary>
internal sealed class VictimFolder
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private readonly string directory;

    private VictimFolder(string path) => directory = path;

    public string KeyFile => FileOf("victim.pem");

    public string PolicyPath => FileOf("policy.json");

    public string DataFile => FileOf("data.csv");

    public string StateDirectory => FileOf("state");

    /// <exception cref="CommandException">Something is there already.</exception>
    public static VictimFolder Create(string path)
    {
        VictimFolder folder = new(Path.GetFullPath(path));
        if (File.Exists(folder.directory) || (Directory.Exists(folder.directory) && Directory.EnumerateFileSystemEntries(folder.directory).Any()))
            throw CommandException.Refuse("not-empty", $"'{path}' is not an empty directory; keys are never overwritten.", "Choose a new directory.");
        if (OperatingSystem.IsWindows())
            Directory.CreateDirectory(folder.directory);
        else
            Directory.CreateDirectory(folder.directory, OwnerOnly);
        return folder;
    }

    /// <summary>A fresh key, readable by its owner alone.</summary>
    public SigningKey CreateKey()
    {
        IdentityFile.Create(KeyFile, CommandOptions.Passphrase, OperatingSystemRandomSource.Instance);
        return IdentityFile.Load(KeyFile, CommandOptions.Passphrase);
    }

    /// <summary>Writes the rest; README.txt comes last, so that who waits for it finds everything.</summary>
    public void Write(ClientPolicy policy, string readMe)
    {
        File.WriteAllText(PolicyPath, JsonSerializer.Serialize(ToFile(policy), KeysCommand.Indented) + "\n");
        File.WriteAllText(DataFile, ServedRows.ToCsv());
        File.WriteAllText(FileOf("README.tmp"), readMe);
        File.Move(FileOf("README.tmp"), FileOf("README.txt"));
    }

    private static PolicyFile ToFile(ClientPolicy policy) => new()
    {
        RosterAuthorityKey = Convert.ToBase64String(policy.RosterAuthorityKey.Span),
        ServerKey = Convert.ToBase64String(policy.ServerKey.Span),
        SmallestCohort = policy.SmallestCohort,
        LeastSurvivors = policy.LeastSurvivors,
        GreatestClientsPerOrganisation = policy.GreatestClientsPerOrganisation,
        LeastGamma = policy.LeastGamma.ToDecimal(),
        GreatestDeltaDrop = policy.GreatestDeltaDrop.ToDecimal(),
        AllowsCuriousServer = policy.AllowsCuriousServer,
        LeastRosterSequence = policy.LeastRosterSequence,
        LeastDifference = policy.LeastDifference,
        RequiresNoise = policy.RequiresNoise,
        GreatestEpsilon = policy.Limits.GreatestEpsilon,
        GreatestDelta = policy.Limits.GreatestDelta,
        LeastNoiseMultiplier = policy.Limits.LeastNoiseMultiplier,
        ClientTotalEpsilon = policy.Limits.ClientTotalEpsilon,
        RecordTotalEpsilon = policy.Limits.RecordTotalEpsilon,
        TotalDelta = policy.Limits.TotalDelta,
        FailureAllowance = policy.Limits.FailureAllowance,
        Protections = policy.Protections,
        Models = policy.Models,
    };

    private string FileOf(string name) => Path.Combine(directory, name);
}
