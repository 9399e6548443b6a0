using System.Security.Cryptography;
using System.Text;
using SecureFed.Client.Ledger;
using SecureFed.Privacy.Budget;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Policy;
using SecureFed.Protocol.Requests;
using SecureFed.Protocol.Resources;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Tasks;
using SecureFed.Protocol.Wire;
using SecureFed.Service.Tests.Consortium;

namespace SecureFed.Service.Tests.Budgets;

/// <summary>The client's own account by itself: what adds up, what is charged once, and what the file stands.</summary>
public class PrivacyLedgerTests(TestConsortium consortium)
{
    private static readonly PrivacyLimits Limits = PrivacyLimits.Default;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_part_in_a_round_is_charged_once_and_one_with_fresh_keys_again(bool isFile)
    {
        using TemporaryDirectory directory = new();
        IPrivacyLedger ledger = isFile ? new FilePrivacyLedger(directory.Path) : new MemoryPrivacyLedger();
        TaskParameters task = await ParametersAsync(Definitions.Noisy(rounds: 4));
        await ledger.ChargeAsync(Part(task, 1, "keys"), Limits);
        await ledger.ChargeAsync(Part(task, 1, "keys"), Limits);
        Assert.Equal(1, Assert.Single(await ledger.ReadAsync()).Rounds);

        // Its state is gone, and the server opens round 1 once more: another sum, another noise, another charge.
        await ledger.ChargeAsync(Part(task, 1, "other keys"), Limits);
        await ledger.ChargeAsync(Part(task, 2, "more keys"), Limits);
        TaskSpending cost = Assert.Single(await ledger.ReadAsync());
        Assert.Equal((3, task.Privacy.ToCap().EpsilonOf(3 * Charge(task))), (cost.Rounds, cost.Epsilon));
    }

    [Fact]
    public async Task A_task_that_comes_back_with_another_budget_is_refused()
    {
        MemoryPrivacyLedger ledger = new();
        TaskParameters task = await ParametersAsync(Definitions.Noisy(rounds: 4));
        await ledger.ChargeAsync(Part(task, 1, "a"), Limits);
        PrivacySpecification privacy = task.Privacy;
        foreach (PrivacySpecification other in new[] { privacy with { Order = privacy.Order + 1 }, privacy with { Delta = 1e-7 }, privacy with { DataSet = "another" }, privacy with { Unit = PrivacyUnit.Record } })
        {
            RoundRefusedException refusal = await Assert.ThrowsAsync<RoundRefusedException>(() => ledger.ChargeAsync(Part(task with { Privacy = other }, 2, "b"), Limits));
            Assert.Equal("invalid-parameters", refusal.Code);
        }

        Assert.Equal(1, Assert.Single(await ledger.ReadAsync()).Rounds);
    }

