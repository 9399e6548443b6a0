namespace SecureFed.Cryptography.Randomness;

/// <summary>Where a pure component gets its random bytes from; randomness is an argument, so that every step can be replayed in a test.</summary>
/// <remarks>Instances that make keys, seeds or shares must be cryptographically strong. Unless an implementation says so, it is not thread safe.</remarks>
public interface IRandomSource
{
    /// <summary>Overwrites all of <paramref name="destination"/> with independent uniform bytes.</summary>
    void Fill(Span<byte> destination);
}
