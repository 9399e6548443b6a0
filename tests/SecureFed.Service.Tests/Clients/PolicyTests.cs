using System.Text.Json.Nodes;
using SecureFed.Client.Configuration;
using SecureFed.Cryptography.Keys;
using SecureFed.Cryptography.Randomness;
using SecureFed.Cryptography.Signing;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Policy;
using SecureFed.Protocol.Resources;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Tasks;
using SecureFed.Protocol.Transparency.Log;
using SecureFed.Protocol.Wire;
using SecureFed.Service.Tests.Consortium;

namespace SecureFed.Service.Tests.Clients;

/// <summary>What breaks the policy is refused before the client has said anything.</summary>
public class PolicyTests(TestConsortium consortium)
{
    [Theory]
    [InlineData("smallest cohort")]
    [InlineData("organisation cap")]
    [InlineData("gamma")]
    [InlineData("delta_drop")]
    [InlineData("curious server")]
    [InlineData("noise")]
    [InlineData("protections")]
    [InlineData("models")]
    public async Task A_task_that_breaks_the_policy_is_refused_before_any_advertisement(string bound)
    {
        TaskDefinition definition = Definitions.Vector(clients: 5);
        CohortDefinition cohort = bound switch
        {
            "organisation cap" => definition.Cohort with { Least = 8, Greatest = 8, OrganisationCap = 2 },
            "gamma" => definition.Cohort with { Gamma = 0.05m },
            "delta_drop" => definition.Cohort with { DeltaDrop = 0.1m },
            "curious server" => definition.Cohort with { ServerClass = ServerClass.Curious },
            _ => definition.Cohort,
        };
        ClientPolicy policy = consortium.Policy;
        policy = bound switch
        {
            "smallest cohort" => policy with { SmallestCohort = 6 },
            "delta_drop" => policy with { GreatestDeltaDrop = ExactDecimal.From(0.09m) },
            "noise" => policy with { RequiresNoise = true },
            "protections" => policy with { Protections = [] },
            "models" => policy with { Models = [TaskModelKind.Linear] },
            _ => policy,
        };
        Identifier task = await consortium.CreateTaskAsync(definition with { Cohort = cohort });
        await RefusedAsync(task, policy, "policy-violated");
    }

    [Fact]
    public async Task A_policy_that_opts_in_accepts_a_curious_server()
    {
        TaskDefinition definition = Definitions.Vector(length: 1, clients: 5, deltaDrop: 0.2m);
        definition = definition with { Cohort = definition.Cohort with { ServerClass = ServerClass.Curious } };
        Identifier task = await consortium.CreateTaskAsync(definition);
        await Task.WhenAll(Enumerable.Range(0, 5).Select(i =>
            consortium.ClientFor(i, task, o => o.Policy = consortium.Policy with { AllowsCuriousServer = true }).ContributeAsync(new double[] { 1 })));
    }

    [Fact]
    public async Task Fewer_survivors_than_the_policy_wants_are_refused_when_the_cohort_is_published()
    {
        Identifier task = await consortium.CreateTaskAsync(Definitions.Vector(length: 1, clients: 5));
        Task[] others = [.. Enumerable.Range(1, 4).Select(i => consortium.ClientFor(i, task).ContributeAsync(new double[] { 1 }))];
        RecordingHandler wire = new();
        RoundRefusedException refusal = await Assert.ThrowsAsync<RoundRefusedException>(() =>
            consortium.ClientFor(0, task, o => o.Policy = consortium.Policy with { LeastSurvivors = 6 }, wire).ContributeAsync(new double[] { 1 }));
        Assert.Contains("policy", refusal.Message, StringComparison.Ordinal);
        Assert.False(refusal.IsTransient);
        Assert.DoesNotContain(wire.Writes, w => !w.Path.Contains("/keys/", StringComparison.Ordinal));
        SecureFed.Client.SecureFedOperator taskOperator = consortium.OperatorApi();
        await taskOperator.AbortRoundAsync(task, Identifier.Parse((await taskOperator.GetTaskAsync(task)).Round!.RoundId));
        foreach (Task other in others)
            Assert.True((await Assert.ThrowsAsync<SecureFedException>(() => other)).IsTransient);
    }

    [Fact]
    public async Task A_roster_of_another_authority_is_refused()
    {
        Identifier task = await consortium.CreateTaskAsync(Definitions.Vector());
        using SigningKey stranger = SigningKey.Generate(OperatingSystemRandomSource.Instance);
        await RefusedAsync(task, consortium.Policy with { RosterAuthorityKey = stranger.PublicKey }, "roster-untrusted");
    }

    [Fact]
    public async Task A_server_with_another_key_is_refused()
    {
        Identifier task = await consortium.CreateTaskAsync(Definitions.Vector());
        using SigningKey stranger = SigningKey.Generate(OperatingSystemRandomSource.Instance);
        await RefusedAsync(task, consortium.Policy with { ServerKey = stranger.PublicKey }, "checkpoint-untrusted");
    }

    [Fact]
    public async Task A_client_that_is_not_enrolled_with_its_key_does_not_go_on()
    {
        Identifier task = await consortium.CreateTaskAsync(Definitions.Vector());
        RecordingHandler wire = new();
        using SigningKey other = SigningKey.Generate(OperatingSystemRandomSource.Instance);
        RoundRefusedException refusal = await Assert.ThrowsAsync<RoundRefusedException>(
            () => consortium.ClientFor(0, task, o => o.Signer = other, wire).ContributeAsync(new double[4]));
        Assert.Equal("not-enrolled", refusal.Code);
        Assert.Empty(wire.Writes);
    }

