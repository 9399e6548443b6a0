using SecureFed.Cryptography.Keys;
using SecureFed.Protocol.Encryption;
using SecureFed.Protocol.Encryption.Messages;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Messages;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Tests.Vectors;

/// <summary>Lies of clients and holders to a server, and of a server that holds its real key to clients and holders.</summary>
internal sealed class EncryptedBadCases
{
    public const string ByServer = "server";
    public const string ByHolder = "key-holder";
    public const string ByClient = "client";
    private const int Liar = 1;
    private readonly GivenEncryptedRound given;
    private readonly EncryptedVectorParties parties;
    private readonly List<EncryptedBadCase> cases = [];

    private EncryptedBadCases(GivenEncryptedRound given)
    {
        this.given = given;
        parties = new EncryptedVectorParties(given);
    }

    public static EncryptedBadCase[] Of(GivenEncryptedRound given)
    {
        EncryptedBadCases bad = new(given);
        bad.AddUploads();
        bad.AddHolderMessages();
        bad.AddOpenings();
        bad.AddLists();
        bad.AddRequests();
        return [.. bad.cases];
    }

    private Digest Elsewhere { get; } = Digest.Of("elsewhere"u8);

    private RoundEncryption Encryption => parties.Round.Encryption!;

    private void AddUploads()
    {
        int before = EntryOf(e => e.Client == Liar);
        SigningKey key = SigningKey.FromPrivateKey(given.Clients[Liar].IdentityPrivateKey);
        MessageHeader header = HeaderOf(parties.ClientId(Liar));
        byte[] sealing = parties.UploadOf(Liar).Body is EncryptedUpload honest ? honest.SealingKey.ToArray() : [];
        byte[] offCurve = [.. sealing[..^1], (byte)(sealing[^1] ^ 1)];
        EncryptedUpload small = new(sealing, new byte[336], [.. Enumerable.Range(1, 5).Select(x => (ReadOnlyMemory<byte>)new[] { (byte)x })]);
        AtServer("bad_upload_short_shares", before, Sign(header, small, key), ErrorCodes.LengthMismatch);
        AtServer("bad_upload_one_share_missing", before, Sign(header, small with { Boxes = [.. small.Boxes.Take(4)] }, key), ErrorCodes.LengthMismatch);
        AtServer("bad_upload_one_share_twice", before, Sign(header, small with { Boxes = [.. small.Boxes.Take(4), small.Boxes[0]] }, key), ErrorCodes.InvalidCiphertext);
        AtServer("bad_upload_ciphertext_of_another_client", before, Sign(header, small with { Ciphertexts = ((EncryptedUpload)parties.UploadOf(0).Body).Ciphertexts }, key), ErrorCodes.InvalidCiphertext);
        AtServer("bad_upload_sealing_key_off_the_curve", before, Sign(header, small with { SealingKey = offCurve }, key), ErrorCodes.InvalidKey);
        AtServer("bad_upload_other_opening", before, Sign(header with { Binding = Elsewhere }, small, key), ErrorCodes.RoundMismatch);
        GivenIdentity outsider = given.Others[0];
        AtServer("bad_upload_not_invited", before, Sign(HeaderOf(new Identifier(outsider.Id)), small, SigningKey.FromPrivateKey(outsider.PrivateKey)), ErrorCodes.NotInCohort);
        AtServer("bad_upload_by_a_holder", before, Sign(HeaderOf(parties.HolderId(0)), small, KeyOf(0)), ErrorCodes.NotEnrolled);
        AtServer("bad_upload_after_the_list", EntryOf(e => e.Type == EventType.UploadsFixed) + 1, Sign(HeaderOf(parties.ClientId(2)), small, SigningKey.FromPrivateKey(given.Clients[2].IdentityPrivateKey)), ErrorCodes.TooLate);
    }

