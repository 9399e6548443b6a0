using SecureFed.Client.Ledger;
using SecureFed.Client.State;
using SecureFed.Cryptography.Randomness;
using SecureFed.Privacy.Updates;
using SecureFed.Protocol.Encryption;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Masking;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Wire;

namespace SecureFed.Client.Rounds;

/// <summary>A client in an encrypted round: one message, after which it stays only to learn whether its update is in the sum. See <see cref="EncryptionClient"/>.</summary>
/// <remarks>That two sums are not subtracted is not this client's to guard: key holders remember every list that they signed, and sign none that comes too near to another.</remarks>
internal sealed class EncryptedParticipant(ClientContext context, RoundTransport transport, IRoundStateStore store, IRandomSource random, UpdatePipeline pipeline, IPrivacyLedger ledger)
    : RoundParticipant(context, transport, store, pipeline, ledger)
{
    private EncryptionClient? role;

    protected override RoundParameters Round => role!.Round;

    protected override Digest OpenDigest => role!.OpenDigest;

    protected override Digest PartDigest => role!.PartDigest;

    protected override RoundRejection? Begin(Announcement opening, int lastRoundNumber)
    {
        (role, RoundRejection? refusal) = EncryptionClient.Begin(Context, opening, lastRoundNumber, random);
        return refusal;
    }

    protected override bool TryRestore(ReadOnlyMemory<byte> saved)
    {
        role = EncryptionClient.Restore(Context, saved.Span);
        return role is not null;
    }

    protected override async Task<RoundStatus> StepThroughAsync(QuantizedUpdate quantized, SavedRounds saved, CancellationToken cancellationToken)
    {
        EncryptionClient client = role!;

        // After a restart that had encrypted already, the saved upload is sent and the vector computed now is not used.
        bool isEarlierVector = HasUpdateLeft = client.HasEncrypted;
        ClientStep upload = Require(client.Encrypt(Pipeline.AddNoise(quantized, client.ShareVariance), random));
        await SaveAsync(saved, RoundPhase.Upload, cancellationToken);
        HasUpdateLeft = true;
        SignedEntry? receipt = await UnlessLateAsync(Transport.SendUploadAsync(upload.Encrypted!, cancellationToken));
        if (receipt is not null)
            ReceiptIndex = CheckReceipt(receipt, upload, client.Round.RoundId);

        Announcement list = await Transport.GetSurvivorsAsync(cancellationToken);
        if (receipt is not null)
            await Transport.KeepReceiptAsync(receipt, cancellationToken);
        if (client.OnSurvivors(list) is { } refusal)
            throw new RoundRefusedException(refusal);
        Survivors = client.Survivors.Count;
        return !client.IsSurvivor ? RoundStatus.TooLate : isEarlierVector ? RoundStatus.Resumed : RoundStatus.Contributed;
    }

    protected override byte[] Encode() => role!.Encode();

    protected override void Leave() => role?.Dispose();
}
