using System.CommandLine;
using System.Globalization;
using System.Numerics;
using SecureFed.Cli.Output;
using SecureFed.Cryptography.Bfv;
using SecureFed.Cryptography.Seal;

namespace SecureFed.Cli.Commands;

/// <summary><c>securefed he</c>: homomorphic encryption with files of Microsoft SEAL.</summary>
internal static class HeCommand
{
    public static Command Create(Terminal terminal) => new("he", "Homomorphic encryption: files of Microsoft SEAL.")
    {
        HeKeyCommands.Generate(terminal),
        HeKeyCommands.Encrypt(terminal),
        Add(terminal),
        HeKeyCommands.Decrypt(terminal),
        HeExportCommand.Create(terminal),
        Inspect(terminal),
        HeParametersCommand.Create(terminal),
    };

    private static Command Inspect(Terminal terminal)
    {
        Argument<string> file = new("FILE") { Description = "Parameters, key, plaintext or ciphertext." };
        Option<string> parameters = Parameters();
        Command command = new("inspect", "Shows what a SEAL file holds and checks it.") { file, parameters, CommandOptions.Json() };
        command.SetAction(parsed =>
        {
            string path = parsed.GetValue(file)!;
            SealInspection found = SealInspection.Inspect(SealFile.Read(path), ReadParameters(parsed.GetValue(parameters)));
            SealParameters? set = found.Parameters;
            string version = string.Create(CultureInfo.InvariantCulture, $"{found.Header.Major}.{found.Header.Minor}");
            if (terminal.IsJson)
            {
                terminal.WriteJson(new
                {
                    kind = Name(found.Kind),
                    version,
                    compression = Name(found.Header.Compression),
                    bytes = found.Header.SizeBytes,
                    parametersId = found.ParametersId.IsZero ? null : found.ParametersId.ToString(),
                    level = Level(found),
                    isSeeded = found.IsSeeded,
                    words = found.WordCount,
                    isChecked = set is not null,
                    parameters = set is null ? null : new
                    {
                        scheme = "bfv",
                        degree = set.Degree,
                        primes = set.KeyLevel.Primes.Select(prime => prime.ToString()),
                        plainModulus = $"0x{set.PlainModulus:x}",
                    },
                });
                return SecureFedCommand.Done;
            }

            terminal.WriteLine($"{Name(found.Kind)}, SEAL {version}, compression {Name(found.Header.Compression)}, {found.Header.SizeBytes} bytes{(found.IsSeeded ? ", seeded" : "")}");
            if (!found.ParametersId.IsZero)
                terminal.WriteLine($"parms_id {found.ParametersId}{(Level(found) is { } level ? $" ({level} level)" : "")}");
            terminal.WriteLine(set is null
                ? "not checked: the parameters are not built in; give --parameters"
                : $"BFV, N = {set.Degree}, q = {string.Join(" · ", set.KeyLevel.Primes)}, t = 0x{set.PlainModulus:x}; valid");
            return SecureFedCommand.Done;
        });
        return command;
    }

    private static Command Add(Terminal terminal)
    {
        Argument<string[]> files = new("FILE") { Description = "Ciphertexts, two or more.", Arity = new ArgumentArity(2, 10_000) };
        Option<string> output = CommandOptions.Required("--out", "File for the sum, overwritten.");
        Option<string> parameters = Parameters();
        Command command = new("add", "Adds ciphertexts; needs no key.") { files, output, parameters, CommandOptions.Json() };
        command.SetAction(parsed =>
        {
            string[] paths = parsed.GetValue(files)!;
            SealParameters? set = ReadParameters(parsed.GetValue(parameters));
            var terms = new List<SealCiphertext>(paths.Length);
            foreach (string path in paths)
            {
                byte[] file = SealFile.Read(path);
                set ??= SealInspection.Inspect(file).Parameters ?? throw CommandException.Refuse(
                    SealErrorCodes.ParametersMismatch, $"The parameters of {path} are not built in.", "Give the file that holds them with --parameters.");
                terms.Add(SealCiphertext.Read(file, set));
            }

            RequireFewEnough(terms.Count, set!);

            byte[] sum = SealCiphertext.Sum(terms).Write();
            string target = parsed.GetValue(output)!;
            File.WriteAllBytes(target, sum);
            string id = set!.DataLevel.Id.ToString();
            if (terminal.IsJson)
                terminal.WriteJson(new { @out = target, terms = terms.Count, bytes = sum.Length, parametersId = id });
            else
                terminal.WriteLine($"{target}: sum of {terms.Count} ciphertexts, {sum.Length} bytes, parms_id {id}");
            return SecureFedCommand.Done;
        });
        return command;
    }

    /// <summary>For sets that have been examined; of others nothing is known.</summary>
    private static void RequireFewEnough(int terms, SealParameters parameters)
    {
        if (BfvSet.Find(parameters) is not { } set)
            return;
        int greatest = BfvParameters.GreatestClientsOf(set, BitOperations.Log2(parameters.PlainModulus), droppedBits: 0);
        if (terms > greatest)
        {
            throw CommandException.Refuse(
                SealErrorCodes.Parameters, $"A sum of {terms} ciphertexts under these parameters may decrypt wrongly.", $"Add at most {greatest}; 'securefed he parameters' has the probabilities.");
        }
    }

    private static Option<string> Parameters() => CommandOptions.Optional("--parameters", "The file of the encryption parameters. Default: the built-in set that the file names.");

    private static SealParameters? ReadParameters(string? path) => path is null ? null : SealParameters.Read(SealFile.Read(path));

    /// <summary>Null where it was not checked.</summary>
    private static string? Level(SealInspection found) => found switch
    {
        { Parameters: null } => null,
        { Kind: SealObjectKind.SecretKey or SealObjectKind.PublicKey or SealObjectKind.Parameters } => "key",
        { Kind: SealObjectKind.Ciphertext } => "data",
        _ => null,
    };

    private static string Name(SealObjectKind kind) => kind switch
    {
        SealObjectKind.Parameters => "parameters",
        SealObjectKind.Plaintext => "plaintext",
        SealObjectKind.SecretKey => "secret-key",
        SealObjectKind.Ciphertext => "ciphertext",
        _ => "public-key",
    };

    private static string Name(SealCompression compression) => compression switch
    {
        SealCompression.None => "none",
        SealCompression.Zlib => "zlib",
        _ => "zstd",
    };
}
