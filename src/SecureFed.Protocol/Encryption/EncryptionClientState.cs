using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Encryption;

/// <summary>Everything a client must remember of an encrypted round to send the same bytes again after a restart. Holds no secret: its key is gone before there is an upload.</summary>
internal sealed class EncryptionClientState
{
    public const int PartBytes = 32;

    private const byte Version = 1;

    public byte[] OpenEntry { get; init; } = [];

    public ulong OpenIndex { get; init; }

    /// <summary>32 random bytes that tell this part in the round from another one that the same client might begin after it has lost its state.</summary>
    public byte[] Part { get; init; } = new byte[PartBytes];

    /// <summary>Canonical <see cref="Encryption.InvitedList"/>.</summary>
    public byte[] InvitedList { get; init; } = [];

    /// <summary>The signed message; empty before the round's one vector is encrypted.</summary>
    public byte[] Upload { get; set; } = [];

    /// <summary>The list of summed uploads; empty before the server has shown one.</summary>
    public byte[] SurvivorList { get; set; } = [];

    public ulong SurvivorEntryIndex { get; set; }

    public byte[] Encode() => CanonicalWriter.Write(w => w
        .UInt8(Version).Opaque(OpenEntry).UInt64(OpenIndex).Fixed(Part).Opaque(InvitedList).Opaque(Upload).Opaque(SurvivorList).UInt64(SurvivorEntryIndex));

    public static EncryptionClientState? TryDecode(ReadOnlySpan<byte> bytes)
    {
        CanonicalReader reader = new(bytes);
        reader.Require(reader.UInt8() == Version);
        EncryptionClientState state = new()
        {
            OpenEntry = Opaque(ref reader),
            OpenIndex = reader.UInt64(),
            Part = reader.Fixed(PartBytes).ToArray(),
            InvitedList = Opaque(ref reader),
            Upload = Opaque(ref reader),
            SurvivorList = Opaque(ref reader),
            SurvivorEntryIndex = reader.UInt64(),
        };
        return reader.IsComplete ? state : null;
    }

    private static byte[] Opaque(ref CanonicalReader reader) => reader.Opaque(int.MaxValue).ToArray();
}
