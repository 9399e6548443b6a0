namespace SecureFed.Learning.Models;

/// <summary>Loss of one row from the scores of a model, and its slope in every score.</summary>
public static class OutputLoss
{
    /// <summary>Squared error, log loss of the positive class, or log loss of the right class.</summary>
    /// <param name="output">How the scores are read.</param>
    /// <param name="scores">One, or one for each class.</param>
    /// <param name="label">Number, 0 or 1, or class counted from 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">The label is no class.</exception>
    public static double Loss(OutputKind output, ReadOnlySpan<double> scores, double label) => output switch
    {
        OutputKind.Logistic => Objective.LogLoss(scores[0], label),
        OutputKind.Softmax => LogSumExp(scores) - scores[ClassOf(label, scores.Length)],
        _ => (scores[0] - label) * (scores[0] - label),
    };

    /// <summary>Probabilities from the scores of several classes, in place; no score overflows.</summary>
    public static void Softmax(Span<double> scores)
    {
        double largest = Largest(scores);
        double sum = 0;
        foreach (ref double score in scores)
        {
            score = Math.Exp(score - largest);
            sum += score;
        }

        foreach (ref double score in scores)
        {
            score /= sum;
        }
    }

    /// <summary>The class of the greatest score, the first of equal ones.</summary>
    public static int BestClass(ReadOnlySpan<double> scores)
    {
        int best = 0;
        for (int k = 1; k < scores.Length; k++)
        {
            best = scores[k] > scores[best] ? k : best;
        }

        return best;
    }

    /// <summary>ln Σ e^score.</summary>
    internal static double LogSumExp(ReadOnlySpan<double> scores)
    {
        double largest = Largest(scores);
        double sum = 0;
        foreach (double score in scores)
        {
            sum += Math.Exp(score - largest);
        }

        return largest + Math.Log(sum);
    }

    /// <summary>Loss, and its derivatives in the scores.</summary>
    internal static double Slopes(OutputKind output, ReadOnlySpan<double> scores, double label, Span<double> slopes)
    {
        if (output != OutputKind.Softmax)
        {
            slopes[0] = output == OutputKind.Logistic ? Objective.Sigmoid(scores[0]) - label : 2 * (scores[0] - label);
            return Loss(output, scores, label);
        }

        int right = ClassOf(label, scores.Length);
        scores.CopyTo(slopes);
        Softmax(slopes);
        slopes[right] -= 1;
        return LogSumExp(scores) - scores[right];
    }

    internal static int ClassOf(double label, int classes) => label >= 0 && label < classes && Math.Floor(label).Equals(label)
        ? (int)label
        : throw new ArgumentOutOfRangeException(nameof(label), FormattableString.Invariant($"A label is a class from 0 to {classes - 1}."));

    private static double Largest(ReadOnlySpan<double> scores)
    {
        double largest = scores[0];
        foreach (double score in scores)
        {
            largest = Math.Max(largest, score);
        }

        return largest;
    }
}
