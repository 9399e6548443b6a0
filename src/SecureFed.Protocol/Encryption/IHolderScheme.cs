using SecureFed.Cryptography.Randomness;
using SecureFed.Protocol.Encryption.Messages;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Messages;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Encryption;

/// <summary>What a holder's round key is and what it computes with it, by the task's protection. <see cref="KeyHolder"/> decides when.</summary>
internal interface IHolderScheme
{
    /// <summary>Whether rounds have a challenge, so that a list can only be a part of what was fixed before it.</summary>
    bool HasCheck { get; }

    /// <summary>Draws a key for one round.</summary>
    (byte[] PrivateKey, ReadOnlyMemory<byte> PublicKey) Draw(IRandomSource random);

    /// <summary>Whether a private key that was kept is that of a seat.</summary>
    bool Matches(ReadOnlySpan<byte> privateKey, ReadOnlySpan<byte> publicKey);

    /// <summary>The one answer about the certified list.</summary>
    /// <param name="round">The round.</param>
    /// <param name="privateKey">Of the own seat.</param>
    /// <param name="listDigest">Names the list.</param>
    /// <param name="uploads">The list.</param>
    /// <param name="deliveries">One for each upload, in the list's order; read once, one at a time.</param>
    /// <param name="answer">Null after a refusal.</param>
    /// <returns>Null, or why nothing is answered.</returns>
    RoundRejection? TryAnswer(
        OpenedRound round, byte[] privateKey, Digest listDigest, IReadOnlyList<ListedUpload> uploads, IEnumerable<HolderDelivery> deliveries, out IMessageBody? answer);

    static IHolderScheme Of(HolderContext context) =>
        context.Task.Protection == ProtectionKind.EncryptionSingleKey ? new SingleKeyScheme(context) : new SharedKeyScheme(context);
}
