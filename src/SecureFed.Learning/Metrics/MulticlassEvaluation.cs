using SecureFed.Learning.Models;

namespace SecureFed.Learning.Metrics;

/// <summary>Exact metrics of a classifier of several classes.</summary>
internal static class MulticlassEvaluation
{
    // One sort of all rows for each class.
    private const int GreatestClassesRanked = 64;

    /// <param name="scores">Row by row, one for each class.</param>
    /// <param name="labels">Classes counted from 0, at least one row.</param>
    public static ModelMetrics Evaluate(ReadOnlySpan<double> scores, ReadOnlySpan<double> labels)
    {
        int classes = scores.Length / labels.Length;
        double loss = 0;
        int correct = 0;
        for (int row = 0; row < labels.Length; row++)
        {
            ReadOnlySpan<double> ofRow = scores.Slice(row * classes, classes);
            loss += OutputLoss.Loss(OutputKind.Softmax, ofRow, labels[row]);
            correct += OutputLoss.BestClass(ofRow) == (int)labels[row] ? 1 : 0;
        }

        return new ModelMetrics(labels.Length, loss / labels.Length, MacroAuc(scores, labels, classes), (double)correct / labels.Length, null, null);
    }

    /// <summary>Mean over the classes of the area of the class against the rest (Provost and Domingos 2001, without their weights); null if no class has both.</summary>
    private static double? MacroAuc(ReadOnlySpan<double> scores, ReadOnlySpan<double> labels, int classes)
    {
        if (classes > GreatestClassesRanked)
        {
            return null;
        }

        double sum = 0;
        int counted = 0;
        var logProbabilities = new double[labels.Length];
        var isClass = new double[labels.Length];
        for (int k = 0; k < classes; k++)
        {
            int positives = 0;
            for (int row = 0; row < labels.Length; row++)
            {
                ReadOnlySpan<double> ofRow = scores.Slice(row * classes, classes);
                logProbabilities[row] = ofRow[k] - OutputLoss.LogSumExp(ofRow);
                isClass[row] = (int)labels[row] == k ? 1 : 0;
                positives += (int)labels[row] == k ? 1 : 0;
            }

            if (positives > 0 && positives < labels.Length)
            {
                sum += RocAuc.Exact(logProbabilities, isClass);
                counted++;
            }
        }

        return counted > 0 ? sum / counted : null;
    }
}
