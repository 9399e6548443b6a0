using System.Net;
using SecureFed.Client.Http;
using SecureFed.Client.Log;
using SecureFed.Protocol.Encryption;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Masking;
using SecureFed.Protocol.Masking.Messages;
using SecureFed.Protocol.Requests;
using SecureFed.Protocol.Resources;
using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Wire;

namespace SecureFed.Client.Rounds;

/// <summary>The messages of one round over HTTP. As an upload it takes nothing but a <see cref="MaskedUpdate"/> or <see cref="EncryptedUpdate"/>; as an announcement it gives nothing but what stands in the log.</summary>
internal sealed class RoundTransport(ServiceConnection connection, LogFollower log, Identifier task, Identifier opened, Identifier self, TimeSpan longestWait, TimeProvider time)
{
    private const int GreatestInbox = 1 << 20;
    private static readonly TimeSpan Poll = TimeSpan.FromSeconds(10);

    private Identifier round = opened;

    /// <summary>From here on messages travel under the id of the leaf in which the client stands.</summary>
    public void MoveTo(Identifier leaf) => round = leaf;

    public Task<Announcement> GetCohortAsync(CancellationToken cancellationToken) => WaitForAsync("keys", cancellationToken);

    public Task<Announcement> GetSurvivorsAsync(CancellationToken cancellationToken) => WaitForAsync("survivors", cancellationToken);

    public Task<Announcement> GetUnmaskRequestAsync(CancellationToken cancellationToken) => WaitForAsync("unmask-request", cancellationToken);

    public Task<Announcement> GetOpeningAsync(CancellationToken cancellationToken) => WaitForAsync("opening", cancellationToken);

    public async Task<(Announcement Dealers, IReadOnlyList<(int Dealer, ReadOnlyMemory<byte> Box)> Inbox)> GetInboxAsync(CancellationToken cancellationToken)
    {
        (byte[] body, ulong asked) = await WaitForBodyAsync(Routes.RoundPart(task, round, "shares", self), cancellationToken);
        (ProvenAnnouncement dealers, IReadOnlyList<(int, ReadOnlyMemory<byte>)> boxes) = TryDecodeInbox(body) ?? throw Malformed("inbox");
        return (await log.AcceptAsync(dealers, asked, cancellationToken), boxes);
    }

    /// <summary>Asks for the proof that an acknowledged upload is in the log, and keeps it.</summary>
    public async Task KeepReceiptAsync(SignedEntry receipt, CancellationToken cancellationToken)
    {
        (byte[] body, ulong asked) = await WaitForBodyAsync(Routes.RoundPart(task, round, "receipt", self), cancellationToken);
        ProvenAnnouncement proven = ProvenAnnouncement.TryDecode(body, out ProvenAnnouncement? read) ? read! : throw Malformed("receipt");
        await log.KeepReceiptAsync(receipt, proven, asked, round, cancellationToken);
    }

    public Task<SignedEntry> SendAdvertisementAsync(ReadOnlyMemory<byte> message, CancellationToken cancellationToken) =>
        PutAsync("keys", "advertisement", message, cancellationToken);

    public Task<SignedEntry> SendSharesAsync(ReadOnlyMemory<byte> message, CancellationToken cancellationToken) =>
        PutAsync("shares", "share-bundle", message, cancellationToken);

    public Task<SignedEntry> SendUploadAsync(MaskedUpdate upload, CancellationToken cancellationToken) =>
        PutAsync("uploads", "upload", upload.Bytes, cancellationToken);

    public Task<SignedEntry> SendUploadAsync(EncryptedUpdate upload, CancellationToken cancellationToken) =>
        PutAsync("uploads", "upload", upload.Bytes, cancellationToken);

    public Task<SignedEntry> SendConfirmationAsync(ReadOnlyMemory<byte> message, CancellationToken cancellationToken) =>
        PutAsync("confirmations", "confirmation", message, cancellationToken);

    public Task<SignedEntry> SendUnmaskAnswerAsync(ReadOnlyMemory<byte> message, CancellationToken cancellationToken) =>
        PutAsync("unmask", "unmask-answer", message, cancellationToken);

    /// <summary>Of an encrypted round: the uploads whose shares its key holders check.</summary>
    public Task<Announcement> GetFixedUploadsAsync(CancellationToken cancellationToken) => WaitForAsync("fixed-uploads", cancellationToken);

    public Task<SignedEntry> SendCheckAsync(ReadOnlyMemory<byte> message, CancellationToken cancellationToken) =>
        PutAsync("checks", "share-check-answer", message, cancellationToken);

    /// <summary>Where an own round stands.</summary>
    public async Task<RoundView> GetRoundAsync(CancellationToken cancellationToken) =>
        ServiceConnection.ReadJson<RoundView>(await connection.GetAsync(Routes.Round(task, round), cancellationToken: cancellationToken));

