using System.Buffers.Binary;
using SecureFed.Cryptography.Randomness;

namespace SecureFed.Cryptography.Tests.Sampling;

/// <summary>Gives the words of a list, then those of another source: leads a sampler to a boundary that chance would not reach.</summary>
internal sealed class ScriptedWords(ulong[] script, IRandomSource rest) : IRandomSource
{
    /// <summary>Words given out so far.</summary>
    public int Given { get; private set; }

    public void Fill(Span<byte> destination)
    {
        for (; !destination.IsEmpty; destination = destination[sizeof(ulong)..])
        {
            if (Given < script.Length) BinaryPrimitives.WriteUInt64LittleEndian(destination, script[Given]);
            else rest.Fill(destination[..sizeof(ulong)]);
            Given++;
        }
    }
}
