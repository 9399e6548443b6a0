namespace SecureFed.Learning.Optimizers;

/// <summary>Checks that all server rules share.</summary>
internal static class RuleArguments
{
    public static double RequireRate(double rate) => rate > 0 && double.IsFinite(rate)
        ? rate
        : throw new ArgumentOutOfRangeException(nameof(rate), "The server's rate is positive.");

    public static double RequireDecay(double decay, string name) => decay is >= 0 and < 1
        ? decay
        : throw new ArgumentOutOfRangeException(name, "The decay of a moment lies in [0, 1).");

    public static void RequireLength(ReadOnlySpan<double> parameters, ReadOnlySpan<double> direction)
    {
        if (direction.Length != parameters.Length)
        {
            throw new ArgumentException($"A direction of {direction.Length} coordinates does not fit {parameters.Length} parameters.", nameof(direction));
        }
    }

    /// <summary>A copy of the state that a step may overwrite.</summary>
    public static double[] StateOrInitial(IServerRule rule, int parameterCount, ReadOnlySpan<double> state)
    {
        double[] initial = rule.InitialState(parameterCount);
        if (state.IsEmpty)
        {
            return initial;
        }

        return state.Length == initial.Length
            ? state.ToArray()
            : throw new ArgumentException($"The state has {state.Length} numbers, the rule keeps {initial.Length}.", nameof(state));
    }

    /// <summary>A step along sum/divisor.</summary>
    public static ServerStep StepAlong(
        IServerRule rule, ReadOnlySpan<double> parameters, ReadOnlySpan<double> state, ReadOnlySpan<double> sum, double divisor)
    {
        if (rule is PlainRule plain)
        {
            return plain.Step(parameters, sum, divisor);
        }

        double[] direction = sum.ToArray();
        foreach (ref double x in direction.AsSpan())
        {
            x /= divisor;
        }

        return rule.Step(parameters, state, direction);
    }
}
