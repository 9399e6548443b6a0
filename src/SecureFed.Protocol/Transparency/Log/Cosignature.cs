using System.Buffers.Binary;
using System.Globalization;
using SecureFed.Cryptography.Signing;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Transparency.Log;

/// <summary>A witness's statement: at that time this was the largest tree I had seen of this log, consistent with all before.</summary>
/// <remarks>C2SP tlog-cosignature, cosignature/v1: u64 time ‖ Ed25519 over "cosignature/v1\ntime t\n" and the note's text.</remarks>
public static class Cosignature
{
    private const int TimeBytes = sizeof(ulong);

    /// <summary>Cosigns a checkpoint whose consistency the caller has verified and durably recorded.</summary>
    /// <param name="name">Name of the witness.</param>
    /// <param name="seed32">Its Ed25519 seed.</param>
    /// <param name="text">The checkpoint without signatures.</param>
    /// <param name="unixSeconds">Now, at most 2^63 − 1.</param>
    public static NoteSignature Sign(string name, ReadOnlySpan<byte> seed32, ReadOnlySpan<byte> text, ulong unixSeconds)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(unixSeconds, (ulong)long.MaxValue);
        byte[] signature = new byte[TimeBytes + Ed25519.SignatureBytes];
        BinaryPrimitives.WriteUInt64BigEndian(signature, unixSeconds);
        Ed25519.Sign(seed32, Statement(unixSeconds, text)).CopyTo(signature, TimeBytes);
        return new NoteSignature(name, NoteVerifier.ForCosigner(name, Ed25519.PublicKeyOf(seed32)).KeyId, signature);
    }

    /// <summary>The time a cosignature states, seconds since 1970; verify the note first.</summary>
    /// <returns>Null if the bytes are no cosignature.</returns>
    public static ulong? TimeOf(NoteSignature signature) => TrySplit(signature.Signature.Span, out ulong time, out _) ? time : null;

    internal static bool TrySplit(ReadOnlySpan<byte> signature, out ulong time, out ReadOnlySpan<byte> ed25519)
    {
        time = 0;
        ed25519 = default;
        if (signature.Length != TimeBytes + Ed25519.SignatureBytes)
            return false;
        time = BinaryPrimitives.ReadUInt64BigEndian(signature);
        ed25519 = signature[TimeBytes..];
        return time <= long.MaxValue;
    }

    internal static byte[] Statement(ulong time, ReadOnlySpan<byte> text) =>
        [.. Utf8.Strict.GetBytes(string.Create(CultureInfo.InvariantCulture, $"cosignature/v1\ntime {time}\n")), .. text];
}
