using FsCheck;
using FsCheck.Fluent;
using SecureFed.Protocol.Encryption;
using SecureFed.Protocol.Encryption.Messages;
using SecureFed.Protocol.Messages;
using SecureFed.Protocol.Transparency;

namespace SecureFed.Protocol.Tests.Encryption;

/// <summary>A server that colludes with all other holders and says anything gets one check answer, one list signature and one sum out of a holder in a round.</summary>
public sealed class HolderSequenceTests
{
    private readonly EncryptedConsortium all = new("holder sequences");
    private readonly HoldingParty holder;
    private readonly byte[] joined;
    private readonly Dictionary<(EventType Kind, int Members, int Variant), Announcement> published = [];

    public HolderSequenceTests()
    {
        holder = all.Holders[0];
        all.Open();
        all.Upload();
        joined = holder.Role.Encode();

        // In this order, so that a list's index is above the challenge's.
        foreach (EventType kind in (EventType[])[EventType.UploadsFixed, EventType.SurvivorsListed])
        {
            foreach (int members in (int[])[0x3f, 0x1f, 0x3e, 0x07, 0x03])
            {
                for (int variant = 0; variant < 2; variant++)
                    published[(kind, members, variant)] = all.PublishList(kind, all.ListOf(Members(members)));
            }
        }
    }

    public enum Say
    {
        Fix,
        FixWithoutDeliveries,
        Survivors,
        Request,
        Reopen,
        Restart,
    }

    /// <param name="Say">Kind of announcement.</param>
    /// <param name="Members">Bit set of the list.</param>
    /// <param name="Variant">Which of two entries with that list.</param>
    /// <param name="Signers">Bit set of the other holders, who sign anything; the first bit adds the holder's own signature if it has given one.</param>
    public sealed record Announced(Say Say, int Members, int Variant, int Signers);

    [Fact]
    public void No_sequence_of_announcements_gives_two_answers_two_signatures_or_two_sums()
    {
        Gen<Announced> announced =
            from say in Gen.Frequency((3, Gen.Constant(Say.Fix)), (1, Gen.Constant(Say.FixWithoutDeliveries)), (4, Gen.Constant(Say.Survivors)), (5, Gen.Constant(Say.Request)), (1, Gen.Constant(Say.Restart)), (1, Gen.Constant(Say.Reopen)))
            from members in Gen.Frequency((4, Gen.Constant(0x3f)), (1, Gen.Elements(0x1f, 0x3e, 0x07, 0x03)))
            from variant in Gen.Choose(0, 1)
            from signers in Gen.Frequency((3, Gen.Constant(0x1f)), (2, Gen.Constant(0x1e)), (1, Gen.Choose(0, 31)))
            select new Announced(say, members, variant, signers);
        int summed = 0;
        int answered = 0;
        Prop.ForAll(
            Arb.From(Gen.Choose(1, 20).SelectMany(length => Gen.ArrayOf(announced, length))),
            sequence =>
            {
                Dictionary<MessageType, HashSet<string>> said = new() { [MessageType.ShareCheckAnswer] = [], [MessageType.ListSignature] = [], [MessageType.KeySumAnswer] = [] };
                ListSignature? signed = null;
                KeySumAnswer? sum = null;
                KeyHolder role = KeyHolder.Restore(holder.Context, joined)!;
                ReadOnlyMemory<byte> own = default;
                foreach (Announced next in sequence)
                {
                    if (next.Say == Say.Restart)
                        role = KeyHolder.Restore(holder.Context, role.Encode())!;
                    if (Present(role, next, own) is not { } bytes)
                        continue;
                    Assert.Null(SignedMessage.TryAuthenticate(bytes, all.Roster, out SignedMessage? message));
                    said[message!.Body.Type].Add(Convert.ToHexString(bytes.Span));
                    if (message.Body is ListSignature signature)
                        (signed, own) = (signature, bytes);
                    if (message.Body is KeySumAnswer answer)
                    {
                        sum = answer;
                        Assert.True(System.Numerics.BitOperations.PopCount((uint)next.Signers) >= EncryptedConsortium.Threshold);
                    }
                }

                Assert.All(said.Values, messages => Assert.InRange(messages.Count, 0, 1));
                if (sum is not null)
                    Assert.Equal(signed!.ListDigest, sum.ListDigest);
                summed += said[MessageType.KeySumAnswer].Count;
                answered += said[MessageType.ShareCheckAnswer].Count;
            }).Check(Config.QuickThrowOnFailure.WithMaxTest(150).WithReplay(7, 3));

        // The sequences do reach the answers.
        Assert.InRange(answered, 30, int.MaxValue);
        Assert.InRange(summed, 15, int.MaxValue);
    }

    private ReadOnlyMemory<byte>? Present(KeyHolder role, Announced next, ReadOnlyMemory<byte> own)
    {
        switch (next.Say)
        {
            case Say.Fix:
                Announcement fixing = published[(EventType.UploadsFixed, next.Members, next.Variant)];
                return role.OnFixedUploads(fixing, all.DeliveriesTo(holder, EncryptedConsortium.Read(fixing).Uploads)).Message;
            case Say.FixWithoutDeliveries:
                role.AcceptFixedUploads(published[(EventType.UploadsFixed, next.Members, next.Variant)]);
                return null;
            case Say.Survivors:
                return role.OnSurvivors(published[(EventType.SurvivorsListed, next.Members, next.Variant)]).Message;
            case Say.Request:
                Announcement list = published[(EventType.SurvivorsListed, next.Members, next.Variant)];
                return role.OnSumRequest(all.PublishRequest(RequestFor(list, next.Signers, own)), all.DeliveriesTo(holder, EncryptedConsortium.Read(list).Uploads)).Message;
            case Say.Reopen:
                role.OnOpening(next.Variant == 0 ? all.Opening : all.Publish(new TaskEvent.RoundOpened(all.Round), all.Opening.Blob.ToArray()));
                return null;
            default:
                return null;
        }
    }

    /// <summary>The honest holder's own signature is the one that it gave, on whatever list that was.</summary>
    private KeySumRequest RequestFor(Announcement list, int signers, ReadOnlyMemory<byte> own)
    {
        List<(HoldingParty, ReadOnlyMemory<byte>)> signed = [.. all.Holders.Skip(1).Where((_, i) => (signers >> (i + 1) & 1) == 1).Select(h => (h, all.SignBlindly(h, list)))];
        if ((signers & 1) == 1 && own.Length > 0)
            signed.Add((holder, own));
        return all.RequestFor(list, signed);
    }

    private IEnumerable<EncryptingParty> Members(int bits) => all.Clients.Where((_, i) => (bits >> i & 1) == 1);
}
