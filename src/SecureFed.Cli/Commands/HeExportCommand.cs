using System.CommandLine;
using System.Globalization;
using System.Security.Cryptography;
using SecureFed.Cli.Audit;
using SecureFed.Cli.Output;
using SecureFed.Cryptography.Bfv;
using SecureFed.Cryptography.Seal;
using SecureFed.Protocol.Encryption;

namespace SecureFed.Cli.Commands;

/// <summary><c>securefed he export</c>: the sum of a closed encrypted round as files of Microsoft SEAL.</summary>
internal static class HeExportCommand
{
    private const string ParametersName = "parameters.seal";
    private const string SecretName = "secret.seal";
    private const int LeastDigits = 3;

    public static Command Create(Terminal terminal)
    {
        Option<string> source = CommandOptions.Required("--from", "Directory of 'demo --out' or 'audit fetch', with blobs.");
        Option<int> number = new("--round") { Description = "Number of the round, from 1: closed, with protection 'encryption', its uploads not deleted.", Required = true };
        Option<string> output = CommandOptions.Required(
            "--out", $"New or empty directory for {ParametersName}, sum-000.seal and so on (one for each polynomial) and {SecretName}: the sum of the round's keys, which opens this one noised sum and no upload.");
        Option<string> verifierKey = CommandOptions.Optional("--vkey", "File with the log's verifier key, got from somebody other than the server. Default: the one beside the log.");
        Command command = new("export", "Writes an encrypted round's sum and the sum of its keys for Microsoft SEAL, checked against the log.") { source, number, output, verifierKey, CommandOptions.Json() };
        command.SetAction(parsed =>
        {
            string directory = parsed.GetValue(output)!;
            AuditMirror.RequireEmpty(directory);
            using DirectoryPlace place = DirectoryPlace.Open(parsed.GetValue(source)!, task: null);
            using ExportableSum sum = ExportableSum.Read(place, AuditTrust.Load(parsed.GetValue(verifierKey), null, null, place), parsed.GetValue(number));
            string[] files = Write(sum, directory);
            string id = sum.Ciphertexts.Parameters.Set.ToSeal(sum.Ciphertexts.Parameters.PlainBits).DataLevel.Id.ToString();
            int dimension = sum.Round.Layout.Dimension;
            if (terminal.IsJson)
            {
                terminal.WriteJson(new
                {
                    @out = directory,
                    round = sum.Round.Number,
                    roundId = sum.Round.RoundId.ToString(),
                    clients = sum.Ciphertexts.Clients,
                    dimension,
                    length = EncryptedRound.LengthOf(sum.Round),
                    plainBits = sum.Ciphertexts.Parameters.PlainBits,
                    parametersId = id,
                    aggregateDigest = sum.AggregateDigest.ToString(),
                    files,
                });
                return SecureFedCommand.Done;
            }

            terminal.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{directory}: sum of {sum.Ciphertexts.Clients} clients in {files.Length} ciphertexts, parms_id {id}"));
            terminal.WriteLine(string.Create(CultureInfo.InvariantCulture, $"The first {dimension} coefficients are the sum {sum.AggregateDigest} mod 2^{sum.Ciphertexts.Parameters.PlainBits}."));
            terminal.WriteLine($"{SecretName} opens this sum and no upload; whoever has it has the sum.");
            return SecureFedCommand.Done;
        });
        return command;
    }

    /// <returns>Names of the ciphertexts' files, in order.</returns>
    private static string[] Write(ExportableSum sum, string directory)
    {
        BfvParameters parameters = sum.Ciphertexts.Parameters;
        Directory.CreateDirectory(directory);
        File.WriteAllBytes(Path.Combine(directory, ParametersName), parameters.Set.ToSeal(parameters.PlainBits).Write());
        using PublicPolynomials polynomials = new(parameters.Set, sum.OpenDigest.ToArray());
        string[] names = NamesOf(OneTimeExport.Polynomials(sum.Ciphertexts));
        for (int i = 0; i < names.Length; i++)
            File.WriteAllBytes(Path.Combine(directory, names[i]), OneTimeExport.Ciphertext(sum.Ciphertexts, polynomials, i).Write());
        using SealSecretKey secretKey = OneTimeExport.SecretKey(parameters, sum.SumOfKeys);
        byte[] file = secretKey.Write();
        SealFile.WriteSecret(Path.Combine(directory, SecretName), file);
        CryptographicOperations.ZeroMemory(file);
        return names;
    }

    /// <summary>With as many digits as sort them.</summary>
    private static string[] NamesOf(int count)
    {
        int digits = Math.Max(LeastDigits, (count - 1).ToString(CultureInfo.InvariantCulture).Length);
        return [.. Enumerable.Range(0, count).Select(i => $"sum-{i.ToString(CultureInfo.InvariantCulture).PadLeft(digits, '0')}.seal")];
    }
}
