using System.CommandLine;
using System.Globalization;
using SecureFed.Cli.Output;
using SecureFed.Cryptography.Bfv;
using SecureFed.Cryptography.Seal;
using Spectre.Console;

namespace SecureFed.Cli.Commands;

/// <summary><c>securefed he parameters</c>: what is known of the parameter sets.</summary>
internal static class HeParametersCommand
{
    private const int LeastShownBits = -1_000;
    private static readonly int[] ShownPlainBits = [8, 16, 24, 32];
    private static readonly int[] ShownClients = [10, 100, 1_000, BfvParameters.GreatestClients];

    public static Command Create(Terminal terminal)
    {
        Option<string> name = CommandOptions.Optional("--set", "Only this set: A1, S1 or S2.");
        name.AcceptOnlyFromAmong([.. BfvSet.All.Select(set => set.Name)]);
        Option<int?> plainBits = new("--plain-bits") { Description = $"b: examines one choice; values are integers mod 2^b, 1 to {BfvParameters.GreatestPlainBits}. Default {BfvParameters.GreatestPlainBits}." };
        Option<int?> clients = new("--clients") { Description = $"n: examines one choice; ciphertexts in a sum, 1 to {BfvParameters.GreatestClients}. Default {BfvParameters.GreatestClients}." };
        Option<int?> droppedBits = new("--dropped-bits") { Description = "r: examines one choice; low bits of a coefficient that are not sent. Default: leaves b + 10 with one-time keys, 0 with a single key." };
        Command command = new("parameters", "Security, limits and failure probabilities of the parameter sets.") { name, plainBits, clients, droppedBits, CommandOptions.Json() };
        command.SetAction(parsed =>
        {
            string? chosen = parsed.GetValue(name);
            if ((parsed.GetValue(plainBits) ?? parsed.GetValue(clients) ?? parsed.GetValue(droppedBits)) is null)
            {
                IReadOnlyList<BfvSet> sets = chosen is null ? BfvSet.All : [BfvSet.Named(chosen)];
                if (terminal.IsJson)
                    terminal.WriteJson(new { sets = sets.Select(Describe), oneTimeKeys = BfvSecurity.OneTimeKeys, singleKey = BfvSecurity.SingleKey, references = BfvSecurity.References });
                else
                    Print(terminal, sets);
                return SecureFedCommand.Done;
            }

            BfvSet set = chosen is null ? BfvSet.A1 : BfvSet.Named(chosen);
            Choice choice = Examine(set, parsed.GetValue(plainBits) ?? BfvParameters.GreatestPlainBits, parsed.GetValue(clients) ?? BfvParameters.GreatestClients, parsed.GetValue(droppedBits));
            if (terminal.IsJson)
                terminal.WriteJson(choice);
            else
                terminal.WriteLine($"{set}, b = {choice.PlainBits}, {choice.Clients} clients, {choice.DroppedBits} bits dropped, {choice.PackedBits} sent: probability {Power(choice.FailureBits)} per polynomial, at most {choice.GreatestClients} clients");
            return SecureFedCommand.Done;
        });
        return command;
    }

    /// <summary>One choice in full, or a refusal that says what would do.</summary>
    private static Choice Examine(BfvSet set, int plainBits, int clients, int? droppedBits)
    {
        RequireWithin("--plain-bits", plainBits, 1, BfvParameters.GreatestPlainBits);
        RequireWithin("--clients", clients, 1, BfvParameters.GreatestClients);
        int dropped = droppedBits ?? BfvParameters.UsualDroppedBits(set, plainBits);
        RequireWithin("--dropped-bits", dropped, 0, BfvParameters.GreatestDroppedBits(set, plainBits));
        Choice choice = ChoiceOf(set, plainBits, dropped, clients);
        return choice.IsAllowed ? choice : throw CommandException.Refuse(
            SealErrorCodes.Parameters,
            $"Sums of {clients} ciphertexts of {set} with b = {plainBits} and {dropped} bits dropped decrypt wrongly with probability up to {Power(choice.FailureBits)} per polynomial.",
            choice.GreatestClients > 0 ? $"Take at most {choice.GreatestClients} clients, or fewer bits, or drop fewer." : "Take fewer bits, or drop fewer.");
    }

    private static void RequireWithin(string option, int value, int least, int greatest)
    {
        if (value < least || value > greatest)
            throw CommandException.Misuse($"{option} is {least} to {greatest} here.", "Run 'securefed he parameters --help'.");
    }

