using SecureFed.Protocol.Encryption;
using SecureFed.Protocol.Encryption.Messages;
using SecureFed.Protocol.Messages;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Tests.Simulation;
using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Tests.Vectors;

/// <summary>The encrypted round in Vectors/protocol, from which somebody writes a client or key holder in another language.</summary>
public sealed class EncryptedVectorTests
{
    private static readonly Lazy<EncryptedVector> Vector = new(() => VectorJson.Read<EncryptedVector>(EncryptedVectorScript.File));

    [Fact]
    public void Vectors_are_written_on_demand()
    {
        if (VectorJson.WriteTo is null)
            return;
        GivenEncryptedRound given = EncryptedVectorScript.Run();
        VectorJson.Write(EncryptedVectorScript.File, new EncryptedVector(
            "Made by this repository's own machines (ServerRound, EncryptionClient, KeyHolder) with seeded secrets; what is derived was computed by plain arithmetic beside them.",
            VectorJson.Regenerate,
            EncryptedVectorScript.About,
            given,
            new EncryptedDerivation(given).Derive(),
            EncryptedBadCases.Of(given)));
    }

    [Fact]
    public void What_follows_from_the_secrets_is_recomputed_by_the_documents_formulas()
    {
        EncryptedVector vector = Vector.Value;
        Assert.Equal(VectorJson.Serialize(vector.Derived), VectorJson.Serialize(new EncryptedDerivation(vector.Given).Derive()));
        Assert.True(vector.Derived.SquaredResidue <= vector.Derived.ResidueBound);
    }

    [Fact]
    public void Clients_with_the_recorded_randomness_send_what_the_formulas_give()
    {
        EncryptedVector vector = Vector.Value;
        EncryptedVectorParties parties = new(vector.Given);
        foreach (DerivedEncryptedClient derived in vector.Derived.Clients)
        {
            GivenEncryptedClient given = vector.Given.Clients[derived.Client];
            SignedMessage sent = parties.UploadOf(derived.Client);
            EncryptedUpload upload = Assert.IsType<EncryptedUpload>(sent.Body);
            Assert.Equal(given.Upload, sent.Record.ToArray());
            Assert.Equal(derived.Upload.Digest, sent.Digest.ToArray());
            Assert.Equal(derived.SealingPublicKey, upload.SealingKey.ToArray());
            Assert.Equal(derived.Ciphertexts, upload.Ciphertexts.ToArray());
            Assert.Equal(derived.Boxes.Select(b => b.BoxDigest), upload.Boxes.Select(b => Digest.Of(b.Span).ToArray()));
            (int[] coefficients, byte[] sealing, int[] errors, ulong[] masks) = EncryptedVectorScript.DrawAgain(given.RandomForUpload!, vector.Derived.Length);
            Assert.Equal(given.KeyCoefficients, coefficients);
            Assert.Equal(given.SealingPrivateKey, sealing);
            Assert.Equal(given.Errors, errors);
            Assert.Equal(given.Masks, masks);
        }

        Assert.Equal(vector.Derived.FirstBox, ((EncryptedUpload)parties.UploadOf(0).Body).Boxes[0].ToArray());
        Assert.Equal(vector.Derived.FirstUploadDigest, Digest.Of(parties.UploadOf(0).Bytes.Span).ToArray());
    }

    [Fact]
    public void Holders_with_the_recorded_keys_send_the_recorded_bytes_and_what_the_formulas_give()
    {
        EncryptedVector vector = Vector.Value;
        EncryptedVectorParties parties = new(vector.Given);
        for (int h = 0; h < vector.Given.Holders.Length; h++)
        {
            GivenHolder given = vector.Given.Holders[h];
            Dictionary<MessageType, byte[]> sent = [];
            using KeyHolder role = parties.HolderBefore("", h, (type, bytes) => sent.Add(type, bytes.ToArray()));
            foreach (MessageType type in (ReadOnlySpan<MessageType>)[MessageType.ShareCheckAnswer, MessageType.ListSignature, MessageType.KeySumAnswer])
                Assert.Equal(EncryptedVectorParties.MessageOf(given, type), sent.GetValueOrDefault(type));

            Assert.Null(SignedMessage.TryAuthenticate(given.CheckAnswer, parties.Roster, out SignedMessage? message));
            ShareCheckAnswer check = Assert.IsType<ShareCheckAnswer>(message!.Body);
            Assert.Equal(vector.Derived.ChallengeDigest, check.ChallengeDigest.ToArray());
            Assert.Empty(check.Unopened);
            Assert.Equal(vector.Derived.Clients.Select(c => PlainBfv.Pack(c.Boxes[h].Answer, PlainBfv.Bits)), check.Answers.Select(a => a.Packed.ToArray()));
            if (given.KeySum is null)
                continue;
            Assert.Null(SignedMessage.TryAuthenticate(given.KeySum, parties.Roster, out message));
            KeySumAnswer sum = Assert.IsType<KeySumAnswer>(message!.Body);
            Assert.Equal(vector.Derived.Holders[h].SumDigest, Digest.Of(sum.PackedSum.Span).ToArray());
        }
    }

