using System.Security.Cryptography;
using SecureFed.Cryptography.Keys;
using SecureFed.Cryptography.Sharing;
using SecureFed.Protocol.Masking.Messages;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Masking;

/// <summary>Everything a client must remember of a round to send the same bytes again after a restart. Holds the round's secrets.</summary>
/// <remarks>Saved before each message leaves; erased when the round ends. Zeroed on dispose; <see cref="ToString"/> shows nothing.</remarks>
internal sealed class MaskingClientState : IDisposable
{
    private const byte Version = 2;
    private const int GreatestBlobBytes = 512 * 1024 * 1024;

    public byte[] OpenEntry { get; init; } = [];

    public ulong OpenIndex { get; init; }

    public byte[] MaskPrivateKey { get; init; } = new byte[P256.PrivateKeyBytes];

    public byte[] SealingPrivateKey { get; init; } = new byte[P256.PrivateKeyBytes];

    public byte[] Advertisement { get; init; } = [];

    /// <summary>Log index of the last announcement that was accepted; the next must be later.</summary>
    public ulong LastIndex { get; set; }

    /// <summary>SHA-256 of the published cohort.</summary>
    public Digest CohortDigest { get; set; }

    /// <summary>Canonical list of the own leaf; the published cohort itself if it has but one.</summary>
    public byte[] CohortList { get; set; } = [];

    public Digest LeafDigest { get; set; }

    /// <summary>Id under which the messages after the advertisement travel.</summary>
    public Identifier LeafId { get; set; }

    public byte[] SelfMaskSeed { get; } = new byte[MaskingDerivations.SeedBytes];

    /// <summary>Sealing keys of boxes to this client from each neighbour, ascending, 32 bytes each.</summary>
    public byte[] InboundKeys { get; set; } = [];

    public byte[] ShareBundle { get; set; } = [];

    public byte[] DealersList { get; set; } = [];

    /// <summary>Per neighbour, ascending: one byte (1 = opened) and the two shares.</summary>
    public byte[] ReceivedShares { get; set; } = [];

    public byte[] Upload { get; set; } = [];

    public byte[] SurvivorList { get; set; } = [];

    public ulong SurvivorEntryIndex { get; set; }

    public byte[] Confirmation { get; set; } = [];

    public byte[] Answer { get; set; } = [];

    public const int ReceivedShareBytes = 1 + 2 * ShamirSecretSharing.ShareBytes;

    public byte[] Encode() => CanonicalWriter.Write(w => w
        .UInt8(Version).Opaque(OpenEntry).UInt64(OpenIndex).Fixed(MaskPrivateKey).Fixed(SealingPrivateKey).Opaque(Advertisement)
        .UInt64(LastIndex).Digest(CohortDigest).Opaque(CohortList).Digest(LeafDigest).Identifier(LeafId).Fixed(SelfMaskSeed).Opaque(InboundKeys).Opaque(ShareBundle).Opaque(DealersList)
        .Opaque(ReceivedShares).Opaque(Upload).Opaque(SurvivorList).UInt64(SurvivorEntryIndex).Opaque(Confirmation).Opaque(Answer));

    public static MaskingClientState? TryDecode(ReadOnlySpan<byte> bytes)
    {
        CanonicalReader reader = new(bytes);
        reader.Require(reader.UInt8() == Version);
        MaskingClientState state = new()
        {
            OpenEntry = Opaque(ref reader),
            OpenIndex = reader.UInt64(),
            MaskPrivateKey = reader.Fixed(P256.PrivateKeyBytes).ToArray(),
            SealingPrivateKey = reader.Fixed(P256.PrivateKeyBytes).ToArray(),
            Advertisement = Opaque(ref reader),
            LastIndex = reader.UInt64(),
            CohortDigest = reader.Digest(),
            CohortList = Opaque(ref reader),
            LeafDigest = reader.Digest(),
            LeafId = reader.Identifier(),
        };
        reader.Fixed(MaskingDerivations.SeedBytes).CopyTo(state.SelfMaskSeed);
        state.InboundKeys = Opaque(ref reader);
        state.ShareBundle = Opaque(ref reader);
        state.DealersList = Opaque(ref reader);
        state.ReceivedShares = Opaque(ref reader);
        state.Upload = Opaque(ref reader);
        state.SurvivorList = Opaque(ref reader);
        state.SurvivorEntryIndex = reader.UInt64();
        state.Confirmation = Opaque(ref reader);
        state.Answer = Opaque(ref reader);
        return reader.IsComplete ? state : null;
    }

    public void Dispose()
    {
        CryptographicOperations.ZeroMemory(MaskPrivateKey);
        CryptographicOperations.ZeroMemory(SealingPrivateKey);
        CryptographicOperations.ZeroMemory(SelfMaskSeed);
        CryptographicOperations.ZeroMemory(InboundKeys);
        CryptographicOperations.ZeroMemory(ReceivedShares);
    }

    public override string ToString() => "MaskingClientState(hidden)";

    private static byte[] Opaque(ref CanonicalReader reader) => reader.Opaque(GreatestBlobBytes).ToArray();
}
