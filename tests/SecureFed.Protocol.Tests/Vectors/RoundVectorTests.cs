using System.Text;
using SecureFed.Cryptography.Keys;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Identity;
using SecureFed.Protocol.Masking;
using SecureFed.Protocol.Messages;
using SecureFed.Protocol.Requests;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Tasks;
using SecureFed.Protocol.Tests.Simulation;
using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Tests.Vectors;

/// <summary>The rounds in Vectors/protocol, from which somebody writes a client in another language: they must stay what the machines do.</summary>
public sealed class RoundVectorTests
{
    public static TheoryData<string> Files() => [.. RoundVectorScript.All.Select(s => s.File)];

    [Theory]
    [MemberData(nameof(Files))]
    public void Vectors_are_written_on_demand(string file)
    {
        if (VectorJson.WriteTo is null)
            return;
        RoundVectorScript script = RoundVectorScript.All.Single(s => string.Equals(s.File, file, StringComparison.Ordinal));
        GivenRound given = script.Run();
        VectorJson.Write(file, new RoundVector(
            "Made by this repository's own machines (ServerRound, MaskingClient) with seeded secrets; an earlier making of this file (other signatures, fewer bad cases) was also replayed by a Python implementation of PROTOCOL.md, by the same author and not kept here.",
            VectorJson.Regenerate,
            script.About,
            given,
            new RoundDerivation(given).Derive(),
            script.LeavesBefore is null ? RequestOf(given) : null,
            BadCases.Of(script, given)));
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void What_follows_from_the_secrets_is_recomputed(string file)
    {
        RoundVector vector = VectorJson.Read<RoundVector>(file);
        Assert.Equal(VectorJson.Serialize(vector.Derived), VectorJson.Serialize(new RoundDerivation(vector.Given).Derive()));
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void Clients_with_the_recorded_randomness_send_the_recorded_bytes(string file)
    {
        RoundVector vector = VectorJson.Read<RoundVector>(file);
        VectorParties parties = new(vector.Given);
        for (int i = 0; i < vector.Given.Clients.Length; i++)
        {
            GivenClient client = vector.Given.Clients[i];
            if (client.Messages.Advertisement is null)
                continue;
            string stop = VectorParties.Steps.FirstOrDefault(s => VectorParties.MessageOf(client.Messages, s.Type) is null).Name ?? "";
            Dictionary<MessageType, byte[]> sent = [];
            using MaskingClient masking = parties.ClientBefore(stop, i, parties.RecordedSigner(i), (type, bytes) => sent.Add(type, bytes.ToArray()));
            foreach (MessageType type in Enum.GetValues<MessageType>().Where(type => type <= MessageType.UnmaskAnswer))
                Assert.Equal(VectorParties.MessageOf(client.Messages, type), sent.GetValueOrDefault(type));
            MaskingClientState state = MaskingClientState.TryDecode(masking.Encode())!;
            Assert.Equal(client.MaskPrivateKey, state.MaskPrivateKey);
            Assert.Equal(client.SealingPrivateKey, state.SealingPrivateKey);
            Assert.Equal(client.SelfMaskSeed ?? new byte[MaskingDerivations.SeedBytes], state.SelfMaskSeed);
        }
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void A_server_that_gets_the_recorded_messages_writes_the_recorded_log_and_sum(string file)
    {
        RoundVector vector = VectorJson.Read<RoundVector>(file);
        VectorParties parties = new(vector.Given);
        GivenEntry[] log = vector.Given.Log;
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
        Assert.Equal(vector.Derived.MaskTotalDigest, server.Round.MaskTotalDigest!.Value.ToArray());
        foreach ((string step, EventType kind) in (ReadOnlySpan<(string, EventType)>)
            [
                (VectorParties.OnCohort, EventType.CohortPublished), (VectorParties.OnDealers, EventType.DealersListed),
                (VectorParties.OnSurvivors, EventType.SurvivorsListed), (VectorParties.OnUnmaskRequest, EventType.UnmaskRequested),
            ])
        {
            Assert.Equal(parties.AnnouncementOf(step).Blob.ToArray(), server.AnnouncementOf(kind)!.Blob.ToArray());
        }
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void The_sum_is_that_of_the_survivors_integers(string file)
    {
        RoundVector vector = VectorJson.Read<RoundVector>(file);
        int[] expected = new int[vector.Derived.Dimension];
        foreach (DerivedClient client in vector.Derived.Clients.Where(c => vector.Derived.Survivors.Contains(c.Index)))
        {
            for (int i = 0; i < expected.Length; i++)
                expected[i] += vector.Given.Clients[client.Client].Integers[i];
        }

        Assert.Equal(expected, vector.Derived.Sum);
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void Every_bad_case_is_refused_with_its_code(string file)
    {
        RoundVector vector = VectorJson.Read<RoundVector>(file);
        VectorParties parties = new(vector.Given);
        Assert.NotEmpty(vector.Bad);
        Assert.Equal(vector.Bad.Length, vector.Bad.Select(b => b.Name).Distinct(StringComparer.Ordinal).Count());
        List<string> wrong = [];
        foreach (BadCase bad in vector.Bad)
        {
            Assert.StartsWith("bad_", bad.Name, StringComparison.Ordinal);
            string? code = bad.AfterEntries is int entries ? AnswerOfServer(parties.ServerAfter(entries), bad) : AnswerOfClient(parties, bad);
            if (!string.Equals(code, bad.Code, StringComparison.Ordinal))
                wrong.Add($"{bad.Name}: {code ?? "accepted"} instead of {bad.Code}");
        }

        Assert.Empty(wrong);
    }

    [Fact]
    public void The_signed_request_is_verified_and_its_base_is_rebuilt()
    {
        RoundVector vector = VectorJson.Read<RoundVector>("round-3-clients.json");
        RequestVector request = vector.Request!;
        VectorParties parties = new(vector.Given);
        byte[] body = Convert.FromHexString(request.Body);
        Assert.Equal(ContentDigest.Of(body), request.ContentDigest);
        Assert.True(ContentDigest.Matches(request.ContentDigest, body));
        RequestComponents components = new(request.Method, request.Authority, request.Path, request.Query, request.ContentDigest);
        RequestSignature signature = RequestSignature.TryParse(request.SignatureInput)!;
        ReadOnlySpan<byte> key = parties.Keys[request.Client].PublicKey.Span;
        Assert.True(signature.Verify(components, request.Signature, key));
        Assert.True(Signature.Verify(key, Encoding.ASCII.GetBytes(request.SignatureBase), Convert.FromBase64String(request.Signature[6..^1])));
    }

    private static string? AnswerOfServer(SimulatedServer server, BadCase bad)
    {
        if (bad.Message is not null)
            return server.Decide(bad.Message);
        foreach (byte[] message in bad.Messages!)
            Assert.Equal(SimulatedServer.Accepted, server.Receive(message));
        server.Advance(Patience.DeadlinePassed);
        return server.Round.AbortReason;
    }

    private static string? AnswerOfClient(VectorParties parties, BadCase bad)
    {
        int client = bad.Client!.Value;
        if (string.Equals(bad.Step, VectorParties.OnRoster, StringComparison.Ordinal))
            return Roster.TryDecode(bad.Roster, parties.Authority.PublicKey.Span, out _) ? null : ErrorCodes.RosterUntrusted;
        Assert.True(Announcement.TryDecode(bad.Announcement, out Announcement? announcement));
        ClientContext context = ContextOf(parties, bad, parties.RecordedSigner(client, canSignMore: true));
        if (string.Equals(bad.Step, VectorParties.OnOpening, StringComparison.Ordinal))
            return MaskingClient.Examine(context, announcement!.Entry, bad.LastRoundNumber ?? 0, out _)?.Code;

        bool isSecond = string.Equals(bad.Step, "second-survivors", StringComparison.Ordinal);
        string before = bad.StandsBefore ?? (isSecond ? VectorParties.OnUnmaskRequest : bad.Step!);
        byte[] saved;
        using (MaskingClient genuine = parties.ClientBefore(before, client, parties.RecordedSigner(client, canSignMore: true), (_, _) => { }))
            saved = genuine.Encode();
        using MaskingClient masking = MaskingClient.Restore(context, saved)!;
        SurvivorHistory history = bad.EarlierSurvivors is { } earlier
            ? SurvivorHistory.Empty.Add(1, RoundKind.Train, [.. earlier.Select(e => new Identifier(e))])
            : SurvivorHistory.Empty;
        ClientStep step = parties.Take(masking, isSecond ? VectorParties.OnSurvivors : bad.Step!, client, announcement!, history);
        Assert.True(step.Message is null, bad.Name);
        Assert.Equal(saved, masking.Encode());
        return step.Refusal!.Code;
    }

    private static ClientContext ContextOf(VectorParties parties, BadCase bad, ISigner signer)
    {
        ClientContext context = parties.ContextOf(bad.Client!.Value, signer);
        if (bad.Policy is not null)
            context = context with { Policy = VectorParties.PolicyOf(bad.Policy, parties.Authority.PublicKey, parties.ServerKey.PublicKey) };
        if (bad.TaskParameters is null)
            return context;
        Assert.True(TaskParameters.TryDecode(bad.TaskParameters, out TaskParameters? task));
        return context with { Task = task! };
    }

    private static RequestVector RequestOf(GivenRound given)
    {
        VectorParties parties = new(given);
        byte[] body = given.Clients[0].Messages.Advertisement!;
        RequestComponents components = new(
            "PUT", "fed.example:8443", Routes.RoundPart(parties.Task.TaskId, parties.Round.RoundId, "keys", parties.IdOf(0)), "?", ContentDigest.Of(body));
        RequestSignature signature = new(1_618_884_473, Identifier.Random(Seeded.Source("nonce")).ToString(), parties.IdOf(0));
        string signatureBase =
            $"\"@method\": {components.Method}\n\"@authority\": {components.Authority}\n\"@path\": {components.Path}\n\"@query\": {components.Query}\n"
            + $"\"content-digest\": {components.ContentDigest}\n\"@signature-params\": {signature.Input["sig1=".Length..]}";
        return new RequestVector(
            0, components.Method, components.Authority, components.Path, components.Query, Convert.ToHexStringLower(body), components.ContentDigest, signature.Input, signatureBase,
            signature.Sign(components, parties.Keys[0]));
    }
}
