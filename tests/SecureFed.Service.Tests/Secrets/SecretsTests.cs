using System.Buffers.Binary;
using System.Collections;
using System.Collections.Concurrent;
using System.Globalization;
using System.Reflection;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using SecureFed.Client.Rounds;
using SecureFed.Client.State;
using SecureFed.Cryptography.Keys;
using SecureFed.Cryptography.Randomness;
using SecureFed.Protocol.Requests;
using SecureFed.Protocol.Resources;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Wire;
using SecureFed.Server;
using SecureFed.Server.Storage;
using SecureFed.Service.Tests.Consortium;
using SecureFed.Service.Tests.Http;

namespace SecureFed.Service.Tests.Secrets;

/// <summary>Runs a round with every log line on and then searches all that the server has for what it must not have.</summary>
public sealed class SecretsTests
{
    private const double Canary = 1234.5678;
    private const int Length = 40;

    [Fact]
    public async Task Nothing_on_the_servers_side_holds_an_update_or_a_key_of_a_client()
    {
        LogList log = new();
        using TestConsortium consortium = new(null, log);
        Identifier task = await consortium.CreateTaskAsync(Definitions.Vector(Length, clients: 5, clipNorm: 10_000));
        KeepingStore[] stores = [.. Enumerable.Range(0, 5).Select(_ => new KeepingStore())];
        WireList wire = new();

        // The first client's update carries the canary; the others' keep the sum away from it.
        RoundOutcome[] outcomes = await Task.WhenAll(Enumerable.Range(0, 5).Select(i => consortium
            .ClientFor(i, task, o => o.StateStore = stores[i], new WireRecorder(wire))
            .ContributeAsync(Enumerable.Repeat(i == 0 ? Canary : -17.25 * i, Length).ToArray())));
        using HttpClient http = consortium.HttpFor(consortium.Operator, new WireRecorder(wire));
        await RoundResourceTests.FinishedAsync(http, task);
        foreach (string part in new[] { "entries", "rounds", "models", "parameters" })
            await http.GetByteArrayAsync(Routes.TaskPart(task, part));
        foreach (string part in new[] { "manifest", "aggregate", "opening", "keys", "survivors", "unmask-request" })
            await http.GetByteArrayAsync(Routes.RoundPart(task, outcomes[0].RoundId, part));
        await http.GetAsync(Routes.RoundPart(task, outcomes[0].RoundId, "shares", consortium.Clients[0].Id));
        await http.GetAsync(Routes.Model(Digest.Of("no model"u8)));

        List<(string Name, byte[] Pattern)> secrets = [.. CanaryPatterns(outcomes[0].Quantized.Span[0])];
        for (int i = 0; i < 5; i++)
        {
            secrets.AddRange(KeyPatterns($"identity key {i}", Export(consortium.Clients[i].Key)));
            secrets.AddRange(stores[i].Secrets().SelectMany(s => KeyPatterns($"{s.Name} of client {i}", s.Value)));
        }

        secrets.AddRange(KeyPatterns("server key", Export(consortium.ServerMember.Key)));
        byte[][] haystacks =
        [
            .. log.Lines.Select(Encoding.UTF8.GetBytes),
            .. wire.Bodies,
            .. ServerMemory.Of(consortium.Services),
        ];
        Assert.True(log.Lines.Count > 20, "The log was on.");
        Assert.True(haystacks.Length > 100, $"{haystacks.Length} pieces searched");
        Assert.Contains(haystacks, h => h.AsSpan().IndexOf(consortium.Clients[0].Id.ToArray()) >= 0); // The search finds what is there.
        Assert.True(secrets.Count > 40);
        foreach ((string name, byte[] pattern) in secrets)
            Assert.True(Array.TrueForAll(haystacks, h => h.AsSpan().IndexOf(pattern) < 0), $"Found: {name}");
    }

