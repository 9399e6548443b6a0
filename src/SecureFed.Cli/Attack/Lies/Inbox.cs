using SecureFed.Protocol.Masking.Messages;
using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Wire;

namespace SecureFed.Cli.Attack.Lies;

/// <summary>What a client fetches before it masks: the dealers list and the sealed shares addressed to it.</summary>
internal sealed record Inbox(Announcement Dealers, IReadOnlyList<(int Dealer, ReadOnlyMemory<byte> Box)> Boxes)
{
    public ReadOnlyMemory<byte> BoxOf(int dealer) => Boxes.First(b => b.Dealer == dealer).Box;

    /// <param name="claimed">Number of boxes that the encoding claims; by default the true one.</param>
    public byte[] Encode(int? claimed = null) => CanonicalWriter.Write(writer =>
    {
        writer.Opaque(Dealers.Encode()).Count(claimed ?? Boxes.Count);
        foreach ((int dealer, ReadOnlyMemory<byte> box) in Boxes)
            writer.Count(dealer).Opaque(box.Span);
    });

    public static Inbox Decode(byte[] bytes)
    {
        CanonicalReader reader = new(bytes);
        Announcement dealers = Scene.AnnouncementOf(reader.Opaque(Announcement.GreatestBlobBytes).ToArray());
        return new Inbox(dealers, reader.List(1000, 8, (ref CanonicalReader r) => (r.Count(1000), (ReadOnlyMemory<byte>)r.Opaque(ShareBundle.BoxBytes).ToArray())));
    }
}