    /// <summary>What clients sealed for this key holder, from one place of the fixed list on; empty after the last. Not proven: the role compares every record with the list.</summary>
    public async Task<IReadOnlyList<HolderDelivery>> GetBoxesAsync(int from, CancellationToken cancellationToken)
    {
        string path = FormattableString.Invariant($"{Routes.RoundPart(task, round, "boxes", self)}?from={from}");
        return HolderDelivery.TryDecodePage((await connection.GetAsync(path, cancellationToken: cancellationToken)).Body) ?? throw Malformed("page of sealed shares");
    }

    /// <summary>Under a single key: a listed upload with all its ciphertexts. Not proven: the role compares its record with the list.</summary>
    public async Task<HolderDelivery> GetUploadAsync(Identifier client, CancellationToken cancellationToken) =>
        HolderDelivery.TryDecode((await connection.GetAsync(Routes.RoundPart(task, round, "uploads", client), cancellationToken: cancellationToken)).Body) ?? throw Malformed("delivery of an upload");

    private async Task<Announcement> WaitForAsync(string part, CancellationToken cancellationToken)
    {
        (byte[] body, ulong asked) = await WaitForBodyAsync(Routes.RoundPart(task, round, part), cancellationToken);
        return ProvenAnnouncement.TryDecode(body, out ProvenAnnouncement? announcement) ? await log.AcceptAsync(announcement!, asked, cancellationToken) : throw Malformed(part);
    }

    /// <summary>Always names the size of the largest checkpoint, which the answer must continue.</summary>
    /// <returns>The answer, and the size that its request named.</returns>
    private async Task<(byte[] Body, ulong Asked)> WaitForBodyAsync(string path, CancellationToken cancellationToken)
    {
        long started = time.GetTimestamp();
        while (time.GetElapsedTime(started) < longestWait)
        {
            long since = time.GetTimestamp();
            ulong asked = log.Size;
            ServiceResponse response = await connection.GetAsync(FormattableString.Invariant($"{path}?{Routes.KnownSize}={asked}"), Poll, null, cancellationToken);
            if (response.Status == HttpStatusCode.OK)
                return (response.Body, asked);
            await FollowLogAsync(cancellationToken);
            await PollPause.AfterAsync(since, time, cancellationToken);
        }

        throw new SecureFedException(
            ErrorCodes.DeadlinePassed,
            $"The server let {longestWait.TotalSeconds:0} s pass without the next step of the round. The client abstains; ask the operator, then run again.",
            isTransient: true);
    }

    private async Task FollowLogAsync(CancellationToken cancellationToken)
    {
        ulong asked = log.Size;
        if (asked > 0 && await FindLogFileAsync("checkpoint", cancellationToken) is { } checkpoint)
            await log.FollowAsync(checkpoint, asked, new FetchedTiles(FindLogFileAsync), cancellationToken);
    }

    private async Task<byte[]?> FindLogFileAsync(string path, CancellationToken cancellationToken)
    {
        try
        {
            return (await connection.GetAsync(Routes.TaskPart(task, $"log/{path}"), cancellationToken: cancellationToken)).Body;
        }
        catch (SecureFedException exception) when (exception.Code is ErrorCodes.UnknownResource)
        {
            return null;
        }
    }

    private async Task<SignedEntry> PutAsync(string part, string message, ReadOnlyMemory<byte> body, CancellationToken cancellationToken)
    {
        ServiceResponse response = await connection.PutAsync(Routes.RoundPart(task, round, part, self), message, body, cancellationToken);
        CanonicalReader reader = new(response.Body);
        SignedEntry receipt = SignedEntry.Read(ref reader);
        return reader.IsComplete ? receipt : throw Malformed("receipt");
    }

    private static (ProvenAnnouncement, IReadOnlyList<(int, ReadOnlyMemory<byte>)>)? TryDecodeInbox(byte[] body)
    {
        CanonicalReader reader = new(body);
        ReadOnlySpan<byte> dealers = reader.Opaque(Announcement.GreatestBlobBytes);
        (int, ReadOnlyMemory<byte>)[] boxes = reader.List(
            GreatestInbox,
            8,
            (ref CanonicalReader r) => (r.Count(GreatestInbox), (ReadOnlyMemory<byte>)r.Opaque(ShareBundle.BoxBytes).ToArray()));
        return reader.IsComplete && ProvenAnnouncement.TryDecode(dealers, out ProvenAnnouncement? announcement) ? (announcement!, boxes) : null;
    }

    private static SecureFedException Malformed(string what) =>
        new(ErrorCodes.InvalidMessage, $"The server's {what} is malformed; the client abstains from this round. Check the versions of client and server.");
}