    private static Choice ChoiceOf(BfvSet set, int plainBits, int droppedBits, int clients)
    {
        double failureBits = BfvParameters.FailureBitsOf(set, plainBits, droppedBits, clients);
        BfvParameters? allowed = failureBits < BfvParameters.GreatestFailureBits ? BfvParameters.Create(set, plainBits, droppedBits, clients) : null;
        return new Choice(
            set.Name, plainBits, droppedBits, clients, allowed is not null, Math.Round(failureBits, 1), set.Modulus.Bits - droppedBits,
            allowed is null ? null : Math.Round(allowed.NoiseDeviation, 1), allowed is null ? null : Math.Round(allowed.Margin, 1),
            allowed is null || set.Keys == BfvKeys.Single ? null : allowed.GreatestWraps, BfvParameters.GreatestClientsOf(set, plainBits, droppedBits));
    }

    private static IEnumerable<Choice> Choices(BfvSet set) => ShownPlainBits.SelectMany(bits => ShownClients.Select(n => ChoiceOf(set, bits, BfvParameters.UsualDroppedBits(set, bits), n)));

    private static object Describe(BfvSet set) => new
    {
        name = set.Name,
        keys = set.Keys == BfvKeys.OneTime ? "one-time" : "single",
        degree = set.Degree,
        modulus = set.Modulus.ToString(),
        modulusBits = set.Modulus.Bits,
        sigma = Math.Round(set.Sigma, 4),
        description = set.Description,
        security = set.Security,
        parametersId = set.ToSeal(BfvParameters.GreatestPlainBits).DataLevel.Id.ToString(),
        greatestPlainBits = BfvParameters.GreatestPlainBits,
        greatestClients = BfvParameters.GreatestClients,
        greatestFailureBits = BfvParameters.GreatestFailureBits,
        choices = Choices(set),
    };

    private static void Print(Terminal terminal, IReadOnlyList<BfvSet> sets)
    {
        foreach (BfvSet set in sets)
        {
            terminal.WriteLine($"{set}: N = {set.Degree}, q = {set.Modulus} ({set.Modulus.Bits} bits), t = 2^b with b up to {BfvParameters.GreatestPlainBits}, up to {BfvParameters.GreatestClients} clients");
            terminal.WriteLine($"parms_id at t = 2^32: {set.ToSeal(BfvParameters.GreatestPlainBits).DataLevel.Id}");
            PrintText(terminal, [set.Description, .. set.Security]);
            terminal.WriteLine("Greatest probability that any coefficient of one polynomial decrypts wrongly, by the number of clients:");
            Table table = new Table().AddColumns(["b", "bits dropped", "bits sent", .. ShownClients.Select(n => n.ToString(CultureInfo.InvariantCulture))]);
            foreach (IGrouping<int, Choice> row in Choices(set).GroupBy(choice => choice.PlainBits))
            {
                Choice first = row.First();
                table.AddRow([
                    .. new[] { row.Key, first.DroppedBits, first.PackedBits }.Select(number => number.ToString(CultureInfo.InvariantCulture)),
                    .. row.Select(choice => choice.IsAllowed ? Power(choice.FailureBits) : $"{Power(choice.FailureBits)} refused"),
                ]);
            }

            terminal.Console.Write(table);
            terminal.WriteLine();
        }

        terminal.WriteLine("One-time keys");
        PrintText(terminal, BfvSecurity.OneTimeKeys);
        terminal.WriteLine("Single key");
        PrintText(terminal, BfvSecurity.SingleKey);
        terminal.WriteLine("References");
        PrintText(terminal, BfvSecurity.References);
    }

    private static void PrintText(Terminal terminal, IEnumerable<string> lines)
    {
        foreach (string line in lines)
            terminal.Console.Write(new Padder(new Text(line), new Padding(2, 0, 0, 0)));
        terminal.WriteLine();
    }

    /// <summary>What lies far beyond any physical failure is not told apart: the Gaussian model says nothing there.</summary>
    private static string Power(double bits) => bits < LeastShownBits
        ? string.Create(CultureInfo.InvariantCulture, $"< 2^{LeastShownBits}")
        : string.Create(CultureInfo.InvariantCulture, $"2^{bits:F0}");

    /// <summary>One choice of b, r and n for one set.</summary>
    /// <param name="Set">Its name.</param>
    /// <param name="PlainBits">b.</param>
    /// <param name="DroppedBits">r.</param>
    /// <param name="Clients">n.</param>
    /// <param name="IsAllowed">Whether a round may have it.</param>
    /// <param name="FailureBits">log₂ of the probability that any coefficient of one polynomial decrypts wrongly.</param>
    /// <param name="PackedBits">Bits per coefficient and polynomial on the wire.</param>
    /// <param name="NoiseDeviation">Of the sum.</param>
    /// <param name="Margin">Standard deviations between a correct decryption and a wrong one.</param>
    /// <param name="GreatestWraps">How often the integer sum may leave [−t/2, t/2); null with a single key.</param>
    /// <param name="GreatestClients">The greatest n with the same b and r.</param>
    private sealed record Choice(
        string Set, int PlainBits, int DroppedBits, int Clients, bool IsAllowed, double FailureBits, int PackedBits, double? NoiseDeviation, double? Margin, int? GreatestWraps, int GreatestClients);
}