    [Fact]
    public void A_server_that_gets_the_recorded_messages_writes_the_recorded_log_and_sum()
    {
        EncryptedVector vector = Vector.Value;
        EncryptedVectorParties parties = new(vector.Given);
        GivenEncryptedEntry[] log = vector.Given.Log;
        SimulatedServer server = parties.ServerAfter(log.Length);
        Assert.Equal(log.Length, server.Entries.Count);
        for (int i = 0; i < log.Length; i++)
        {
            Assert.Equal(log[i].Index, server.Entries[i].Index);
            Assert.Equal(log[i].Entry, server.Entries[i].Bytes.ToArray());
            SignedEntry recorded = new(log[i].Index, log[i].Entry, log[i].Signature);
            Assert.True(recorded.TryOpen(parties.Task.TaskId, parties.ServerKey.PublicKey.Span, out LogEntry? entry));
            Assert.Equal(log[i].Type, entry!.Event.Type);
        }

        Assert.Equal(RoundPhase.Closed, server.Round.Phase);
        Assert.Equal(vector.Derived.Sum, server.Sum());
        Assert.Equal(vector.Derived.AggregateDigest, server.Round.AggregateDigest!.Value.ToArray());
        Assert.Equal(vector.Derived.SumOfKeysDigest, server.Round.MaskTotalDigest!.Value.ToArray());
        Assert.Equal(parties.AnnouncementOf(EncryptedVectorParties.OnFixedUploads).Blob.ToArray(), server.AnnouncementOf(EventType.UploadsFixed)!.Blob.ToArray());
        Assert.Equal(parties.AnnouncementOf(EncryptedVectorParties.OnSurvivors).Blob.ToArray(), server.AnnouncementOf(EventType.SurvivorsListed)!.Blob.ToArray());
        Assert.Equal(parties.AnnouncementOf(EncryptedVectorParties.OnUnmaskRequest).Blob.ToArray(), server.AnnouncementOf(EventType.UnmaskRequested)!.Blob.ToArray());
    }

    [Fact]
    public void The_sums_are_those_of_the_survivors_integers_and_keys()
    {
        EncryptedVector vector = Vector.Value;
        GivenEncryptedClient[] survivors = [.. vector.Given.Clients.Where(c => c.Upload is not null)];
        Assert.Equal(4, survivors.Length);
        Assert.Equal(vector.Derived.Sum, SumOf(survivors.Select(c => c.Integers!)));
        Assert.Equal(vector.Derived.SumOfKeys, SumOf(survivors.Select(c => c.KeyCoefficients!)));

        static int[] SumOf(IEnumerable<int[]> vectors) => vectors.Aggregate((x, y) => [.. x.Zip(y, (a, b) => a + b)]);
    }

    [Fact]
    public void Every_bad_case_is_refused_with_its_code()
    {
        EncryptedVector vector = Vector.Value;
        EncryptedVectorParties parties = new(vector.Given);
        Assert.NotEmpty(vector.Bad);
        Assert.Equal(vector.Bad.Length, vector.Bad.Select(b => b.Name).Distinct(StringComparer.Ordinal).Count());
        List<string> wrong = [];
        foreach (EncryptedBadCase bad in vector.Bad)
        {
            Assert.StartsWith("bad_", bad.Name, StringComparison.Ordinal);
            string? code = bad.AfterEntries is int entries ? parties.ServerAfter(entries).Decide(bad.Message) : AnswerOfParty(parties, bad);
            if (!string.Equals(code, bad.Code, StringComparison.Ordinal))
                wrong.Add($"{bad.Name}: {code ?? "accepted"} instead of {bad.Code}");
        }

        Assert.Empty(wrong);
    }

    private static string? AnswerOfParty(EncryptedVectorParties parties, EncryptedBadCase bad)
    {
        Assert.True(Announcement.TryDecode(bad.Announcement, out Announcement? announcement));
        if (bad.Client is int client)
            return EncryptionClient.Examine(parties.ContextOf(client, bad.HolderPolicy), announcement!, 0, out _)?.Code;

        (string before, string step) = bad.Step switch
        {
            "second-fixed-uploads" => (EncryptedVectorParties.OnSurvivors, EncryptedVectorParties.OnFixedUploads),
            "second-survivors" => (EncryptedVectorParties.OnUnmaskRequest, EncryptedVectorParties.OnSurvivors),
            _ => (bad.Step!, bad.Step!),
        };
        using KeyHolder role = parties.HolderBefore(before, bad.Holder!.Value, (_, _) => { });
        byte[] saved = role.Encode();
        (HolderStep taken, _) = parties.Take(role, step, bad.Holder.Value, announcement!);
        Assert.True(taken.Message is null, bad.Name);
        Assert.Equal(saved, role.Encode());
        return taken.Refusal?.Code;
    }
}