    [Fact]
    public async Task All_tasks_share_a_total_whatever_they_call_the_data_and_units_are_kept_apart()
    {
        using TemporaryDirectory directory = new();
        PrivacyLimits limits = Limits with { ClientTotalEpsilon = 11, RecordTotalEpsilon = 6 };
        string dataSet = Definitions.NewId();
        FilePrivacyLedger ledger = new(directory.Path);
        TaskParameters[] clients = [await ParametersAsync(Definitions.Noisy(dataSet: dataSet)), await ParametersAsync(Definitions.Noisy(dataSet: dataSet)), await ParametersAsync(Definitions.Noisy(dataSet: dataSet))];
        await ledger.ChargeAsync(Part(clients[0], 1, "a"), limits);
        await ledger.ChargeAsync(Part(clients[1], 1, "b"), limits);

        // Each counts with the 5 that it may cost here, whatever it has cost yet.
        RoundRefusedException refusal = await Assert.ThrowsAsync<RoundRefusedException>(() => ledger.ChargeAsync(Part(clients[2], 1, "c"), limits));
        Assert.Equal("budget-exhausted", refusal.Code);
        Assert.Contains("requested (epsilon 5, delta 1E-06), spent (10, 2E-06), left (1, ", refusal.Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<RoundRefusedException>(async () => await ledger.ChargeAsync(Part(await ParametersAsync(Definitions.Noisy()), 1, "f"), limits));

        await ledger.ChargeAsync(Part(await ParametersAsync(Definitions.Records(dataSet: dataSet)), 1, "d"), limits);
        await Assert.ThrowsAsync<RoundRefusedException>(async () => await ledger.ChargeAsync(Part(await ParametersAsync(Definitions.Records(dataSet: dataSet)), 1, "e"), limits));
        Assert.Equal(
            [(PrivacyUnit.Client, true), (PrivacyUnit.Client, true), (PrivacyUnit.Record, true)],
            (await new FilePrivacyLedger(directory.Path).ReadAsync()).Select(t => (t.Unit, t.DataSet == dataSet)));
    }

    [Fact]
    public async Task A_total_of_delta_is_a_limit_too()
    {
        string dataSet = Definitions.NewId();
        MemoryPrivacyLedger ledger = new();
        PrivacyLimits limits = Limits with { TotalDelta = 0.0000015m };
        await ledger.ChargeAsync(Part(await ParametersAsync(Definitions.Noisy(dataSet: dataSet, epsilon: 1)), 1, "a"), limits);
        TaskParameters second = await ParametersAsync(Definitions.Noisy(dataSet: dataSet, epsilon: 1));
        Assert.Equal("budget-exhausted", (await Assert.ThrowsAsync<RoundRefusedException>(() => ledger.ChargeAsync(Part(second, 1, "b"), limits))).Code);
    }

    [Fact]
    public async Task A_line_without_its_end_was_never_followed_by_an_update_and_is_cut_off()
    {
        using TemporaryDirectory directory = new();
        string path = directory.File(FilePrivacyLedger.FileName);
        FilePrivacyLedger ledger = new(directory.Path);
        TaskParameters task = await ParametersAsync(Definitions.Noisy(rounds: 4));
        await ledger.ChargeAsync(Part(task, 1, "a"), Limits);
        byte[] whole = await File.ReadAllBytesAsync(path);
        await ledger.ChargeAsync(Part(task, 2, "b"), Limits);
        byte[] both = await File.ReadAllBytesAsync(path);
        for (int length = whole.Length; length < both.Length; length += 17)
        {
            await File.WriteAllBytesAsync(path, [.. both.AsSpan(0, length), .. length % 2 == 0 ? [] : new byte[] { 0xC3 }]);
            Assert.Equal(1, Assert.Single(await new FilePrivacyLedger(directory.Path).ReadAsync()).Rounds);
            Assert.Equal(whole, await File.ReadAllBytesAsync(path));
        }

        await new FilePrivacyLedger(directory.Path).ChargeAsync(Part(task, 2, "b"), Limits);
        Assert.Equal(both, await File.ReadAllBytesAsync(path));
    }

    [Fact]
    public async Task A_line_that_does_not_fit_is_an_error_and_stays_as_it_is()
    {
        using TemporaryDirectory directory = new();
        string path = directory.File(FilePrivacyLedger.FileName);
        FilePrivacyLedger ledger = new(directory.Path);
        TaskParameters task = await ParametersAsync(Definitions.Noisy(rounds: 4));
        await ledger.ChargeAsync(Part(task, 1, "a"), Limits);
        await ledger.ChargeAsync(Part(task, 2, "b"), Limits);
        // Without checksums, so that the fold itself is asked.
        string[] lines = [.. (await File.ReadAllLinesAsync(path)).Select(WithoutChecksum)];
        byte[][] damages =
        [
            Bytes("null", lines[0]),
            Bytes("nonsense", lines[0]),
            Bytes(lines[0], lines[0]),
            Bytes(lines[0], lines[1].Replace("\"client\"", "\"record\"", StringComparison.Ordinal)),
            Bytes(lines[0], lines[1].Replace("\"delta\":1E-06", "\"delta\":2", StringComparison.Ordinal)),
            Bytes(lines[0].Replace("\"delta\":1E-06", "\"delta\":0", StringComparison.Ordinal)),
            Bytes(lines[0], lines[1].Replace($"\"units\":{Charge(task)}", "\"units\":-1", StringComparison.Ordinal)),
            Bytes(lines[0], lines[1].Replace($"\"units\":{Charge(task)}", "\"units\":9000000000000000000", StringComparison.Ordinal)),
            Bytes(lines[0], lines[1][..^1] + ",\"more\":1}"),
            Bytes(lines[0][..20], lines[1]),
            [0xFF, 0xFE, (byte)'\n', .. Bytes(lines[0])],
        ];
        for (int i = 0; i < damages.Length; i++)
        {
            await File.WriteAllBytesAsync(path, damages[i]);
            await AssertDamagedAsync(new FilePrivacyLedger(directory.Path), task, $"damage {i}");
            Assert.Equal(damages[i], await File.ReadAllBytesAsync(path));
        }
    }

    [Fact]
    public async Task A_checksum_is_over_the_one_before_it_and_the_line_without_it()
    {
        using TemporaryDirectory directory = new();
        FilePrivacyLedger ledger = new(directory.Path);
        TaskParameters task = await ParametersAsync(Definitions.Noisy(rounds: 4));
        string previous = "";
        for (int round = 1; round <= 3; round++)
        {
            await ledger.ChargeAsync(Part(task, round, $"keys {round}"), Limits);
            string line = (await File.ReadAllLinesAsync(directory.File(FilePrivacyLedger.FileName)))[^1];
            byte[] hash = SHA256.HashData(Encoding.UTF8.GetBytes(previous + WithoutChecksum(line)));
            previous = Convert.ToHexStringLower(hash)[..16];
            Assert.EndsWith($",\"checksum\":\"{previous}\"}}", line, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_line_that_was_changed_lost_or_swapped_is_found_by_the_checksums()
    {
        using TemporaryDirectory directory = new();
        string path = directory.File(FilePrivacyLedger.FileName);
        FilePrivacyLedger ledger = new(directory.Path);
        TaskParameters task = await ParametersAsync(Definitions.Noisy(rounds: 4));
        foreach (string keys in new[] { "a", "b", "c" })
            await ledger.ChargeAsync(Part(task, 1, keys), Limits);
        string[] lines = await File.ReadAllLinesAsync(path);
        byte[] genuine = Bytes(lines);
        List<byte[]> damages =
        [
            Bytes(lines[1], lines[2]),
            Bytes(lines[0], lines[2]),
            Bytes(lines[0], lines[2], lines[1]),
            Bytes(lines[0], WithoutChecksum(lines[1]), lines[2]),
            Bytes(lines[0], lines[1], WithoutChecksum(lines[2])),
            Bytes(lines[0], "", lines[1], lines[2]),
            Bytes(lines[0], lines[1], lines[2].Replace("\"round\":1", "\"round\":2", StringComparison.Ordinal)),
        ];
        // But for the last byte: a line without its end is another matter.
        for (int i = 0; i < genuine.Length - 1; i += 11)
        {
            byte[] flipped = [.. genuine];
            flipped[i] ^= 1;
            damages.Add(flipped);
        }

        for (int i = 0; i < damages.Count; i++)
        {
            await File.WriteAllBytesAsync(path, damages[i]);
            await AssertDamagedAsync(new FilePrivacyLedger(directory.Path), task, $"damage {i}");
            Assert.Equal(damages[i], await File.ReadAllBytesAsync(path));
        }

        await File.WriteAllBytesAsync(path, genuine);
        Assert.Equal(3, Assert.Single(await new FilePrivacyLedger(directory.Path).ReadAsync()).Rounds);
    }

    [Fact]
    public async Task Lines_from_before_the_checksums_still_count_and_the_first_new_one_covers_them()
    {
        using TemporaryDirectory directory = new();
        string path = directory.File(FilePrivacyLedger.FileName);
        TaskParameters task = await ParametersAsync(Definitions.Noisy(rounds: 4));
        FilePrivacyLedger writer = new(directory.Path);
        await writer.ChargeAsync(Part(task, 1, "a"), Limits);
        await writer.ChargeAsync(Part(task, 2, "b"), Limits);
        byte[] old = Bytes([.. (await File.ReadAllLinesAsync(path)).Select(WithoutChecksum)]);
        await File.WriteAllBytesAsync(path, old);

        FilePrivacyLedger ledger = new(directory.Path);
        Assert.Equal(2, Assert.Single(await ledger.ReadAsync()).Rounds);
        await ledger.ChargeAsync(Part(task, 1, "a"), Limits);
        await ledger.ChargeAsync(Part(task, 3, "c"), Limits);
        Assert.Equal(3, Assert.Single(await new FilePrivacyLedger(directory.Path).ReadAsync()).Rounds);
        byte[] both = await File.ReadAllBytesAsync(path);
        Assert.Equal(old, both[..old.Length]);

        string changed = Encoding.UTF8.GetString(both).Replace("\"round\":2", "\"round\":4", StringComparison.Ordinal);
        await File.WriteAllTextAsync(path, changed);
        await AssertDamagedAsync(new FilePrivacyLedger(directory.Path), task, "an old line");
    }

    [Fact]
    public async Task What_another_process_appends_is_noticed()
    {
        using TemporaryDirectory directory = new();
        TaskParameters task = await ParametersAsync(Definitions.Noisy(rounds: 4));
        FilePrivacyLedger one = new(directory.Path);
        FilePrivacyLedger other = new(directory.Path);
        long affordable = new BudgetCap(5, task.Privacy.Delta, task.Privacy.Order).Units / Charge(task);
        for (int i = 0; i < affordable; i++)
        {
            await (i % 2 == 0 ? one : other).ChargeAsync(Part(task, i + 1, $"keys {i}"), Limits);
            Assert.Equal(i + 1, Assert.Single(await one.ReadAsync()).Rounds);
        }

        await one.ChargeAsync(Part(task, 2, "keys 1"), Limits);
        foreach (FilePrivacyLedger ledger in new[] { one, other })
            Assert.Equal("budget-exhausted", (await Assert.ThrowsAsync<RoundRefusedException>(() => ledger.ChargeAsync(Part(task, 20, "last"), Limits))).Code);
        Assert.Equal(affordable, Assert.Single(await other.ReadAsync()).Rounds);
    }

    [Fact]
    public async Task A_charge_that_vanishes_while_its_client_runs_stops_it()
    {
        using TemporaryDirectory directory = new();
        string path = directory.File(FilePrivacyLedger.FileName);
        FilePrivacyLedger ledger = new(directory.Path);
        TaskParameters task = await ParametersAsync(Definitions.Noisy(rounds: 4));
        await ledger.ChargeAsync(Part(task, 1, "a"), Limits);
        byte[] earlier = await File.ReadAllBytesAsync(path);
        await ledger.ChargeAsync(Part(task, 2, "b"), Limits);
        byte[] both = await File.ReadAllBytesAsync(path);
        foreach (byte[] less in new byte[][] { earlier, [], both[..^1] })
        {
            await File.WriteAllBytesAsync(path, less);
            await AssertDamagedAsync(ledger, task, $"{less.Length} bytes left");
            Assert.Equal(less, await File.ReadAllBytesAsync(path));
        }

        File.Delete(path);
        await Assert.ThrowsAsync<SecureFedException>(() => ledger.ReadAsync());
        await Assert.ThrowsAsync<SecureFedException>(() => ledger.ChargeAsync(Part(task, 3, "c"), Limits));
        Assert.False(File.Exists(path));
        await File.WriteAllBytesAsync(path, both);
        await ledger.ChargeAsync(Part(task, 3, "c"), Limits);
        Assert.Equal(3, Assert.Single(await ledger.ReadAsync()).Rounds);
    }

    [Fact]
    public async Task Clients_that_charge_at_the_same_time_never_spend_the_same_rest()
    {
        using TemporaryDirectory directory = new();
        TaskParameters task = await ParametersAsync(Definitions.Noisy(rounds: 4));
        long affordable = new BudgetCap(5, task.Privacy.Delta, task.Privacy.Order).Units / Charge(task);
        bool[] charged = await Task.WhenAll(Enumerable.Range(0, 12).Select(i => Task.Run(async () =>
        {
            try
            {
                await new FilePrivacyLedger(directory.Path).ChargeAsync(Part(task, i + 1, $"keys {i}"), Limits);
                return true;
            }
            catch (RoundRefusedException)
            {
                return false;
            }
        })));
        Assert.InRange(affordable, 4, 11);
        Assert.Equal(affordable, charged.Count(c => c));
        Assert.Equal(affordable, Assert.Single(await new FilePrivacyLedger(directory.Path).ReadAsync()).Rounds);
    }

    [Fact]
    public async Task A_ledger_that_another_process_holds_is_waited_for()
    {
        using TemporaryDirectory directory = new();
        TaskParameters task = await ParametersAsync(Definitions.Noisy());
        FilePrivacyLedger ledger = new(directory.Path);
        Task charging;
        await using (new FileStream(directory.File(FilePrivacyLedger.FileName), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None))
        {
            charging = ledger.ChargeAsync(Part(task, 1, "a"), Limits);
            await Task.Delay(300);
            Assert.False(charging.IsCompleted);
        }

        await charging;
        Assert.Equal(1, Assert.Single(await ledger.ReadAsync()).Rounds);
    }

    private static byte[] Bytes(params string[] lines) => Encoding.UTF8.GetBytes(string.Concat(lines.Select(l => l + "\n")));

    private static string WithoutChecksum(string line) => line[..line.LastIndexOf(",\"checksum\":\"", StringComparison.Ordinal)] + "}";

    private static async Task AssertDamagedAsync(FilePrivacyLedger ledger, TaskParameters task, string damage)
    {
        foreach (Func<Task> use in new Func<Task>[] { () => ledger.ReadAsync(), () => ledger.ChargeAsync(Part(task, 3, "another"), Limits) })
        {
            Exception? exception = await Record.ExceptionAsync(use);
            Assert.True(exception is SecureFedException { Code: "invalid-configuration" }, $"{damage}: {exception}");
            Assert.Contains("Restore it from a backup", exception!.Message, StringComparison.Ordinal);
        }
    }

    private static long Charge(TaskParameters task) => task.Privacy.ReleaseOf(RoundKind.Train)!.Charge;

    private static PrivacyCharge Part(TaskParameters task, int round, string keys) => new(task, round, Digest.Of(Encoding.UTF8.GetBytes(keys)), Charge(task));

    private async Task<TaskParameters> ParametersAsync(TaskDefinition definition)
    {
        Identifier task = await consortium.CreateTaskAsync(definition);
        using HttpClient http = consortium.HttpFor(consortium.Auditor);
        Assert.True(TaskParameters.TryDecode(await http.GetByteArrayAsync(Routes.TaskPart(task, "parameters")), out TaskParameters? parameters));
        return parameters!;
    }
}
