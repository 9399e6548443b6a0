namespace SecureFed.Learning.Optimizers;

/// <summary>Keeps a model that is not finite from being released.</summary>
internal static class FiniteModel
{
    public static double[] Require(double[] parameters) => Array.TrueForAll(parameters, double.IsFinite)
        ? parameters
        : throw new LearningException(LearningException.ModelNotFinite, "The step would make the global model infinite.", "Lower the learning rate, or repeat the round.");
}