    [Fact]
    public async Task A_dropped_clients_seed_never_reaches_the_server_and_its_upload_stays_masked()
    {
        LogList log = new();
        using TestConsortium consortium = new(null, log);
        Identifier task = await consortium.CreateTaskAsync(Definitions.Vector(Length, clients: 8, clipNorm: 10_000, deltaDrop: 0.13m));
        KeepingStore dropped = new() { StopsAt = RoundPhase.Upload };
        Task<RoundOutcome>[] staying = [.. Enumerable.Range(1, 7).Select(i => consortium.ClientFor(i, task).ContributeAsync(Enumerable.Repeat(1.0 * i, Length).ToArray()))];
        await Assert.ThrowsAsync<OperationCanceledException>(() => consortium.ClientFor(0, task, o => o.StateStore = dropped).ContributeAsync(Enumerable.Repeat(Canary, Length).ToArray()));
        await Task.WhenAll(staying);

        // Its mask key is recovered from the others' shares, as the protocol wants, but kept nowhere; its self-mask seed is asked of nobody.
        byte[][] memory = [.. ServerMemory.Of(consortium.Services), .. log.Lines.Select(Encoding.UTF8.GetBytes)];
        foreach ((string name, byte[] secret) in dropped.Secrets())
            Assert.True(Array.TrueForAll(memory, m => m.AsSpan().IndexOf(secret) < 0), name);
        Assert.NotEmpty(dropped.Secrets());
    }

    [Fact]
    public void Objects_that_hold_a_secret_do_not_print_it()
    {
        using SigningKey key = SigningKey.Generate(OperatingSystemRandomSource.Instance);
        string scalar = Convert.ToHexStringLower(Export(key));
        Assert.DoesNotContain(scalar, key.ToString(), StringComparison.OrdinalIgnoreCase);
        Privacy.Updates.UpdateLayout layout = new([new Privacy.Updates.UpdateSegment("all", 1, 10_000, 4)], 32);
        Assert.DoesNotContain("1234", Privacy.Updates.ModelUpdate.Create(layout, [Canary]).ToString(), StringComparison.Ordinal);
    }

    private static IEnumerable<(string, byte[])> CanaryPatterns(int quantized)
    {
        byte[] eight = new byte[8];
        byte[] four = new byte[4];
        foreach (string text in new[] { "1234.5678", "1234,5678", Canary.ToString("E", CultureInfo.InvariantCulture)[..8] })
            yield return ($"text {text}", Encoding.UTF8.GetBytes(text));
        BinaryPrimitives.WriteDoubleBigEndian(eight, Canary);
        yield return ("double, big-endian", [.. eight]);
        BinaryPrimitives.WriteDoubleLittleEndian(eight, Canary);
        yield return ("double, little-endian", [.. eight]);
        BinaryPrimitives.WriteSingleBigEndian(four, (float)Canary);
        yield return ("float, big-endian", [.. four, .. four]);
        BinaryPrimitives.WriteSingleLittleEndian(four, (float)Canary);
        yield return ("float, little-endian", [.. four, .. four]);

        // Stochastic rounding leaves two neighbours; a run of two coordinates is what chance does not produce.
        foreach (int first in new[] { quantized - 1, quantized, quantized + 1 })
        {
            foreach (int second in new[] { quantized - 1, quantized, quantized + 1 })
            {
                BinaryPrimitives.WriteInt32BigEndian(eight, first);
                BinaryPrimitives.WriteInt32BigEndian(eight.AsSpan(4), second);
                yield return ("fixed point, big-endian", [.. eight]);
                BinaryPrimitives.WriteInt32LittleEndian(eight, first);
                BinaryPrimitives.WriteInt32LittleEndian(eight.AsSpan(4), second);
                yield return ("fixed point, little-endian", [.. eight]);
            }
        }
    }

    private static IEnumerable<(string, byte[])> KeyPatterns(string name, byte[] key)
    {
        yield return (name, key);
        yield return (name + " in hexadecimal", Encoding.ASCII.GetBytes(Convert.ToHexStringLower(key)));
        yield return (name + " in upper-case hexadecimal", Encoding.ASCII.GetBytes(Convert.ToHexString(key)));
        yield return (name + " in base64", Encoding.ASCII.GetBytes(Convert.ToBase64String(key).TrimEnd('=')[..^1]));
    }

    private static byte[] Export(SigningKey key)
    {
        byte[] scalar = new byte[32];
        key.ExportPrivateKey(scalar);
        return scalar;
    }

    /// <summary>Remembers the round secrets out of every saved state, by the names that the client's own state type gives them.</summary>
    private sealed class KeepingStore : IRoundStateStore
    {
        private readonly MemoryRoundStateStore inner = new();
        private byte[] last = [];

