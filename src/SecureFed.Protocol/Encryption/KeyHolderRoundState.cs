using System.Security.Cryptography;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Encryption;

/// <summary>What a key holder remembers of the round that is under way, so that it says the same again or nothing. Holds the round's private key until the sum is given.</summary>
internal sealed class KeyHolderRoundState : IDisposable
{
    public byte[] OpenEntry { get; init; } = [];

    public ulong OpenIndex { get; init; }

    /// <summary>Canonical <see cref="Encryption.InvitedList"/>.</summary>
    public byte[] InvitedList { get; init; } = [];

    /// <summary>Private half of the round key; empty once the sum is given, for which it is used last.</summary>
    public byte[] PrivateKey { get; set; } = [];

    /// <summary>The uploads that the server has fixed; empty before.</summary>
    public byte[] FixedList { get; set; } = [];

    /// <summary>Log index of the list's entry.</summary>
    public ulong FixedIndex { get; set; }

    /// <summary>Names the fixing entry, and is what the challenges expand from.</summary>
    public Digest ChallengeDigest { get; set; }

    /// <summary>Signed <see cref="Messages.ShareCheckAnswer"/>; empty if none was given.</summary>
    public byte[] CheckAnswer { get; set; } = [];

    /// <summary>The one list that was signed; empty before.</summary>
    public byte[] SignedList { get; set; } = [];

    public ulong SignedIndex { get; set; }

    /// <summary>Signed <see cref="Messages.ListSignature"/>.</summary>
    public byte[] ListSignature { get; set; } = [];

    /// <summary>Signed <see cref="Messages.KeySumAnswer"/> or <see cref="Messages.SingleKeyAnswer"/>; empty if none was given.</summary>
    public byte[] SumAnswer { get; set; } = [];

    public void EraseKey()
    {
        CryptographicOperations.ZeroMemory(PrivateKey);
        PrivateKey = [];
    }

    public void Write(CanonicalWriter writer) => writer
        .Opaque(OpenEntry).UInt64(OpenIndex).Opaque(InvitedList).Opaque(PrivateKey)
        .Opaque(FixedList).UInt64(FixedIndex).Digest(ChallengeDigest).Opaque(CheckAnswer)
        .Opaque(SignedList).UInt64(SignedIndex).Opaque(ListSignature).Opaque(SumAnswer);

    public static KeyHolderRoundState Read(ref CanonicalReader reader) => new()
    {
        OpenEntry = Opaque(ref reader),
        OpenIndex = reader.UInt64(),
        InvitedList = Opaque(ref reader),
        PrivateKey = reader.Opaque(KeyHolderState.GreatestPrivateKeyBytes).ToArray(),
        FixedList = Opaque(ref reader),
        FixedIndex = reader.UInt64(),
        ChallengeDigest = reader.Digest(),
        CheckAnswer = Opaque(ref reader),
        SignedList = Opaque(ref reader),
        SignedIndex = reader.UInt64(),
        ListSignature = Opaque(ref reader),
        SumAnswer = Opaque(ref reader),
    };

    public void Dispose() => EraseKey();

    public override string ToString() => "KeyHolderRoundState(hidden)";

    private static byte[] Opaque(ref CanonicalReader reader) => reader.Opaque(int.MaxValue).ToArray();
}
