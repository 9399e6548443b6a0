using System.Text.Json;
using System.Text.RegularExpressions;
using SecureFed.Learning.Scenarios;
using SecureFed.Protocol.Resources;
using SecureFed.Service.Tests.Consortium;
using Repository = SecureFed.Service.Tests.Documents.Repository;

namespace SecureFed.Service.Tests.Examples;

/// <summary>ARTICLE.md follows the article's linear regression line by line; every θ that clients receive is the one that exact arithmetic gives.</summary>
public sealed partial class ArticleGuideTests(TestConsortium consortium)
{
    private const string Guide = "src/SecureFed.Client/ARTICLE.md";

    /// <summary>(t, w, b) of gradient descent on (1/3)·Σ (w·x + b − y)² from (0, 0) with α = 3/20, in rational numbers (Python's <c>fractions</c>), rounded once at the end.</summary>
    private static readonly (int Round, double W, double B)[] Golden =
    [
        (1, 2.8, 1.2),
        (2, 0.96, 0.36),
        (3, 2.2, 0.876),
        (4, 1.3944, 0.4932),
        (5, 1.94632, 0.7086),
        (10, 1.7475022488, 0.498308778),
        (20, 1.8439666237035448, 0.3534408475607522),
        (40, 1.925366576378533, 0.1696589654300759),
    ];

    [Fact]
    public void The_guide_shows_the_program_that_is_compiled_here() =>
        Assert.Contains($"```csharp\n{Repository.Read("tests/SecureFed.Service.Tests/Examples/ArticleRegression.cs")}```\n", Repository.Read(Guide), StringComparison.Ordinal);

    [Fact]
    public void The_guide_prints_the_first_rounds_as_they_are()
    {
        foreach ((int round, double w, double b) in Golden[..3])
            Assert.Contains(FormattableString.Invariant($"| {round} | {w} | {b} |"), Repository.Read(Guide), StringComparison.Ordinal);
    }

    /// <summary>Whether every client has all the article's rows or each has one of them, the mean of the gradients is the same, and so is every model.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Every_round_gives_the_articles_model(bool isSplit)
    {
        double[] x = [.. Enumerable.Range(0, 3).Select(i => ArticleExample.Data.Row(i)[0])];
        double[] y = ArticleExample.Data.Labels.ToArray();
        ArticleTrainer[] clients = [.. Enumerable.Range(0, ArticleExample.Clients).Select(i => isSplit ? new ArticleTrainer([x[i]], [y[i]]) : new ArticleTrainer(x, y))];
        Match json = JsonBlock().Match(Repository.Read(Guide));
        TaskDefinition task = JsonSerializer.Deserialize<TaskDefinition>(json.Groups["json"].Value, ResourceJson.Options)! with { TaskId = Definitions.NewId() };
        double[] final = await ArticleRegression.RunAsync(consortium.OperatorApi(), task, (id, i) => consortium.ClientFor(i, id), clients);

        foreach (ArticleTrainer client in clients)
        {
            Assert.Equal(40, client.Received.Count);
            Assert.Equal([0, 0], client.Received[0]);
            foreach ((int round, double w, double b) in Golden)
            {
                double[] model = round < 40 ? client.Received[round] : final;
                Assert.Equal(w, model[0], 2e-6);
                Assert.Equal(b, model[1], 2e-6);
            }
        }
    }

    [GeneratedRegex("```json\n(?<json>.*?)```", RegexOptions.Singleline)]
    private static partial Regex JsonBlock();
}
