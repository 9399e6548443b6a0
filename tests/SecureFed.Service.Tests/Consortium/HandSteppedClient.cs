using System.Net;
using System.Net.Http.Headers;
using SecureFed.Client;
using SecureFed.Cryptography.Randomness;
using SecureFed.Privacy.Updates;
using SecureFed.Protocol.Masking;
using SecureFed.Protocol.Masking.Messages;
using SecureFed.Protocol.Requests;
using SecureFed.Protocol.Resources;
using SecureFed.Protocol.Tasks;
using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Transparency.Log;
using SecureFed.Protocol.Wire;

namespace SecureFed.Service.Tests.Consortium;

/// <summary>A client whose every message a test sends by hand, in order to look at single requests.</summary>
internal sealed class HandSteppedClient(Member member, HttpClient http, ClientContext context, Identifier round, SignedEntry opening) : IDisposable
{
    public const int WaitSeconds = 20;
    private static readonly IRandomSource Random = OperatingSystemRandomSource.Instance;
    private readonly MaskingClient masking = Begin(context, opening);

    public Member Member => member;

    public HttpClient Http => http;

    public Identifier Round => round;

    public Identifier TaskId => context.Task.TaskId;

    public UpdateLayout Layout => masking.Round.Layout;

    /// <summary>The integers of the last upload before they were masked.</summary>
    public int[] Integers { get; private set; } = [];

    public Digest OpenDigest => masking.OpenDigest;

    public byte[] Advertisement => masking.Advertisement.ToArray();

    private static MaskingClient Begin(ClientContext context, SignedEntry opening) =>
        MaskingClient.Begin(context, opening, 0, Random) is var begun && begun.Client is { } client ? client : throw new InvalidOperationException(begun.Refusal!.Detail);

    /// <summary>Waits for the task's first round and begins it.</summary>
    public static async Task<HandSteppedClient> JoinAsync(TestConsortium consortium, int index, Identifier task)
    {
        Member member = consortium.Clients[index];
        HttpClient http = consortium.HttpFor(member);
        TaskView view = await WaitForRoundAsync(http, task);
        Identifier round = Identifier.Parse(view.Round!.RoundId);
        TaskParameters.TryDecode(await http.GetByteArrayAsync(Routes.TaskPart(task, "parameters")), out TaskParameters? parameters);
        SignedEntry opening = await OpeningAsync(http, task, round);
        ClientContext context = new(member.Id, member.Key, consortium.Roster, parameters!, consortium.Policy);
        return new HandSteppedClient(member, http, context, round, opening);
    }

    /// <summary>The signed ROUND_OPENED entry; whether its proof holds is for other tests.</summary>
    public static async Task<SignedEntry> OpeningAsync(HttpClient http, Identifier task, Identifier round) =>
        Decode(await WaitForAsync(http, Routes.RoundPart(task, round, "opening")), "opening").Entry;

    public static async Task<HandSteppedClient[]> JoinAllAsync(TestConsortium consortium, Identifier task, int clients = 3)
    {
        List<HandSteppedClient> joined = [];
        for (int i = 0; i < clients; i++)
            joined.Add(await JoinAsync(consortium, i, task));
        return [.. joined];
    }

    public string PathOf(string part) => Routes.RoundPart(context.Task.TaskId, round, part, member.Id);

    public Task<HttpResponseMessage> PutAsync(string part, byte[] body) => PutToAsync(PathOf(part), body);

    public Task<HttpResponseMessage> PutToAsync(string path, byte[] body) => http.PutAsync(path, Binary(body));

    public static ByteArrayContent Binary(byte[] body)
    {
        ByteArrayContent content = new(body);
        content.Headers.ContentType = MediaTypeHeaderValue.Parse(MediaTypes.Of("test"));
        return content;
    }

    public Task<HttpResponseMessage> AdvertiseAsync() => PutAsync("keys", Advertisement);

    public async Task<byte[]> SharesAsync() => masking.OnCohort(await AnnouncementAsync("keys"), Random).Message!.Value.ToArray();

