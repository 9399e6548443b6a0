using SecureFed.Cryptography.Keys;
using SecureFed.Protocol.Encryption.Messages;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Tasks;
using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Tests.Transparency;

/// <summary>Whose updates the sum of an encrypted round holds, from the list that key holders sign.</summary>
public sealed class EncryptedParticipationTests
{
    private readonly EncryptedLog log = EncryptedLog.SingleKey("participation");
    private readonly SigningKey server = SigningKey.Generate(Seeded.Source("participation server"));

    [Fact]
    public void The_clients_of_the_signed_list_are_counted_once_sums_are_asked_for()
    {
        ParticipationAudit audit = AuditOf(OpenDigestOf(), 6);
        Assert.All(Entries(), entry => Assert.Null(audit.Add(entry)));
        Participation sum = Assert.Single(audit.Sums);
        Assert.Equal((1, RoundKind.Train, 6, (int?)null), (sum.Round, sum.Kind, sum.Survivors, sum.NearestRound));
    }

    [Theory]
    [InlineData(true, 5)]
    [InlineData(false, 6)]
    public void A_list_of_another_length_or_of_another_round_does_not_follow(bool isOfRound, int clients)
    {
        ParticipationAudit audit = AuditOf(isOfRound ? OpenDigestOf() : Digest.Of("another round"u8), clients);
        string?[] faults = [.. Entries().Select(audit.Add)];
        Assert.Contains("do not follow", faults[log.Events.FindIndex(e => e.Type == EventType.SurvivorsListed)], StringComparison.Ordinal);
        Assert.Empty(audit.Sums);
    }

    private Digest OpenDigestOf()
    {
        int place = log.Events.FindIndex(e => e is TaskEvent.RoundOpened);
        return OpenDigest.Of(new LogEntry(log.Task.TaskId, log.Events[place]).Encode(), (ulong)place);
    }

    private ParticipationAudit AuditOf(Digest openDigest, int clients)
    {
        byte[] list = new UploadList(openDigest, [.. Enumerable.Range(0, clients).Select(i => log.Name("listed", i)).Order().Select(c => new ListedUpload(c, Digest.Of(c.ToArray())))]).Encode();
        int place = log.Events.FindIndex(e => e.Type == EventType.SurvivorsListed);
        log.Events[place] = (TaskEvent.ListPublished)log.Events[place] with { ListDigest = Digest.Of(list) };
        SignedEntry entry = Entries()[place];
        return new ParticipationAudit(log.Task.TaskId, server.PublicKey, (_, kind) => kind == EventType.SurvivorsListed ? new Announcement(entry, list) : null);
    }

    private SignedEntry[] Entries() => [.. log.Events.Select((e, i) => SignedEntry.Sign(log.Task.TaskId, (ulong)i, new LogEntry(log.Task.TaskId, e).Encode(), server))];
}
