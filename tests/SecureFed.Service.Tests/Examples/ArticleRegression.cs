using SecureFed.Client;
using SecureFed.Client.Rounds;
using SecureFed.Protocol.Resources;
using SecureFed.Protocol.Tasks;
using SecureFed.Protocol.Wire;

public static class ArticleRegression
{
    public static async Task<double[]> RunAsync(SecureFedOperator taskOperator, TaskDefinition task, Func<Identifier, int, SecureFedClient> connect, ArticleTrainer[] clients)
    {
        // 1. Initialise the global model: θ₀ = (w, b) = (0, 0). The server does it when the operator creates the task.
        TaskView created = await taskOperator.CreateTaskAsync(task);

        // 2. Send it. Each client fetches the model of every round and checks it against the digest in the signed log.
        Identifier id = Identifier.Parse(created.TaskId);
        ModelState[] models = await Task.WhenAll(clients.Select((trainer, i) => connect(id, i).RunAsync(trainer)));

        // 7. After the last round every client holds the same θ.
        return [.. models[0].Result];
    }
}

public sealed class ArticleTrainer(double[] x, double[] y) : ILocalTrainer
{
    public List<double[]> Received { get; } = [];

    public ValueTask<double[]> ComputeAsync(RoundAssignment assignment, CancellationToken cancellationToken = default)
    {
        // 3. Receive θ = (w, b).
        double w = assignment.Model.Parameters[0];
        double b = assignment.Model.Parameters[1];
        Received.Add([w, b]);

        // 4. Train locally: L = (1/m)·Σ (ŷ − y)² with ŷ = w·x + b, so ∂L/∂w = (2/m)·Σ (ŷ − y)·x and ∂L/∂b = (2/m)·Σ (ŷ − y).
        double[] gradient = new double[2];
        for (int i = 0; i < x.Length; i++)
        {
            double error = w * x[i] + b - y[i];
            gradient[0] += 2 * error * x[i] / x.Length;
            gradient[1] += 2 * error / x.Length;
        }

        // 5. Upload ∇L. What leaves the client is its integers plus masks that cancel only in the sum of all clients.
        // 6. The server learns Σ∇L and nothing else, aggregates θ ← θ − α·(1/n)·Σ∇L, and sends θ back: the next call starts at 3.
        return new(assignment.CreateVector(gradient, x.Length));
    }
}
