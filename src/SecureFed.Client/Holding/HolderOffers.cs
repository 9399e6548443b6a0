using SecureFed.Client.Http;
using SecureFed.Cryptography.Randomness;
using SecureFed.Protocol.Encryption;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Requests;
using SecureFed.Protocol.Resources;
using SecureFed.Protocol.Wire;

namespace SecureFed.Client.Holding;

/// <summary>Keeps signed keys on offer at the server, for rounds that open while the holder is away.</summary>
internal sealed class HolderOffers(ServiceConnection connection, Identifier taskId, Identifier self, int keysAhead, IRandomSource random)
{
    private string Path => $"{Routes.TaskPart(taskId, "holder-keys")}/{self}";

    /// <summary>What the server has of this holder.</summary>
    public async Task<HolderKeysView> GetAsync(CancellationToken cancellationToken) =>
        ServiceConnection.ReadJson<HolderKeysView>(await connection.GetAsync(Path, cancellationToken: cancellationToken));

    /// <summary>Sends what an earlier attempt did not, then new ones until enough wait for their rounds. Saved before the first is sent.</summary>
    public async Task KeepAsync(HolderMemory memory, CancellationToken cancellationToken)
    {
        HolderKeysView known = await GetAsync(cancellationToken);
        List<ReadOnlyMemory<byte>> due = [.. memory.Role.Offers.Where(offer => SignedHolderKey.TryDecode(offer.Span)!.Number > known.LastNumber)];
        int missing = keysAhead - known.Ahead - due.Count;
        for (int i = 0; i < missing; i++)
            due.Add(memory.Role.Offer(random));
        if (missing > 0)
            await memory.SaveAsync(cancellationToken);
        try
        {
            foreach (ReadOnlyMemory<byte> offer in due)
                await connection.PutAsync(Path, "holder-key", offer, cancellationToken);
        }
        catch (SecureFedException exception) when (exception.Code is ErrorCodes.TooManyKeys or ErrorCodes.TaskFinished)
        {
            // Others of this holder's keys wait already, or nobody needs them any more.
        }
    }
}