        public RoundPhase? StopsAt { get; init; }

        public Task<SavedRounds?> LoadAsync(Identifier taskId, CancellationToken cancellationToken = default) => inner.LoadAsync(taskId, cancellationToken);

        public Task SaveAsync(Identifier taskId, SavedRounds saved, RoundPhase step, CancellationToken cancellationToken = default)
        {
            last = saved.ActiveRound.ToArray();
            return step == StopsAt ? throw new OperationCanceledException() : inner.SaveAsync(taskId, saved, step, cancellationToken);
        }

        public Task EraseRoundAsync(Identifier taskId, int lastRoundNumber, CancellationToken cancellationToken = default) => inner.EraseRoundAsync(taskId, lastRoundNumber, cancellationToken);

        /// <summary>The self-mask seed of a survivor is revealed on purpose, by shares; here are the keys that never are.</summary>
        public IEnumerable<(string Name, byte[] Value)> Secrets()
        {
            Type type = typeof(Protocol.Masking.MaskingClient).Assembly.GetType("SecureFed.Protocol.Masking.MaskingClientState", throwOnError: true)!;
            MethodInfo decode = type.GetMethod("TryDecode", BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic)!;
            object state = decode.CreateDelegate<Decode>()(last);
            foreach (string name in new[] { "MaskPrivateKey", "SealingPrivateKey", "SelfMaskSeed" })
            {
                byte[] value = (byte[])type.GetProperty(name, BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic)!.GetValue(state)!;
                Assert.Contains(value, b => b != 0);
                yield return (name, value);
            }
        }

        private delegate object Decode(ReadOnlySpan<byte> saved);
    }

    private sealed class LogList : ILoggerProvider, ILogger
    {
        public ConcurrentBag<string> Lines { get; } = [];

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull
        {
            Lines.Add($"{state}");
            return null;
        }

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            Lines.Add($"{formatter(state, exception)} {exception}");
            if (state is IEnumerable<KeyValuePair<string, object?>> values)
                Lines.Add(string.Join(' ', values.Select(v => $"{v.Key}={v.Value}")));
        }

        public void Dispose()
        {
        }
    }

    private sealed class WireList
    {
        public ConcurrentBag<byte[]> Bodies { get; } = [];
    }

    /// <summary>Everything that goes to the server and everything that it answers.</summary>
    private sealed class WireRecorder(WireList wire) : DelegatingHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            wire.Bodies.Add(Encoding.UTF8.GetBytes($"{request}"));
            if (request.Content is not null)
                wire.Bodies.Add(await request.Content.ReadAsByteArrayAsync(cancellationToken));
            HttpResponseMessage response = await base.SendAsync(request, cancellationToken);
            wire.Bodies.Add(Encoding.UTF8.GetBytes($"{response}"));
            wire.Bodies.Add(await response.Content.ReadAsByteArrayAsync(cancellationToken));
            return response;
        }
    }

    /// <summary>Entries and blobs of the server's memory store, read by reflection.</summary>
    private static class ServerMemory
    {
        public static IEnumerable<byte[]> Of(IServiceProvider services)
        {
            Type registryType = typeof(SecureFedServer).Assembly.GetType("SecureFed.Server.Tasks.TaskRegistry", throwOnError: true)!;
            object registry = services.GetRequiredService(registryType);
            foreach (object host in (IEnumerable)Property(registry, "All"))
            {
                object store = Field(host, "store");
                foreach (StoredEntry entry in (IEnumerable)Field(store, "entries"))
                    yield return entry.Bytes.ToArray();
                foreach (byte[] file in (IEnumerable)Property(Field(store, "files"), "Values"))
                    yield return file;
                foreach (object blobs in ((IEnumerable)Property(Field(store, "rounds"), "Values")).Cast<object>().Prepend(Field(store, "permanent")))
                {
                    foreach (object value in (IEnumerable)Property(blobs, "Values"))
                        yield return ((ReadOnlyMemory<byte>)value).ToArray();
                }
            }
        }

        private static object Property(object of, string name) => of.GetType().GetProperty(name)!.GetValue(of)!;

        private static object Field(object of, string name) => of.GetType().GetField(name, BindingFlags.Instance | BindingFlags.NonPublic)!.GetValue(of)!;
    }
}
