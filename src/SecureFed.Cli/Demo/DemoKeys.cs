using SecureFed.Cli.Commands;
using SecureFed.Cli.Output;
using SecureFed.Client.Configuration;
using SecureFed.Client.Holding;
using SecureFed.Cryptography.Keys;
using SecureFed.Cryptography.Randomness;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Identity;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Wire;

namespace SecureFed.Cli.Demo;

/// <summary>Identities and private keys of a demo's parties, made for one run: in memory, or in files from which the run can be resumed.</summary>
/// <remarks>
/// The files are those of <c>securefed keys consortium</c>: PKCS#8 PEM and state keys with mode 0600, not encrypted, and the signed roster. The authority's key is not among them:
/// it signs one roster and is forgotten. Nor is one for TLS: clients learn the pin of a certificate that every process makes anew.
/// </remarks>
internal sealed class DemoKeys : IDisposable
{
    /// <summary>Of an encrypted task with one-time keys: four of them give the sum of keys, two may be corrupt.</summary>
    private const int KeyHolders = 5;

    private const string RosterFileName = "roster.signed";
    private const string AuthorityFileName = "authority.public";

    private DemoKeys(Roster roster, ReadOnlyMemory<byte> authorityKey, Func<string, SigningKey> keyOf, Func<string, byte[]> stateKeyOf)
    {
        Roster = roster;
        AuthorityKey = authorityKey;
        Server = keyOf("server");
        Operator = Member(keyOf("operator"));
        Auditor = Member(keyOf("auditor"));
        Clients = [.. Names(RosterRole.Client, ClientName).Select(name => Member(keyOf(name)))];
        string[] holders = [.. Names(RosterRole.KeyHolder, HolderName)];
        Holders = [.. holders.Select(name => Member(keyOf(name)))];
        HolderStateKeys = [.. holders.Select(stateKeyOf)];

        // The roster sorts its members, so a key finds its identifier by itself.
        (Identifier, SigningKey) Member(SigningKey key) => roster.Entries.FirstOrDefault(entry => entry.PublicKey.Span.SequenceEqual(key.PublicKey.Span)) is { } entry
            ? (entry.Id, key)
            : throw new SecureFedException(ErrorCodes.InvalidConfiguration, "A key of the interrupted run is not in its roster. Restore the folder as the run left it, or start anew.");

        IEnumerable<string> Names(RosterRole role, Func<int, string> nameOf) => Enumerable.Range(1, roster.Entries.Count(entry => entry.Role == role)).Select(nameOf);
    }

    public Roster Roster { get; }

    public ReadOnlyMemory<byte> AuthorityKey { get; }

    public SigningKey Server { get; }

    public (Identifier Id, SigningKey Key) Operator { get; }

    public (Identifier Id, SigningKey Key) Auditor { get; }

    public IReadOnlyList<(Identifier Id, SigningKey Key)> Clients { get; }

    /// <summary>Key holders of an encrypted task; none if it is masked.</summary>
    public IReadOnlyList<(Identifier Id, SigningKey Key)> Holders { get; }

    /// <summary>Under which each key holder's state lies on disk.</summary>
    public IReadOnlyList<byte[]> HolderStateKeys { get; }

    /// <summary>Fresh keys that nobody else ever has.</summary>
    /// <param name="clients">Number of clients.</param>
    /// <param name="protection">Decides how many key holders there are.</param>
    /// <param name="directory">Where to write them; null keeps them in memory.</param>
    public static DemoKeys Create(int clients, ProtectionKind protection, string? directory = null)
    {
        IRandomSource random = OperatingSystemRandomSource.Instance;
        using SigningKey authority = SigningKey.Generate(random);
        Dictionary<string, SigningKey> keys = [];
        List<RosterEntry> entries = [];
        Enrol("server", RosterRole.Server, "demo server");
        Enrol("operator", RosterRole.Operator, "demo server");
        Enrol("auditor", RosterRole.Auditor, "demo auditor");
        for (int client = 1; client <= clients; client++)
            Enrol(ClientName(client), RosterRole.Client, $"participant {client}");
        int holders = protection switch { ProtectionKind.Encryption => KeyHolders, ProtectionKind.EncryptionSingleKey => 1, _ => 0 };
        for (int holder = 1; holder <= holders; holder++)
            Enrol(HolderName(holder), RosterRole.KeyHolder, $"key holder {holder}");
        Roster roster = Roster.Create(1, entries, authority);
        if (directory is not null)
        {
            File.WriteAllBytes(Path.Combine(directory, RosterFileName), roster.Bytes.ToArray());
            File.WriteAllText(Path.Combine(directory, AuthorityFileName), Convert.ToBase64String(authority.PublicKey.Span));
        }

        return new DemoKeys(roster, authority.PublicKey, name => keys[name], NewStateKey);

        void Enrol(string name, RosterRole role, string organisation)
        {
            keys.Add(name, NewKey(name));
            entries.Add(new RosterEntry(Identifier.Random(random), role, organisation, keys[name].PublicKey));
        }

        SigningKey NewKey(string name)
        {
            if (directory is null)
                return SigningKey.Generate(random);
            IdentityFile.Create(KeyFile(directory, name), passphrase: null, random);
            return IdentityFile.Load(KeyFile(directory, name));
        }

        byte[] NewStateKey(string name)
        {
            if (directory is not null)
            {
                StateKeyFile.Create(KeyHolderCommand.DefaultOf(KeyFile(directory, name)), random);
                return StateKeyFile.Load(KeyHolderCommand.DefaultOf(KeyFile(directory, name)));
            }

            byte[] stateKey = new byte[StateKeyFile.Bytes];
            random.Fill(stateKey);
            return stateKey;
        }
    }

    /// <summary>The keys that an interrupted run wrote.</summary>
    /// <exception cref="SecureFedException">A file is missing or damaged.</exception>
    /// <exception cref="CommandException">The roster is.</exception>
    public static DemoKeys Load(string directory)
    {
        Roster? roster = null;
        byte[] authorityKey = [];
        try
        {
            authorityKey = Convert.FromBase64String(File.ReadAllText(Path.Combine(directory, AuthorityFileName)));
            Roster.TryDecode(File.ReadAllBytes(Path.Combine(directory, RosterFileName)), authorityKey, out roster);
        }
        catch (FormatException)
        {
            // Said below.
        }

        return roster is null
            ? throw CommandException.Refuse("invalid-roster", $"The roster in '{directory}' is damaged.", "Restore the folder as the run left it, or start anew with another --out.")
            : new DemoKeys(roster, authorityKey, name => IdentityFile.Load(KeyFile(directory, name)), name => StateKeyFile.Load(KeyHolderCommand.DefaultOf(KeyFile(directory, name))));
    }

    public void Dispose()
    {
        Server.Dispose();
        Operator.Key.Dispose();
        Auditor.Key.Dispose();
        foreach ((_, SigningKey key) in Clients.Concat(Holders))
            key.Dispose();
        foreach (byte[] stateKey in HolderStateKeys)
            System.Security.Cryptography.CryptographicOperations.ZeroMemory(stateKey);
    }

    private static string ClientName(int number) => FormattableString.Invariant($"client-{number}");

    private static string HolderName(int number) => FormattableString.Invariant($"holder-{number}");

    private static string KeyFile(string directory, string name) => Path.Combine(directory, name + ".pem");
}
