using System.Collections.Concurrent;
using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Transparency.Log;
using SecureFed.Protocol.Wire;

namespace SecureFed.Cli.Attack;

/// <summary>One history per client of a scene. Takes the genuine proofs off before a lie sees an answer, and puts those of the client's own history on afterwards.</summary>
/// <remarks>So a lie is told as a server with its log's key would tell it, and what refuses it is the check that it is about.</remarks>
/// <param name="server">Signs entries and checkpoints.</param>
/// <param name="taskId">The scene's task.</param>
internal sealed class ShadowLogs(Party server, Identifier taskId)
{
    private readonly ConcurrentDictionary<Identifier, ShadowLog> logs = new();
    private readonly ConcurrentDictionary<(Identifier Round, Identifier Client), SignedEntry> receipts = new();

    /// <summary>The name of the task's genuine log.</summary>
    public string Origin { get; } = LogOrigin.Of(server.Key.PublicKey.Span, taskId);

    public ShadowLog Of(Identifier client) => logs.GetOrAdd(client, _ => New());

    /// <summary>Another history of the same log, signed with its genuine key.</summary>
    public ShadowLog New() => new(Origin, server.Key);

    /// <summary>What follows from the client's own history and not from the genuine server's; null where that is asked.</summary>
    public Reply? Answer(Exchange exchange) => exchange switch
    {
        { IsSend: false, Part: "checkpoint" } when Of(exchange.Client).Checkpoint is { } note => Reply.Ok(note),
        { IsSend: false, Tile: { } path } when Of(exchange.Client).Tile(path) is { } tile => Reply.Ok(tile),
        { IsSend: false, Part: "receipt", Round: { } round } when receipts.TryGetValue((round, exchange.Client), out SignedEntry? receipt) => Reply.Ok(new Announcement(receipt, default).Encode()),
        _ => null,
    };

    /// <summary>The genuine answer without its proof.</summary>
    public static Reply Strip(Exchange exchange, Reply genuine) => genuine with
    {
        Body = Rewrite(exchange, genuine, bytes => ProvenAnnouncement.TryDecode(bytes, out ProvenAnnouncement? proven) ? proven!.Announcement.Encode() : null),
    };

    /// <summary>An answer, genuine or not, as this client's history proves it. What is no announcement stays as it is.</summary>
    public Reply Prove(Exchange exchange, Reply reply)
    {
        if (reply.IsProven)
            return reply;
        ShadowLog log = Of(exchange.Client);
        if (exchange.IsSend && reply.IsOk)
            TakeReceipt(exchange, reply.Body, log);
        return reply with
        {
            Body = Rewrite(exchange, reply, bytes => Announcement.TryDecode(bytes, out Announcement? announcement) ? log.Prove(announcement!, exchange.Known).Encode() : null),
        };
    }

    private void TakeReceipt(Exchange exchange, byte[] body, ShadowLog log)
    {
        CanonicalReader reader = new(body);
        SignedEntry receipt = SignedEntry.Read(ref reader);
        if (!reader.IsComplete)
            return;
        log.Show(receipt);
        if (exchange.Part is "uploads")
            receipts[(exchange.Round!.Value, exchange.Client)] = receipt;
    }

    private static byte[] Rewrite(Exchange exchange, Reply reply, Func<byte[], byte[]?> rewrite)
    {
        if (exchange.IsSend || !reply.IsOk)
            return reply.Body;
        switch (exchange.Part)
        {
            case "opening" or "keys" or "survivors" or "unmask-request" or "receipt":
                return rewrite(reply.Body) ?? reply.Body;
            case "shares":
                // The dealers list comes first, as an opaque vector; the boxes after it stay, well-formed or not.
                CanonicalReader reader = new(reply.Body);
                byte[] dealers = reader.Opaque(Announcement.GreatestBlobBytes).ToArray();
                return rewrite(dealers) is { } other ? [.. CanonicalWriter.Write(w => w.Opaque(other)), .. reply.Body[(sizeof(uint) + dealers.Length)..]] : reply.Body;
            default:
                return reply.Body;
        }
    }
}