    private void AddHolderMessages()
    {
        SigningKey key = KeyOf(Liar);
        MessageHeader header = HeaderOf(parties.HolderId(Liar));
        int check = EntryOf(e => e.Holder == Liar && e.Message == MessageType.ShareCheckAnswer);
        ShareCheckAnswer answer = (ShareCheckAnswer)BodyOf(given.Holders[Liar].CheckAnswer);
        AtServer("bad_check_to_another_challenge", check, Sign(header, answer with { ChallengeDigest = Elsewhere }, key), ErrorCodes.RoundMismatch);
        AtServer("bad_check_without_one_client", check, Sign(header, answer with { Answers = [.. answer.Answers.Skip(1)] }, key), ErrorCodes.InvalidAnswer);
        AtServer("bad_check_of_a_holder_without_a_seat", check, Sign(HeaderOf(new Identifier(given.Others[1].Id)), answer, SigningKey.FromPrivateKey(given.Others[1].PrivateKey)), ErrorCodes.UnknownHolder);
        AtServer("bad_check_signed_again", check + 1, Sign(header, answer, key), ErrorCodes.ConflictingMessage);
        int confirm = EntryOf(e => e.Holder == Liar && e.Message == MessageType.ListSignature);
        ListSignature signature = (ListSignature)BodyOf(given.Holders[Liar].ListSignature!);
        AtServer("bad_signature_of_another_entry", confirm, Sign(header, signature with { EntryIndex = signature.EntryIndex + 1 }, key), ErrorCodes.RoundMismatch);
        AtServer("bad_signature_too_early", check, Sign(header, signature, key), ErrorCodes.WrongPhase);
        int sum = EntryOf(e => e.Holder == Liar && e.Message == MessageType.KeySumAnswer);
        AtServer("bad_sum_over_another_list", sum, Sign(header, new KeySumAnswer(Elsewhere, new byte[1]), key), ErrorCodes.RoundMismatch);
        AtServer("bad_sum_too_short", sum, Sign(header, new KeySumAnswer(signature.ListDigest, new byte[1]), key), ErrorCodes.InvalidAnswer);
    }

    private void AddOpenings()
    {
        HolderEntry[] seats = [.. Encryption.Table.Entries];
        HolderTable swapped = new([seats[0] with { Point = 1, Holder = seats[1].Holder, Number = seats[1].Number, RoundKey = seats[1].RoundKey, Signature = seats[1].Signature }, seats[0] with { Point = 2 }, .. seats[2..]]);
        Opening("bad_opening_holders_change_places", WithTable(swapped), ErrorCodes.InvalidHolders);
        Opening("bad_opening_too_few_seats", WithTable(new HolderTable(seats[..3])), ErrorCodes.InvalidHolders);
        Opening("bad_opening_round_key_of_the_server", WithTable(new HolderTable([seats[0] with { RoundKey = parties.ServerKey.PublicKey }, .. seats[1..]])), ErrorCodes.InvalidHolders);
        Opening("bad_opening_lower_threshold", parties.Round with { Encryption = Encryption with { Specification = Encryption.Specification with { Threshold = 3, CorruptHolders = 0 } } }, ErrorCodes.InvalidParameters);
        byte[] three = new InvitedList([.. given.Clients.Take(3).Select(c => new Identifier(c.Id))]).Encode();
        Opening("bad_opening_invites_too_few", parties.Round with { Encryption = Encryption with { Invited = 3, InvitedDigest = Digest.Of(three) } }, ErrorCodes.InvalidCohort, three);
        byte[] four = new InvitedList([.. given.Clients.Take(4).Select(c => new Identifier(c.Id))]).Encode();
        Opening("bad_opening_another_list_of_invited", parties.Round, ErrorCodes.InvalidCohort, four);
        byte[] opening = parties.Opening.Encode();
        foreach ((string name, GivenHolderPolicy policy) in (ReadOnlySpan<(string, GivenHolderPolicy)>)
            [
                ("stranger", given.HolderPolicy with { KeyHolders = given.HolderPolicy.KeyHolders[1..] }),
                ("threshold", given.HolderPolicy with { LeastHolderThreshold = 5 }),
                ("corrupt_holders", given.HolderPolicy with { LeastCorruptHolders = 3 }),
            ])
        {
            cases.Add(new EncryptedBadCase($"bad_policy_{name}", ByClient, ErrorCodes.PolicyViolated, Client: 0, Step: EncryptedVectorParties.OnOpening, Announcement: opening, HolderPolicy: policy));
        }
    }

