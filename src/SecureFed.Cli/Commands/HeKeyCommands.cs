using System.CommandLine;
using System.Security.Cryptography;
using System.Text.Json;
using SecureFed.Cli.Output;
using SecureFed.Cryptography.Bfv;
using SecureFed.Cryptography.Randomness;
using SecureFed.Cryptography.Seal;

namespace SecureFed.Cli.Commands;

/// <summary>The commands of <c>securefed he</c> that hold a key: <c>keygen</c>, <c>encrypt</c> and <c>decrypt</c>.</summary>
/// <remarks>A folder of keys has parameters.seal, public.seal and secret.seal. The secret key is in the clear, as SEAL writes it, readable by its owner only.</remarks>
internal static class HeKeyCommands
{
    /// <summary>N integers with much white space.</summary>
    private const long GreatestValuesBytes = 1 << 20;
    private const string InvalidValues = "invalid-values";
    private const string ParametersName = "parameters.seal";
    private const string PublicName = "public.seal";
    private const string SecretName = "secret.seal";

    public static Command Generate(Terminal terminal)
    {
        Option<string> name = CommandOptions.Required("--set", "S1, S2 or A1, with t = 2^32. A1 gives a key in SEAL's form over A1's ring, the same as S2; rounds with A1 draw one-time keys instead.");
        name.AcceptOnlyFromAmong([.. BfvSet.All.Select(set => set.Name)]);
        Option<string> output = CommandOptions.Required("--out", $"Directory for {ParametersName}, {PublicName} and {SecretName}, which are overwritten.");
        Command command = new("keygen", "Makes a key pair for BFV with a single key holder.") { name, output, CommandOptions.Json() };
        command.SetAction(parsed =>
        {
            string directory = parsed.GetValue(output)!;
            SealParameters parameters = BfvSet.Named(parsed.GetValue(name)!).ToSeal(BfvParameters.GreatestPlainBits);
            Directory.CreateDirectory(directory);
            using (SealSecretKey secretKey = SingleKeys.Draw(parameters, OperatingSystemRandomSource.Instance))
            {
                byte[] file = secretKey.Write();
                SealFile.WriteSecret(Path.Combine(directory, SecretName), file);
                CryptographicOperations.ZeroMemory(file);
                File.WriteAllBytes(Path.Combine(directory, PublicName), SingleKeys.PublicKeyOf(secretKey, OperatingSystemRandomSource.Instance).Write());
            }

            File.WriteAllBytes(Path.Combine(directory, ParametersName), parameters.Write());
            string id = parameters.KeyLevel.Id.ToString();
            if (terminal.IsJson)
                terminal.WriteJson(new { set = parsed.GetValue(name), directory, parametersId = id });
            else
                terminal.WriteLine($"{ParametersName}, {PublicName} and {SecretName} are in {directory}, parms_id {id}. The secret key is not encrypted.");
            return SecureFedCommand.Done;
        });
        return command;
    }

    public static Command Encrypt(Terminal terminal)
    {
        Option<string> keys = CommandOptions.Required("--keys", "Directory that 'he keygen' made, or one with the same files from SEAL.");
        Option<string> input = CommandOptions.Required("--in", "JSON array of at most N integers in [0, t).");
        Option<string> output = CommandOptions.Required("--out", "File for the ciphertext, overwritten.");
        Option<bool> symmetric = new("--symmetric") { Description = "Encrypts under the secret key instead of the public key." };
        Option<bool> seeded = new("--seeded") { Description = "Writes the seed of the second component instead of it; needs --symmetric." };
        Command command = new("encrypt", "Encrypts integers mod t, one per coefficient.") { keys, input, output, symmetric, seeded, CommandOptions.Json() };
        command.SetAction(parsed =>
        {
            bool isSeeded = parsed.GetValue(seeded);
            if (isSeeded && !parsed.GetValue(symmetric))
                throw CommandException.Misuse("--seeded needs --symmetric: only there is the second component uniform, so that a seed can stand for it.", "Give both, or neither.");
            string directory = parsed.GetValue(keys)!;
            SealParameters parameters = ReadParameters(directory);
            uint[] values = ReadValues(parsed.GetValue(input)!, parameters);
            SealCiphertext ciphertext = parsed.GetValue(symmetric) ? Symmetric(directory, parameters, values, isSeeded) : Public(directory, parameters, values);
            Array.Clear(values);
            byte[] file = ciphertext.Write();
            string target = parsed.GetValue(output)!;
            File.WriteAllBytes(target, file);
            string id = parameters.DataLevel.Id.ToString();
            if (terminal.IsJson)
                terminal.WriteJson(new { @out = target, values = values.Length, isSeeded, bytes = file.Length, parametersId = id });
            else
                terminal.WriteLine($"{target}: {values.Length} values, {file.Length} bytes, parms_id {id}");
            return SecureFedCommand.Done;
        });
        return command;
    }

