using SecureFed.Protocol.Encryption;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Messages;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Tests.Simulation;
using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Tests.Encryption;

/// <summary>The parties of an <see cref="EncryptedConsortium"/> before the real server's round and task.</summary>
internal sealed class ServedRound
{
    private int round;

    public ServedRound(string seed, int clients = 6, int leastDifference = 0)
    {
        Parties = new EncryptedConsortium(seed, clients, leastDifference);
        Server = new SimulatedServer(Parties.Task, Parties.Roster, Parties.ServerKey, Parties.Random);
    }

    public EncryptedConsortium Parties { get; }

    public SimulatedServer Server { get; }

    public ServerRound Round => Server.Round;

    public Announcement Opening => new(Server.Opening, Server.Blobs.Get(Round.Parameters.Encryption!.InvitedDigest));

    public IReadOnlyList<EncryptingParty> Clients => Parties.Clients;

    public IReadOnlyList<HoldingParty> Holders => Parties.Holders;

    /// <summary>Those holders offer one key each; all of them if none are named.</summary>
    public void Offer(params IReadOnlyList<HoldingParty> holders)
    {
        foreach (HoldingParty holder in holders.Count > 0 ? holders : Holders)
            Server.Append(Server.State.OfferHolderKey(holder.Role.Offer(Parties.Random).Span).Accepted!);
    }

    /// <summary>Every holder offers a key, and a round opens that invites all clients.</summary>
    public void Open()
    {
        Offer();
        OpenWithOffers();
    }

    public void OpenWithOffers()
    {
        if (Server.State.AwaitsModel)
            Server.Append(Server.State.Publish(SecureFed.Protocol.Tasks.ModelState.Initial(Parties.Task.Model) with { CompletedTrainRounds = Server.State.CompletedRounds + 1 }));
        Server.Append(Server.State.Next(Parties.Random, [.. Clients.Select(c => c.Id)])!);
        round++;
        foreach (HoldingParty holder in Holders.Where(h => Round.Parameters.Encryption!.Table.Find(h.Id) is not null))
            Assert.Null(holder.Role.OnOpening(Opening));
    }

    /// <summary>Those clients upload; all of them if none are named.</summary>
    public void Upload(params IReadOnlyList<EncryptingParty> clients)
    {
        foreach (EncryptingParty client in clients.Count > 0 ? clients : Clients)
            Assert.Equal(SimulatedServer.Accepted, Server.Receive(Encrypt(client)));
    }

    public ReadOnlyMemory<byte> Encrypt(EncryptingParty client)
    {
        (EncryptionClient? role, RoundRejection? refusal) = EncryptionClient.Begin(client.Context, Opening, round - 1, Parties.Random);
        Assert.Null(refusal);
        client.Role = role!;
        return role!.Encrypt(client.MakeUpdate(Round.Parameters.Layout, Parties.Random), Parties.Random).Message!.Value;
    }

    public IReadOnlyList<HolderDelivery> DeliveriesTo(HoldingParty holder, IEnumerable<Identifier>? clients = null)
    {
        IReadOnlyList<HolderDelivery> all = Round.DeliveriesTo(holder.Id, 0, int.MaxValue);
        return clients is null ? all : [.. all.Where(d => clients.Contains(SenderOf(d)))];
    }

    /// <summary>The holder's answer to the challenge, with its signature.</summary>
    public ReadOnlyMemory<byte> Check(HoldingParty holder) =>
        holder.Role.OnFixedUploads(Server.AnnouncementOf(EventType.UploadsFixed)!, DeliveriesTo(holder)).Message!.Value;

    public ReadOnlyMemory<byte> Confirm(HoldingParty holder) => holder.Role.OnSurvivors(Server.AnnouncementOf(EventType.SurvivorsListed)!).Message!.Value;

    public ReadOnlyMemory<byte> Sum(HoldingParty holder) =>
        holder.Role.OnSumRequest(Server.AnnouncementOf(EventType.UnmaskRequested)!, DeliveriesTo(holder, holder.Role.SignedUploads.Select(u => u.Client))).Message!.Value;

    /// <summary>The server receives that from each of those holders; from all of them if none are named.</summary>
    public void Receive(Func<HoldingParty, ReadOnlyMemory<byte>> message, params IReadOnlyList<HoldingParty> holders)
    {
        foreach (HoldingParty holder in holders.Count > 0 ? holders : Holders)
        {
            if (Server.State.HasOpenRound)
                Server.Receive(message(holder));
            Server.Advance(Patience.Waiting);
        }
    }

    /// <summary>From uploads that are in to the end of the round; holders that are named take no part.</summary>
    public void Finish(params IReadOnlyList<HoldingParty> absent)
    {
        HoldingParty[] present = [.. Holders.Except(absent)];
        Advance(RoundPhase.Upload);
        Receive(Check, present);
        Advance(RoundPhase.Check);
        Receive(Confirm, present);
        Receive(Sum, present);
        Advance(RoundPhase.Unmask);
    }

    /// <summary>Lets the phase's deadline pass if it is not over.</summary>
    public void Advance(RoundPhase phase)
    {
        Server.Advance(Patience.Waiting);
        if (Server.State.HasOpenRound && Round.Phase == phase)
            Server.Advance(Patience.DeadlinePassed);
    }

    private static Identifier SenderOf(HolderDelivery delivery)
    {
        Assert.Null(SignedMessage.TryDecodeRecord(delivery.Record, out SignedMessage? message));
        return message!.Header.Sender;
    }
}
