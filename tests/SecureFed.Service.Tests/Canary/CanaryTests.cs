using System.Buffers.Binary;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using SecureFed.Client;
using SecureFed.Client.Configuration;
using SecureFed.Client.Http;
using SecureFed.Cryptography.Keys;
using SecureFed.Cryptography.Randomness;
using SecureFed.Cryptography.Rings;
using SecureFed.Privacy.Updates;
using SecureFed.Protocol.Identity;
using SecureFed.Protocol.Masking;
using SecureFed.Protocol.Masking.Messages;
using SecureFed.Protocol.Messages;
using SecureFed.Protocol.Requests;
using SecureFed.Protocol.Resources;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Tasks;
using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Wire;
using SecureFed.Service.Tests.Consortium;

namespace SecureFed.Service.Tests.Canary;

/// <summary>Looks for one client's update in everything that a real server holds: its memory, its log, all that it publishes.</summary>
[Collection("demo runs")]
public class CanaryTests(ITestOutputHelper output)
{
    private const int Length = 64;
    private const int Clients = 5;
    private const int Victim = 2;
    private const double ClipNorm = 100;

    // Three answers leave every secret one share short of t = 3 for the three who answered.
    private const int Held = 3;

    [Fact]
    public async Task A_clients_update_is_nowhere_in_the_servers_memory_log_or_blobs_in_any_encoding()
    {
        using TemporaryDirectory directory = new();
        string keys = directory.File("keys");
        Assert.Equal(0, (await CommandLine.Cli.RunAsync("keys", "consortium", "--out", keys, "--clients", $"{Clients}")).ExitCode);
        using ServerProcess server = new(keys, directory.File("store"));
        server.Start();
        await server.ReadyAsync();
        HandSteppedClient[] clients = await JoinAsync(server, keys);
        double[] canary = Canary();

        foreach (HandSteppedClient client in clients)
            await HandSteppedClient.Accept(client.AdvertiseAsync());
        foreach (HandSteppedClient client in clients)
            await HandSteppedClient.Accept(client.PutAsync("shares", await client.SharesAsync()));
        uint[] masked = [];
        for (int i = 0; i < Clients; i++)
        {
            byte[] upload = await clients[i].UploadAsync(i == Victim ? [.. canary, 1] : [.. Vector($"client {i}"), 1]);
            if (i == Victim)
                masked = WordsOf(upload);
            await HandSteppedClient.Accept(clients[i].PutAsync("uploads", upload));
        }

        foreach (HandSteppedClient client in clients)
            await HandSteppedClient.Accept(client.PutAsync("confirmations", await client.ConfirmationAsync()), HttpStatusCode.Gone);
        for (int i = 0; i < Held; i++)
            await HandSteppedClient.Accept(clients[i].PutAsync("unmask", await clients[i].AnswerAsync()));

        UpdateLayout layout = clients[Victim].Layout;
        int[] integers = clients[Victim].Integers[..Length];
        Assert.All(canary.Zip(integers), pair => Assert.InRange(pair.Second - pair.First * layout.Segments[0].Scale, -1.001, 1.001));
        int[] sum = new int[Length];
        foreach (HandSteppedClient client in clients)
        {
            for (int i = 0; i < Length; i++)
                sum[i] += client.Integers[i];
        }

        (string, byte[])[] needles =
        [
            .. CanaryEncodings.Of(canary, integers, layout.Segments[0].Scale),
            .. CanaryEncodings.OfRing("masked upload", masked),
            .. CanaryEncodings.OfRing("sum", [.. sum.Select(v => unchecked((uint)v))]),
        ];
        NeedleSearch search = new(needles);

        // The server has every upload and all but the last shares. What it received is found, what was behind it is not.
        Assert.Equal(RoundPhase.Unmask, (await (await clients[0].Http.GetAsync(Routes.Round(clients[0].TaskId, clients[0].Round))).ReadAsync<RoundView>()).Phase);
        Assert.Equal(["masked upload"], SearchMemory(server, search));
        Assert.Empty(await SearchPublishedAsync(clients, search));
        Assert.Empty(search.Find(Encoding.UTF8.GetBytes(server.Log)));

        for (int i = Held; i < Clients; i++)
            await HandSteppedClient.Accept(clients[i].PutAsync("unmask", await clients[i].AnswerAsync()), HttpStatusCode.Gone);
        TaskView view = await FinishedAsync(clients[0]);
        Assert.Equal((RoundPhase.Closed, Clients), (view.Round!.Phase, view.Round.Survivors));
        Assert.Equal(["masked upload", "sum"], SearchMemory(server, search).Order(StringComparer.Ordinal));
        Assert.Equal(["sum"], await SearchPublishedAsync(clients, search));
        Assert.Contains("RoundClosed", server.Log, StringComparison.Ordinal);
        Assert.Empty(search.Find(Encoding.UTF8.GetBytes(server.Log)));
        foreach (HandSteppedClient client in clients)
            client.Dispose();
    }