    public static Command Decrypt(Terminal terminal)
    {
        Option<string> keys = CommandOptions.Required("--keys", "Directory that 'he keygen' made, or one with the same files from SEAL.");
        Option<string> input = CommandOptions.Required("--in", "Ciphertext.");
        Command command = new("decrypt", "Decrypts a ciphertext to all its N integers.") { keys, input, CommandOptions.Json() };
        command.SetAction(parsed =>
        {
            string directory = parsed.GetValue(keys)!;
            SealParameters parameters = ReadParameters(directory);
            SealCiphertext ciphertext = SealCiphertext.Read(SealFile.Read(parsed.GetValue(input)!), parameters);
            using SealSecretKey secretKey = ReadSecretKey(directory, parameters);
            using SingleKeyDecryption decryption = new(secretKey);
            uint[] values = new uint[parameters.Degree];
            decryption.Decrypt(ciphertext, values);
            if (terminal.IsJson)
                terminal.WriteJson(new { values });
            else
                terminal.WriteLine(JsonSerializer.Serialize(values));
            return SecureFedCommand.Done;
        });
        return command;
    }

    private static SealCiphertext Public(string directory, SealParameters parameters, uint[] values)
    {
        SealPublicKey publicKey = SealPublicKey.Read(SealFile.Read(Path.Combine(directory, PublicName)), parameters);
        using SingleKeyEncryption encryption = new(publicKey, OperatingSystemRandomSource.Instance);
        return encryption.Encrypt(values);
    }

    private static SealCiphertext Symmetric(string directory, SealParameters parameters, uint[] values, bool isSeeded)
    {
        using SealSecretKey secretKey = ReadSecretKey(directory, parameters);
        using SingleKeySymmetricEncryption encryption = new(secretKey, OperatingSystemRandomSource.Instance);
        return encryption.Encrypt(values, isSeeded);
    }

    /// <summary>Only rings that have been examined: others may be insecure, and the format does not tell.</summary>
    private static SealParameters ReadParameters(string directory)
    {
        string path = Path.Combine(directory, ParametersName);
        SealParameters parameters = SealParameters.Read(SealFile.Read(path));
        return BfvSet.Find(parameters) is not null ? parameters : throw CommandException.Refuse(
            SealErrorCodes.Parameters, $"{path} is none of the sets that are encrypted under here.", "Use a set that 'securefed he parameters' names, with t = 2^b, b at most 32.");
    }

    private static SealSecretKey ReadSecretKey(string directory, SealParameters parameters)
    {
        byte[] file = SealFile.Read(Path.Combine(directory, SecretName));
        try
        {
            return SealSecretKey.Read(file, parameters);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(file);
        }
    }

    private static uint[] ReadValues(string path, SealParameters parameters)
    {
        byte[] text = SealFile.Read(path, GreatestValuesBytes, () => Refuse($"{path} is larger than {parameters.Degree} integers can be."));
        try
        {
            using JsonDocument document = JsonDocument.Parse(text);
            JsonElement root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Array)
                throw Refuse($"{path} holds JSON, but no array.");
            int count = root.GetArrayLength();
            if (count > parameters.Degree)
                throw Refuse($"{path} holds {count} values; one ciphertext takes {parameters.Degree}.");
            uint[] values = new uint[count];
            int index = 0;
            foreach (JsonElement element in root.EnumerateArray())
            {
                // The message names the place and not the value.
                if (element.ValueKind != JsonValueKind.Number || !element.TryGetUInt64(out ulong value) || value >= parameters.PlainModulus)
                    throw Refuse($"The value at index {index} is no integer from 0 to {parameters.PlainModulus - 1}.");
                values[index++] = (uint)value;
            }

            return values;
        }
        catch (JsonException exception)
        {
            throw Refuse(string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{path} is no JSON (line {exception.LineNumber + 1})."));
        }

        CommandException Refuse(string message) => CommandException.Refuse(
            InvalidValues, message, $"Give one JSON array of at most {parameters.Degree} integers from 0 to {parameters.PlainModulus - 1}.");
    }
}
