namespace SecureFed.Cryptography.Seal;

/// <summary>A public seed that stands for the second component of a ciphertext or public key (SEAL's UniformRandomGeneratorInfo).</summary>
public sealed class SealSeed
{
    /// <summary>Length of the seed itself.</summary>
    public const int SeedBytes = 64;

    internal const int SavedBytes = SealHeader.Bytes + 1 + SeedBytes;

    private readonly byte[] bytes;

    /// <param name="generator">Which one expands the seed.</param>
    /// <param name="seed64">Exactly 64 bytes, copied. Public, but uniform and never used twice.</param>
    /// <exception cref="ArgumentException">Another length, or an unknown generator.</exception>
    public SealSeed(SealGenerator generator, ReadOnlySpan<byte> seed64)
    {
        if (!Enum.IsDefined(generator)) throw new ArgumentException("The generator is unknown.", nameof(generator));
        if (seed64.Length != SeedBytes) throw new ArgumentException($"A seed has {SeedBytes} bytes.", nameof(seed64));
        Generator = generator;
        bytes = seed64.ToArray();
    }

    public SealGenerator Generator { get; }

    public ReadOnlySpan<byte> Bytes => bytes;

    internal static SealSeed Take(ref SealReader reader)
    {
        reader.TakeNestedHeader(SavedBytes);
        byte generator = reader.TakeByte();
        return generator is (byte)SealGenerator.Blake2xb or (byte)SealGenerator.Shake256
            ? new SealSeed((SealGenerator)generator, reader.Take(SeedBytes))
            : throw new SealFormatException(SealErrorCodes.Generator, $"The seed is for generator {generator}, which is unknown.", "Save the object in full, without a seed.");
    }

    internal void Put(ref SealWriter writer)
    {
        writer.PutNestedHeader(SavedBytes);
        writer.PutByte((byte)Generator);
        writer.Put(bytes);
    }
}
