using SecureFed.Cli.Attack;

namespace SecureFed.Service.Tests.Attacks;

/// <summary>The hostile server against the real client library over HTTPS: one row per deviation.</summary>
[Collection("demo runs")]
public sealed class DeviationTests(DeviationTests.Lane lane) : IClassFixture<DeviationTests.Lane>
{
    /// <summary>One hostile server for all rows; each row is a task of its own on it.</summary>
    public sealed class Lane : IAsyncLifetime
    {
        internal HostileServer Server { get; private set; } = null!;

        public async ValueTask InitializeAsync() => Server = await HostileServer.StartAsync(new HostileConsortium(), TestContext.Current.CancellationToken);

        public ValueTask DisposeAsync() => Server.DisposeAsync();
    }

    public static TheoryData<string> Names() => [.. DeviationCatalogue.All.Select(d => d.Name)];

    [Fact]
    public async Task An_honest_round_through_the_same_harness_gives_the_exact_sum() =>
        Assert.True(await AttackControl.IsExactAsync(TestContext.Current.CancellationToken));

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Deviation_is_refused(string name)
    {
        Deviation deviation = DeviationCatalogue.Find(name)!;
        DeviationResult result = await DeviationRun.ExecuteAsync(lane.Server, deviation, TestContext.Current.CancellationToken);
        Assert.Equal((deviation.Expected, true), (result.Observed, result.IsRefused));
        Assert.True(deviation.IsHarmless || result.MessagesAfter == 0);
    }

    [Fact]
    public async Task A_lie_that_a_client_does_not_refuse_is_reported()
    {
        Deviation nothing = new("nothing", "C2", "none", "upload", "invalid-cohort", _ => { });
        DeviationResult result = await DeviationRun.ExecuteAsync(lane.Server, nothing, TestContext.Current.CancellationToken);
        Assert.Equal("not-refused", result.Observed);
        Assert.False(result.IsRefused);
    }

    [Fact]
    public void The_catalogue_names_each_deviation_once_and_says_where_it_comes_from()
    {
        Assert.True(DeviationCatalogue.All.Count >= 40);
        Assert.Equal(DeviationCatalogue.All.Count, DeviationCatalogue.All.Select(d => d.Name).Distinct(StringComparer.Ordinal).Count());
        Assert.All(DeviationCatalogue.All, d => Assert.Matches("^[a-z]+(-[a-z]+)*$", d.Name));
        Assert.All(DeviationCatalogue.All, d => Assert.Matches("^C[0-9]+$", d.Claim));
        Assert.All(DeviationCatalogue.All, d => Assert.Equal(d.IsHarmless, d.Proof is not null));
        string[] codes = [.. typeof(Protocol.Errors.ErrorCodes).GetFields().Select(f => (string)f.GetRawConstantValue()!), Deviation.Harmless];
        Assert.All(DeviationCatalogue.All, d => Assert.Contains(d.Expected, codes));
    }
}