    public async Task<byte[]> UploadAsync(params double[] values)
    {
        byte[] body = await WaitForAsync(http, PathOf("shares"));
        CanonicalReader reader = new(body);
        Announcement dealers = Decode(reader.Opaque(Announcement.GreatestBlobBytes), "dealers list");
        (int, ReadOnlyMemory<byte>)[] inbox = reader.List(1000, 8, (ref CanonicalReader r) => (r.Count(1000), (ReadOnlyMemory<byte>)r.Opaque(ShareBundle.BoxBytes).ToArray()));
        UpdatePipeline pipeline = new(Random);
        QuantizedUpdate quantized = pipeline.Quantize(masking.Round.Layout, values);
        Integers = quantized.Values.ToArray();
        return masking.OnDealers(dealers, inbox, pipeline.AddNoise(quantized, masking.ShareVariance)).Masked!.Bytes.ToArray();
    }

    public async Task<byte[]> ConfirmationAsync() => masking.OnSurvivors(await AnnouncementAsync("survivors")).Message!.Value.ToArray();

    public async Task<byte[]> AnswerAsync() => masking.OnUnmaskRequest(await AnnouncementAsync("unmask-request")).Message!.Value.ToArray();

    public async Task<Announcement> AnnouncementAsync(string part) =>
        Decode(await WaitForAsync(http, Routes.RoundPart(TaskId, round, part)), part);

    /// <summary>The entry of the upload, out of a receipt that a stock verifier accepts.</summary>
    public async Task<TaskEvent.MessageAccepted> ReceiptAsync()
    {
        Assert.True(TlogProof.TryParse(await WaitForAsync(http, PathOf("receipt")), out TlogProof? proof));
        Assert.Null(proof!.Verify(context.Policy.LogPolicy(LogOrigin.Of(context.Policy.ServerKey.Span, TaskId)), proof.Extra, out _));
        Assert.True(LogEntry.TryDecode(proof.Extra, out LogEntry? entry));
        return Assert.IsType<TaskEvent.MessageAccepted>(entry!.Event);
    }

    public void Dispose()
    {
        masking.Dispose();
        http.Dispose();
    }

    /// <summary>Takes the whole cohort through the round; each client contributes weight 1 and the same value in every coordinate.</summary>
    public static async Task CompleteAsync(HandSteppedClient[] cohort, Func<int, double[]> values)
    {
        foreach (HandSteppedClient client in cohort)
            await Accept(client.AdvertiseAsync());
        foreach (HandSteppedClient client in cohort)
            await Accept(client.PutAsync("shares", await client.SharesAsync()));
        for (int i = 0; i < cohort.Length; i++)
            await Accept(cohort[i].PutAsync("uploads", await cohort[i].UploadAsync(values(i))));
        foreach (HandSteppedClient client in cohort)
            await Accept(client.PutAsync("confirmations", await client.ConfirmationAsync()));
        foreach (HandSteppedClient client in cohort)
            await Accept(client.PutAsync("unmask", await client.AnswerAsync()), HttpStatusCode.Gone);
    }

    /// <summary>The message is new; or, where enough others came before, too late.</summary>
    public static async Task Accept(Task<HttpResponseMessage> sending, HttpStatusCode? orElse = null)
    {
        using HttpResponseMessage response = await sending;
        Assert.True(response.StatusCode == HttpStatusCode.Created || response.StatusCode == orElse, $"{response.StatusCode}: {await response.Content.ReadAsStringAsync()}");
    }

    public static async Task<TaskView> WaitForRoundAsync(HttpClient http, Identifier task)
    {
        using HttpResponseMessage first = await http.GetAsync(Routes.Task(task));
        TaskView view = await first.ReadAsync<TaskView>();
        string? tag = first.Headers.ETag?.ToString();
        while (view.Round is null)
        {
            using HttpRequestMessage request = new(HttpMethod.Get, Routes.Task(task));
            request.Headers.TryAddWithoutValidation("Prefer", "wait=20");
            request.Headers.TryAddWithoutValidation("If-None-Match", tag);
            using HttpResponseMessage response = await http.SendAsync(request);
            view = await response.ReadAsync<TaskView>();
            tag = response.Headers.ETag?.ToString();
        }

        return view;
    }

    private static Announcement Decode(ReadOnlySpan<byte> bytes, string what) =>
        ProvenAnnouncement.TryDecode(bytes, out ProvenAnnouncement? proven) ? proven!.Announcement : throw new InvalidOperationException($"{what} is malformed.");

    private static async Task<byte[]> WaitForAsync(HttpClient http, string path)
    {
        using HttpRequestMessage request = new(HttpMethod.Get, path);
        request.Headers.TryAddWithoutValidation("Prefer", $"wait={WaitSeconds}");
        using HttpResponseMessage response = await http.SendAsync(request);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        return await response.Content.ReadAsByteArrayAsync();
    }
}
