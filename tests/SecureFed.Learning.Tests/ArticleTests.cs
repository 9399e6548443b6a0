using SecureFed.Learning.Models;
using SecureFed.Learning.Optimizers;
using SecureFed.Learning.Scenarios;
using SecureFed.Learning.Training;

namespace SecureFed.Learning.Tests;

public class ArticleTests
{
    [Fact]
    public void Opposite_gradients_leave_the_model_where_it_is()
    {
        double[] sum = FederatedSimulation.Sum([[1, 2], [-1, -2]]);
        Assert.Equal([0, 0], new FedSgd(0.1).Step([0, 0], [], sum, 2).Parameters);
    }

    [Fact]
    public void The_result_printed_in_the_article_is_the_step_of_the_first_gradient_alone()
    {
        double[] next = new FedSgd(0.1).Step([0, 0], [], [1, 2], 1).Parameters;
        Assert.Equal(-0.1, next[0], 1e-15);
        Assert.Equal(-0.2, next[1], 1e-15);
    }

    [Fact]
    public void Linear_example_finds_w_2_and_b_0_for_every_order_of_the_rows()
    {
        for (ulong seed = 0; seed < 300; seed++)
        {
            GlobalModel model = Train(seed);
            Assert.Equal(2, model.Weights[0], 0.005);
            Assert.Equal(0, model.Intercept, 0.01);
        }
    }

    private static GlobalModel Train(ulong seed)
    {
        var optimizer = new FedAvg();
        var objective = new Objective(ArticleExample.Model, ArticleExample.Penalty, 9);
        GlobalModel model = GlobalModel.Zero(ArticleExample.Model, 1);
        for (int round = 1; round <= ArticleExample.Rounds; round++)
        {
            LocalUpdate[] updates =
            [
                .. Enumerable.Range(0, ArticleExample.Clients).Select(client =>
                    LocalTrainer.Train(model, ArticleExample.Data, objective, ArticleExample.Local, round, (3 * seed) + (ulong)client)),
            ];
            Assert.All(updates, update => Assert.True(update.Norm < ArticleExample.ClipNorm));
            double[] sum = FederatedSimulation.Sum(updates.Select(update => FedAvg.CreateVector(update, 3)));
            model = new GlobalModel(model.Kind, optimizer.Step(model.Parameters, [], sum, ArticleExample.Clients).Parameters);
        }

        return model;
    }
}