    private void AddLists()
    {
        Announcement genuine = parties.AnnouncementOf(EncryptedVectorParties.OnFixedUploads);
        UploadList all = parties.ListOf(EncryptedVectorParties.OnFixedUploads);
        ulong index = genuine.Entry.Index;
        AtHolder("bad_fixed_uploads_too_few", EncryptedVectorParties.OnFixedUploads, Publish(EventType.UploadsFixed, index, all with { Uploads = [.. all.Uploads.Skip(1)] }), ErrorCodes.TooFewSurvivors);
        AtHolder("bad_fixed_uploads_before_the_opening", EncryptedVectorParties.OnFixedUploads, Publish(EventType.UploadsFixed, parties.Opening.Entry.Index, all), ErrorCodes.HistoryRewritten);
        AtHolder("bad_fixed_uploads_of_somebody_not_invited", EncryptedVectorParties.OnFixedUploads, Publish(EventType.UploadsFixed, index, Replace(all, new Identifier(given.Others[0].Id))), ErrorCodes.InvalidSurvivors);
        AtHolder("bad_fixed_uploads_another_upload", EncryptedVectorParties.OnFixedUploads, Publish(EventType.UploadsFixed, index, all with { Uploads = [all.Uploads[0] with { UploadDigest = Elsewhere }, .. all.Uploads.Skip(1)] }), ErrorCodes.InvalidMessage);
        AtHolder("bad_fixed_uploads_not_signed", EncryptedVectorParties.OnFixedUploads, new Announcement(new SignedEntry(index, genuine.Entry.Bytes, new byte[P256.SignatureBytes]), genuine.Blob), ErrorCodes.ServerUntrusted);
        AtHolder("bad_fixed_uploads_a_second_time", EncryptedVectorParties.OnSurvivors, Publish(EventType.UploadsFixed, index + 100, all), ErrorCodes.HistoryRewritten, isSecond: true);

        UploadList listed = parties.ListOf(EncryptedVectorParties.OnSurvivors);
        ulong after = parties.AnnouncementOf(EncryptedVectorParties.OnSurvivors).Entry.Index;
        AtHolder("bad_survivors_an_upload_that_was_not_fixed", EncryptedVectorParties.OnSurvivors, Publish(EventType.SurvivorsListed, after, listed with { Uploads = [listed.Uploads[0] with { UploadDigest = Elsewhere }, .. listed.Uploads.Skip(1)] }), ErrorCodes.InvalidSurvivors);
        AtHolder("bad_survivors_too_few", EncryptedVectorParties.OnSurvivors, Publish(EventType.SurvivorsListed, after, listed with { Uploads = [.. listed.Uploads.Skip(1)] }), ErrorCodes.TooFewSurvivors);
        AtHolder("bad_survivors_another_opening", EncryptedVectorParties.OnSurvivors, Publish(EventType.SurvivorsListed, after, listed with { OpenDigest = Elsewhere }), ErrorCodes.InvalidSurvivors);
        AtHolder("bad_survivors_a_second_list", EncryptedVectorParties.OnUnmaskRequest, Publish(EventType.SurvivorsListed, after + 100, listed), ErrorCodes.SecondList, isSecond: true);
    }

