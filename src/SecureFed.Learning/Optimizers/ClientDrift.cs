namespace SecureFed.Learning.Optimizers;

/// <summary>How far the clients' updates of a round lie apart.</summary>
/// <param name="Dispersion">Weighted variance of the updates around their mean, at least 0, in squared units of the parameters.</param>
/// <param name="SquaredMeanNorm">‖mean update‖², at least 0. A dispersion far above it says that clients pull in different directions.</param>
/// <param name="Deviation">Standard deviation that the noise gives the dispersion; 0 without noise.</param>
public sealed record ClientDrift(double Dispersion, double SquaredMeanNorm, double Deviation);
