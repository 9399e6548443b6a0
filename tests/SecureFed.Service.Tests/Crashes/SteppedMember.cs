using System.Net;
using SecureFed.Client;
using SecureFed.Cryptography.Randomness;
using SecureFed.Privacy.Updates;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Masking;
using SecureFed.Protocol.Masking.Messages;
using SecureFed.Protocol.Requests;
using SecureFed.Protocol.Tasks;
using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Wire;
using SecureFed.Service.Tests.Consortium;

namespace SecureFed.Service.Tests.Crashes;

/// <summary>One client of a <see cref="StoredServer"/> whose messages a test sends by hand, as often as it likes. Survives the server's restarts.</summary>
internal sealed class SteppedMember : IDisposable
{
    private static readonly IRandomSource Random = OperatingSystemRandomSource.Instance;
    private readonly StoredServer server;
    private readonly Identifier task;
    private readonly Identifier round;
    private readonly MaskingClient masking;

    private SteppedMember(StoredServer server, Member member, Identifier task, Identifier round, MaskingClient masking)
    {
        this.server = server;
        this.task = task;
        this.round = round;
        this.masking = masking;
        Member = member;
    }

    public Member Member { get; }

    public static async Task<SteppedMember> JoinAsync(StoredServer server, int index, Identifier task)
    {
        Member member = server.Clients[index];
        using HttpClient http = server.HttpFor(member);
        Identifier opened = Identifier.Parse((await HandSteppedClient.WaitForRoundAsync(http, task)).Round!.RoundId);
        Assert.True(TaskParameters.TryDecode(await http.GetByteArrayAsync(Routes.TaskPart(task, "parameters")), out TaskParameters? parameters));
        ClientContext context = new(member.Id, member.Key, server.Roster, parameters!, server.Policy);
        SignedEntry opening = Decode(await GetAsync(http, Routes.RoundPart(task, opened, "opening"))).Entry;
        (MaskingClient? begun, RoundRejection? refusal) = MaskingClient.Begin(context, opening, 0, Random);
        return new SteppedMember(server, member, task, opened, begun ?? throw new InvalidOperationException(refusal!.Detail));
    }

    public string PathOf(string part) => Routes.RoundPart(task, round, part, Member.Id);

    public async Task<HttpResponseMessage> PutAsync(string part, byte[] body)
    {
        using HttpClient http = server.HttpFor(Member);
        return await http.PutAsync(PathOf(part), HandSteppedClient.Binary(body));
    }

    /// <summary>The message of this part, once the server has published what it needs.</summary>
    public async Task<byte[]> MakeAsync(string part)
    {
        using HttpClient http = server.HttpFor(Member);
        ClientStep step = part switch
        {
            "shares" => masking.OnCohort(await AnnouncementAsync("keys"), Random),
            "uploads" => await UploadAsync(),
            "confirmations" => masking.OnSurvivors(await AnnouncementAsync("survivors")),
            "unmask" => masking.OnUnmaskRequest(await AnnouncementAsync("unmask-request")),
            _ => throw new ArgumentOutOfRangeException(nameof(part)),
        };
        return (step.Masked?.Bytes ?? step.Message!.Value).ToArray();

        async Task<Announcement> AnnouncementAsync(string list) => Decode(await GetAsync(http, Routes.RoundPart(task, round, list)));

        async Task<ClientStep> UploadAsync()
        {
            byte[] body = await GetAsync(http, PathOf("shares"));
            CanonicalReader reader = new(body);
            Announcement dealers = Decode(reader.Opaque(Announcement.GreatestBlobBytes));
            (int, ReadOnlyMemory<byte>)[] inbox = reader.List(1000, 8, (ref CanonicalReader r) => (r.Count(1000), (ReadOnlyMemory<byte>)r.Opaque(ShareBundle.BoxBytes).ToArray()));
            UpdatePipeline pipeline = new(Random);
            QuantizedUpdate quantized = pipeline.Quantize(masking.Round.Layout, new double[masking.Round.Layout.ComputedDimension]);
            return masking.OnDealers(dealers, inbox, pipeline.AddNoise(quantized, masking.ShareVariance));
        }
    }

    public byte[] Advertisement() => masking.Advertisement.ToArray();

    public void Dispose() => masking.Dispose();

    private static Announcement Decode(ReadOnlySpan<byte> body) =>
        ProvenAnnouncement.TryDecode(body, out ProvenAnnouncement? proven) ? proven!.Announcement : throw new InvalidDataException("An announcement is malformed.");

    private static async Task<byte[]> GetAsync(HttpClient http, string path)
    {
        using HttpRequestMessage request = new(HttpMethod.Get, path);
        request.Headers.TryAddWithoutValidation("Prefer", "wait=20");
        using HttpResponseMessage response = await http.SendAsync(request);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        return await response.Content.ReadAsByteArrayAsync();
    }
}
