using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Transparency.Log;

/// <summary>Two checkpoints of one log, both signed, that do not fit together.</summary>
/// <remarks>
/// Two roots for one size are a proof by themselves: an honest log never signs both (C2SP tlog-checkpoint). Two sizes without a consistency proof are an
/// accusation that the log can answer only with such a proof; there is none if history was rewritten. A smaller tree than the reader had named in its request is
/// an accusation too: that the log went back behind what it had signed. Its earlier checkpoints look the same, so this one rests on the reader's word.
/// </remarks>
/// <param name="Held">The note that was accepted first.</param>
/// <param name="Offered">The note that contradicts it.</param>
public sealed record Evidence(ReadOnlyMemory<byte> Held, ReadOnlyMemory<byte> Offered)
{
    public byte[] Encode() => CanonicalWriter.Write(writer => writer.Opaque(Held.Span).Opaque(Offered.Span));

    public static bool TryDecode(ReadOnlySpan<byte> bytes, out Evidence? evidence)
    {
        CanonicalReader reader = new(bytes);
        Evidence read = new(reader.Opaque(SignedNote.GreatestBytes).ToArray(), reader.Opaque(SignedNote.GreatestBytes).ToArray());
        evidence = reader.IsComplete ? read : null;
        return evidence is not null;
    }

    /// <summary>Whether the notes alone convict the log: both accepted by the policy, one origin, one size, two roots.</summary>
    public bool IsConclusive(TlogPolicy policy) =>
        policy.Open(Held.Span, out SignedCheckpoint? held) is null
        && policy.Open(Offered.Span, out SignedCheckpoint? offered) is null
        && string.Equals(held!.Checkpoint.Origin, offered!.Checkpoint.Origin, StringComparison.Ordinal)
        && held.Checkpoint.Size == offered.Checkpoint.Size
        && held.Checkpoint.Root != offered.Checkpoint.Root;
}
