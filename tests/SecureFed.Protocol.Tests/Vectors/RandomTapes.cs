using SecureFed.Cryptography.Randomness;

namespace SecureFed.Protocol.Tests.Vectors;

/// <summary>Writes down every byte that a step draws, so that the step can be repeated.</summary>
internal sealed class RecordingSource(IRandomSource inner) : IRandomSource
{
    private readonly List<byte> tape = [];

    public void Fill(Span<byte> destination)
    {
        inner.Fill(destination);
        tape.AddRange(destination);
    }

    /// <summary>What was drawn since the last call.</summary>
    public byte[] Take()
    {
        byte[] taken = [.. tape];
        tape.Clear();
        return taken;
    }
}

/// <summary>Gives a recorded tape again and nothing beyond it.</summary>
internal sealed class ReplaySource(byte[] tape) : IRandomSource
{
    private int position;

    public bool IsSpent => position == tape.Length;

    public void Fill(Span<byte> destination)
    {
        tape.AsSpan(position, destination.Length).CopyTo(destination);
        position += destination.Length;
    }
}