    [Fact]
    public void Every_encoding_of_three_coordinates_is_found_at_any_offset()
    {
        double[] values = Canary();
        const double Scale = 1 << 21;
        int[] integers = [.. values.Select(v => (int)Math.Floor(v * Scale))];
        (string Name, byte[] Bytes)[] needles = [.. CanaryEncodings.Of(values, integers, Scale)];
        NeedleSearch search = new(needles);
        Assert.Equal(needles.Length, search.Count);
        byte[] noise = new byte[4096];
        using KeyedRandomSource random = new(SHA256.HashData("noise"u8));
        random.Fill(noise);
        Assert.Empty(search.Find(noise));
        Assert.Empty(search.Find(new byte[4096]));
        for (int i = 0; i < needles.Length; i += 7)
        {
            (string name, byte[] bytes) = needles[i];
            foreach (byte[] background in (byte[][])[noise, new byte[4096]])
            {
                byte[] haystack = [.. background[..(1000 + i % 17)], .. bytes, .. background];
                Assert.Contains(name, search.Find(haystack));
                haystack[1000 + i % 17 + bytes.Length / 2] ^= 0x10;
                Assert.DoesNotContain(name, search.Find(haystack));
            }
        }

        // Base64 and hex of longer strings that hold the vector at any place.
        byte[] vector = [.. values.SelectMany(BitConverter.GetBytes)];
        for (int before = 0; before < 7; before++)
        {
            byte[] whole = [.. new byte[before], .. vector, 1];
            Assert.Contains("raw float64 LE base64", search.Find(Encoding.ASCII.GetBytes(Convert.ToBase64String(whole))));
            Assert.Contains("raw float64 LE hex in UTF-16", search.Find(Encoding.Unicode.GetBytes("x" + Convert.ToHexString(whole))));
        }

        Assert.Contains("raw float64 decimal", search.Find(Encoding.UTF8.GetBytes(System.Text.Json.JsonSerializer.Serialize(values))));
    }

    private static double[] Canary() => Vector("canary");

    /// <summary>Uniform, with a norm below the clip norm whatever the draw.</summary>
    private static double[] Vector(string seed)
    {
        using KeyedRandomSource random = new(SHA256.HashData(Encoding.UTF8.GetBytes(seed)));
        byte[] bytes = new byte[8 * Length];
        random.Fill(bytes);
        return [.. Enumerable.Range(0, Length).Select(i => BinaryPrimitives.ReadInt64LittleEndian(bytes.AsSpan(8 * i)) * Math.ScaleB(0.99 * ClipNorm / Math.Sqrt(Length), -63))];
    }

    private IReadOnlySet<string> SearchMemory(ServerProcess server, NeedleSearch search)
    {
        if (ProcessMemory.TrySearch(server.Process, search, out string reason) is not { } result)
        {
            Assert.Skip(reason);
            throw new InvalidOperationException(reason);
        }

        output.WriteLine($"{search.Count} byte strings sought at {result.Bytes} offsets of the server's memory: {string.Join(", ", result.Found)}");
        return result.Found;
    }