    [Theory]
    [InlineData("smallestCohorts", "5")]
    [InlineData("requiresNoise", "\"yes\"")]
    [InlineData("leastGamma", "1.5")]
    [InlineData("leastGamma", "79228162514264337593543950335")]
    [InlineData("rosterAuthorityKey", "\"AAAA\"")]
    [InlineData("rosterAuthorityKey", "null")]
    [InlineData("serverKey", "\"?\"")]
    [InlineData("protections", "[\"nothing\"]")]
    [InlineData("protections", "null")]
    [InlineData("models", "null")]
    [InlineData("keyHolders", "null")]
    public void A_policy_file_with_a_misspelt_or_impossible_member_is_refused(string member, string value)
    {
        JsonObject policy = PolicyJson();
        policy[member] = JsonNode.Parse(value);
        SecureFedException exception = Assert.Throws<SecureFedException>(() => LoadPolicy(policy.ToJsonString()));
        Assert.Equal(("invalid-configuration", false), (exception.Code, exception.IsTransient));
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("{}")]
    public void A_policy_file_without_its_keys_is_refused(string text) =>
        Assert.Equal("invalid-configuration", Assert.Throws<SecureFedException>(() => LoadPolicy(text)).Code);

    [Fact]
    public void A_policy_file_is_read_as_written()
    {
        JsonObject json = PolicyJson();
        json["smallestCohort"] = 17;
        json["models"] = new JsonArray("vector");
        ClientPolicy policy = LoadPolicy(json.ToJsonString());
        Assert.Equal(17, policy.SmallestCohort);
        Assert.Equal([TaskModelKind.Vector], policy.Models);
        Assert.True(policy.ServerKey.Span.SequenceEqual(consortium.ServerMember.Key.PublicKey.Span));
    }

    [Fact]
    public void A_policy_file_names_its_witnesses_and_their_quorum()
    {
        NoteVerifier witness = NoteVerifier.ForCosigner("witness.test/w1", Ed25519.PublicKeyOf(new byte[Ed25519.SeedBytes]));
        NoteVerifier log = NoteVerifier.ForEcdsa("log.test", consortium.ServerMember.Key.PublicKey.Span);
        ClientPolicy policy = LoadPolicy(WithWitnesses(1, witness).ToJsonString());
        Assert.Equal([witness], policy.Witnesses!);
        Assert.Equal(1, policy.WitnessQuorum);
        foreach (JsonObject bad in new[] { WithWitnesses(2, witness), WithWitnesses(-1, witness), WithWitnesses(1), WithWitnesses(1, log) })
            Assert.Equal("invalid-configuration", Assert.Throws<SecureFedException>(() => LoadPolicy(bad.ToJsonString())).Code);
    }

    [Fact]
    public void A_policy_file_names_its_key_holders_and_how_many_of_them_must_be_needed()
    {
        string[] holders = [new Identifier(new byte[16]).ToString(), new Identifier([.. new byte[15], 7]).ToString()];
        ClientPolicy policy = LoadPolicy(WithHolders(holders, 4, 2).ToJsonString());
        Assert.Equal(holders, policy.KeyHolders!.Select(h => h.ToString()));
        Assert.Equal((4, 2), (policy.LeastHolderThreshold, policy.LeastCorruptHolders));
        ClientPolicy usual = LoadPolicy(PolicyJson().ToJsonString());
        Assert.Empty(usual.KeyHolders!);
        Assert.Equal((2, 0), (usual.LeastHolderThreshold, usual.LeastCorruptHolders));
        foreach (JsonObject bad in new[] { WithHolders(["nobody"], 4, 2), WithHolders([holders[0], holders[0]], 4, 2), WithHolders(holders, 0, 2), WithHolders(holders, 4, -1) })
            Assert.Equal("invalid-configuration", Assert.Throws<SecureFedException>(() => LoadPolicy(bad.ToJsonString())).Code);
    }

    private JsonObject WithHolders(string[] holders, int threshold, int corrupt)
    {
        JsonObject policy = PolicyJson();
        policy["keyHolders"] = new JsonArray([.. holders.Select(h => JsonValue.Create(h))]);
        policy["leastHolderThreshold"] = threshold;
        policy["leastCorruptHolders"] = corrupt;
        return policy;
    }

    private JsonObject WithWitnesses(int quorum, params NoteVerifier[] witnesses)
    {
        JsonObject policy = PolicyJson();
        policy["witnesses"] = new JsonArray([.. witnesses.Select(w => JsonValue.Create(w.ToString()))]);
        policy["witnessQuorum"] = quorum;
        return policy;
    }

    private async Task RefusedAsync(Identifier task, ClientPolicy policy, string code)
    {
        RecordingHandler wire = new();
        RoundRefusedException refusal = await Assert.ThrowsAsync<RoundRefusedException>(
            () => consortium.ClientFor(0, task, o => o.Policy = policy, wire).ContributeAsync(new double[4]));
        Assert.Equal((code, false), (refusal.Code, refusal.IsTransient));
        Assert.Empty(wire.Writes);
    }

    private JsonObject PolicyJson() => new()
    {
        ["rosterAuthorityKey"] = Convert.ToBase64String(consortium.Authority.PublicKey.Span),
        ["serverKey"] = Convert.ToBase64String(consortium.ServerMember.Key.PublicKey.Span),
    };

    private static ClientPolicy LoadPolicy(string text)
    {
        using TemporaryDirectory directory = new();
        string path = directory.File("policy.json");
        File.WriteAllText(path, text);
        return PolicyFile.Load(path);
    }
}