    private void AddRequests()
    {
        Announcement genuine = parties.AnnouncementOf(EncryptedVectorParties.OnUnmaskRequest);
        Assert.True(KeySumRequest.TryDecode(genuine.Blob.Span, out KeySumRequest? request));
        ulong index = genuine.Entry.Index;
        HolderSignature[] certificate = [.. request!.Certificate];
        AtHolder("bad_request_one_signature_short", EncryptedVectorParties.OnUnmaskRequest, Publish(index, request with { Certificate = certificate[1..] }), ErrorCodes.InvalidCertificate);
        AtHolder("bad_request_signature_at_another_point", EncryptedVectorParties.OnUnmaskRequest, Publish(index, request with { Certificate = [.. certificate[..3], certificate[3] with { Point = 5 }] }), ErrorCodes.InvalidCertificate);
        AtHolder("bad_request_another_list", EncryptedVectorParties.OnUnmaskRequest, Publish(index, request with { ListDigest = Elsewhere }), ErrorCodes.SecondList);
        AtHolder("bad_request_another_opening", EncryptedVectorParties.OnUnmaskRequest, Publish(index, request with { OpenDigest = Elsewhere }), ErrorCodes.InvalidCertificate);
    }

    private static UploadList Replace(UploadList list, Identifier stranger) =>
        list with { Uploads = [.. list.Uploads.Skip(1).Append(list.Uploads[0] with { Client = stranger }).OrderBy(u => u.Client)] };

    private RoundParameters WithTable(HolderTable table) => parties.Round with { Encryption = Encryption with { Table = table } };

    private Announcement Publish(ulong index, KeySumRequest request) => Publish(EventType.UnmaskRequested, index, request.Encode(), 0);

    private Announcement Publish(EventType kind, ulong index, UploadList list) => Publish(kind, index, list.Encode(), list.Uploads.Count);

    private Announcement Publish(EventType kind, ulong index, byte[] blob, int count) =>
        new(SignedEntry.Sign(parties.Task.TaskId, index, new LogEntry(parties.Task.TaskId, new TaskEvent.ListPublished(kind, parties.Round.RoundId, Digest.Of(blob), count)).Encode(), parties.ServerKey), blob);

    private void Opening(string name, RoundParameters round, string code, byte[]? invited = null)
    {
        byte[] entry = new LogEntry(parties.Task.TaskId, new TaskEvent.RoundOpened(round)).Encode();
        byte[] announcement = new Announcement(SignedEntry.Sign(parties.Task.TaskId, parties.Opening.Entry.Index, entry, parties.ServerKey), invited ?? parties.Opening.Blob).Encode();
        cases.Add(new EncryptedBadCase(name, ByClient, code, Client: 0, Step: EncryptedVectorParties.OnOpening, Announcement: announcement));
        cases.Add(new EncryptedBadCase(name + "_to_a_holder", ByHolder, code, Holder: 0, Step: EncryptedVectorParties.OnOpening, Announcement: announcement));
    }

    private void AtServer(string name, int afterEntries, byte[] message, string code) => cases.Add(new EncryptedBadCase(name, ByServer, code, AfterEntries: afterEntries, Message: message));

    private void AtHolder(string name, string step, Announcement announcement, string code, bool isSecond = false) =>
        cases.Add(new EncryptedBadCase(name, ByHolder, code, Holder: 0, Step: isSecond ? "second-" + Before(step) : step, Announcement: announcement.Encode()));

    private static string Before(string step) =>
        string.Equals(step, EncryptedVectorParties.OnSurvivors, StringComparison.Ordinal) ? EncryptedVectorParties.OnFixedUploads : EncryptedVectorParties.OnSurvivors;

    private MessageHeader HeaderOf(Identifier sender) => new(parties.Task.TaskId, parties.Round.RoundId, sender, parties.OpenDigest);

    private SigningKey KeyOf(int holder) => SigningKey.FromPrivateKey(given.Holders[holder].IdentityPrivateKey);

    private int EntryOf(Predicate<GivenEncryptedEntry> isIt) => Array.FindIndex(given.Log, isIt);

    private static IMessageBody BodyOf(byte[] message)
    {
        Assert.Null(SignedMessage.TryDecode(message, out SignedMessage? decoded));
        return decoded!.Body;
    }

    private static byte[] Sign(MessageHeader header, IMessageBody body, SigningKey key) => SignedMessage.Sign(header, body, key).Bytes.ToArray();
}