    /// <summary>Everything that the service answers to a client, an operator or an auditor.</summary>
    private static async Task<IReadOnlySet<string>> SearchPublishedAsync(HandSteppedClient[] clients, NeedleSearch search)
    {
        HttpClient http = clients[0].Http;
        Identifier task = clients[0].TaskId;
        Identifier round = clients[0].Round;
        HashSet<string> found = new(StringComparer.Ordinal);
        List<byte[]> blobs = [];
        foreach (string path in (string[])
            [
                Routes.Task(task), Routes.TaskPart(task, "parameters"), Routes.TaskPart(task, "rounds"), Routes.TaskPart(task, "models"), Routes.TaskPart(task, "entries"),
                Routes.Round(task, round), .. new[] { "opening", "keys", "survivors", "unmask-request", "aggregate", "manifest" }.Select(part => Routes.RoundPart(task, round, part)),
            ])
        {
            using HttpResponseMessage response = await http.GetAsync(path);
            Assert.True(response.IsSuccessStatusCode || response.StatusCode == HttpStatusCode.Conflict || response.StatusCode == HttpStatusCode.NotFound, $"{path}: {response.StatusCode}");
            blobs.Add(await response.Content.ReadAsByteArrayAsync());
        }

        foreach (HandSteppedClient client in clients)
        {
            blobs.Add(await client.Http.GetByteArrayAsync(client.PathOf("shares")));
            blobs.Add(await client.Http.GetByteArrayAsync(client.PathOf("receipt")));
        }

        EntryView[] entries = await Http.RoundResourceTests.EntriesAsync(http, task);
        Assert.True(entries.Length > 4 * Clients);
        blobs.AddRange(entries.Select(e => Convert.FromBase64String(e.Entry)));
        foreach (ModelView model in await (await http.GetAsync(Routes.TaskPart(task, "models"))).ReadAsync<ModelView[]>())
            blobs.Add(await http.GetByteArrayAsync($"/v1/models/{model.ModelDigest}"));
        foreach (byte[] blob in blobs)
            found.UnionWith(search.Find(blob));
        return found;
    }

    private static async Task<HandSteppedClient[]> JoinAsync(ServerProcess server, string keys)
    {
        JsonArray members = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(keys, "roster.json")))!["members"]!.AsArray();
        Identifier[] IdsOf(string role) => [.. members.Where(m => (string?)m!["role"] == role).Select(m => Identifier.Parse(m!["id"]!.GetValue<string>()))];
        var policy = PolicyFile.Load(Path.Combine(keys, "policy.json")) with { RequiresNoise = false }; // What masks alone must hide.
        Assert.True(Roster.TryDecode(await File.ReadAllBytesAsync(Path.Combine(keys, "roster.signed")), policy.RosterAuthorityKey.Span, out Roster? roster));
        HttpClient HttpOf(Identifier id, SigningKey key) => SignedHttpClient.Create(server.Address, server.CertificatePin, id, key);

        using HttpClient operatorHttp = HttpOf(IdsOf("operator")[0], IdentityFile.Load(Path.Combine(keys, "operator.pem")));
        TaskDefinition definition = Definitions.Vector(Length, Clients, clipNorm: ClipNorm, deltaDrop: 0.1m) with
        {
            Deadlines = new DeadlineDefinition { AdvertiseMilliseconds = 600_000, PhaseMilliseconds = 600_000, GraceMilliseconds = 60_000 },
        };
        Identifier task = Identifier.Parse((await new SecureFedOperator(operatorHttp).CreateTaskAsync(definition)).TaskId);
        List<HandSteppedClient> clients = [];
        foreach ((Identifier id, int index) in IdsOf("client").Select((id, index) => (id, index)))
        {
            Member member = new(id, IdentityFile.Load(Path.Combine(keys, $"client-{index + 1}.pem")), RosterRole.Client, "");
            HttpClient http = HttpOf(id, member.Key);
            Identifier round = Identifier.Parse((await HandSteppedClient.WaitForRoundAsync(http, task)).Round!.RoundId);
            Assert.True(TaskParameters.TryDecode(await http.GetByteArrayAsync(Routes.TaskPart(task, "parameters")), out TaskParameters? parameters));
            SignedEntry opening = await HandSteppedClient.OpeningAsync(http, task, round);
            clients.Add(new HandSteppedClient(member, http, new ClientContext(id, member.Key, roster!, parameters!, policy), round, opening));
        }

        return [.. clients];
    }

    private static uint[] WordsOf(byte[] upload)
    {
        Assert.Null(SignedMessage.TryDecode(upload, out SignedMessage? message));
        Upload body = Assert.IsType<Upload>(message!.Body);
        uint[] words = new uint[body.Dimension];
        Assert.True(RingPacking.TryUnpack(body.PackedWords.Span, body.RingBits, words));
        return words;
    }

    private static async Task<TaskView> FinishedAsync(HandSteppedClient client)
    {
        for (int i = 0; i < 500; i++)
        {
            TaskView view = await (await client.Http.GetAsync(Routes.Task(client.TaskId))).ReadAsync<TaskView>();
            if (view.Finished)
                return view;
            await Task.Delay(20);
        }

        throw new InvalidOperationException("The task did not finish.");
    }
}
