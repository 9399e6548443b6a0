namespace SecureFed.Privacy.Updates;

/// <summary>Adds one client's share of the round's noise to its integers.</summary>
public interface INoiseMechanism
{
    NoisedUpdate Add(QuantizedUpdate update);
}
