using SecureFed.Learning.Data;
using SecureFed.Learning.Models;
using SecureFed.Learning.Preprocessing;

namespace SecureFed.Learning.Metrics;

/// <summary>Exact evaluation where all rows are in one place.</summary>
public static class ModelEvaluation
{
    /// <param name="model">Trained on standardised rows.</param>
    /// <param name="data">Rows as they are.</param>
    /// <param name="standardizer">What the model was trained with.</param>
    /// <exception cref="DataException"><c>empty-data</c>.</exception>
    public static ModelMetrics Evaluate(IScoringModel model, DataSet data, Standardizer standardizer)
    {
        if (data.Rows == 0)
        {
            throw new DataException("empty-data", "There are no rows to evaluate on.", "Keep at least one row for the test.");
        }

        double[] scores = model.Outputs(standardizer.Apply(data));
        return model.Output switch
        {
            OutputKind.Logistic => Classification(scores, data.Labels),
            OutputKind.Softmax => MulticlassEvaluation.Evaluate(scores, data.Labels),
            _ => Regression(scores, data.Labels, standardizer),
        };
    }

    private static ModelMetrics Classification(double[] logits, ReadOnlySpan<double> labels)
    {
        double loss = 0;
        int correct = 0;
        int positives = 0;
        for (int row = 0; row < logits.Length; row++)
        {
            loss += Objective.Loss(ModelKind.Logistic, logits[row], labels[row]);
            correct += IsCorrect(logits[row], labels[row]) ? 1 : 0;
            positives += labels[row] is 1 ? 1 : 0;
        }

        double? auc = positives > 0 && positives < logits.Length ? RocAuc.Exact(logits, labels) : null;
        return new ModelMetrics(logits.Length, loss / logits.Length, auc, (double)correct / logits.Length, null, null);
    }

    private static ModelMetrics Regression(double[] scores, ReadOnlySpan<double> labels, Standardizer standardizer)
    {
        double mean = 0;
        foreach (double label in labels)
        {
            mean += label / labels.Length;
        }

        double error = 0;
        double deviation = 0;
        for (int row = 0; row < scores.Length; row++)
        {
            double residual = standardizer.RestoreLabel(scores[row]) - labels[row];
            error += residual * residual / scores.Length;
            deviation += (labels[row] - mean) * (labels[row] - mean) / scores.Length;
        }

        return new ModelMetrics(scores.Length, error, null, null, Math.Sqrt(error), deviation > 0 ? 1 - (error / deviation) : null);
    }

    internal static bool IsCorrect(double logit, double label) => (logit >= 0) == label is 1;
}
