using System.Buffers.Binary;
using SecureFed.Cryptography.Keys;
using SecureFed.Protocol.Identity;
using SecureFed.Protocol.Masking.Messages;
using SecureFed.Protocol.Messages;
using SecureFed.Protocol.Tests.Simulation;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Tests.Rounds;

/// <summary>One genuine message and everything that can be wrong with it.</summary>
/// <param name="probe">Sender; its genuine message of this kind is <paramref name="genuine"/> and may be still to come in the phase under test.</param>
/// <param name="genuine">A message that the server accepted in a complete run of the same round.</param>
/// <param name="earlier">A client whose genuine message <paramref name="earlierMessage"/> came before the probe's.</param>
/// <param name="earlierMessage">That message.</param>
/// <param name="outsider">A roster client outside the cohort.</param>
/// <param name="other">An identity of the roster with another role.</param>
internal sealed class MessageVariants(
    SimulatedClient probe,
    SignedMessage genuine,
    SimulatedClient earlier,
    SignedMessage earlierMessage,
    SimulatedClient outsider,
    SimulatedClient other)
{
    private const int BodyOffset = 2 + 3 * Identifier.Bytes + Digest.Bytes;

    public IEnumerable<(string Name, ReadOnlyMemory<byte> Bytes)> All()
    {
        MessageHeader header = genuine.Header;
        yield return ("valid", genuine.Bytes);
        yield return ("replay of same bytes", earlierMessage.Bytes);
        yield return ("different bytes, same content", SignedMessage.Sign(earlierMessage.Header, earlierMessage.Body, earlier.Key).Bytes);
        yield return ("different bytes, other content", SignedMessage.Sign(earlierMessage.Header, genuine.Body, earlier.Key).Bytes);
        yield return ("stale round", SignedMessage.Sign(header with { RoundId = Other(header.RoundId) }, genuine.Body, probe.Key).Bytes);
        yield return ("other task", SignedMessage.Sign(header with { TaskId = Other(header.TaskId) }, genuine.Body, probe.Key).Bytes);
        yield return ("wrong binding", SignedMessage.Sign(header with { Binding = Digest.Of("another"u8) }, genuine.Body, probe.Key).Bytes);
        yield return ("not in the roster", SignedMessage.Sign(header with { Sender = Other(header.Sender) }, genuine.Body, probe.Key).Bytes);
        yield return ("another role", SignedMessage.Sign(header with { Sender = other.Id }, genuine.Body, other.Key).Bytes);
        yield return ("not in the cohort", SignedMessage.Sign(header with { Sender = outsider.Id }, genuine.Body, outsider.Key).Bytes);
        yield return ("signed by another client", SignedMessage.Sign(header, genuine.Body, outsider.Key).Bytes);
        yield return ("flipped signature bit", Flipped(genuine.Bytes, genuine.Bytes.Length - 1));
        yield return ("flipped content bit", Flipped(genuine.Bytes, BodyOffset));
        byte[] content = genuine.Bytes[..^P256.SignatureBytes].ToArray();
        yield return ("trailing byte", Sign([.. content, 0]));
        yield return ("one byte short", Sign(content[..^1]));
        yield return ("empty", ReadOnlyMemory<byte>.Empty);
        yield return ("wrong version", Sign([2, .. content[1..]]));
        yield return ("unknown type", Sign([1, 99, .. content[2..]]));
        foreach ((string name, IMessageBody body) in BrokenBodies())
            yield return (name, SignedMessage.Sign(header, body, probe.Key).Bytes);
        if (genuine.Body is UnmaskAnswer or ShareBundle)
        {
            // The count comes after the first digest of the body.
            byte[] huge = [.. content];
            BinaryPrimitives.WriteUInt32BigEndian(huge.AsSpan(BodyOffset + Digest.Bytes), 1 << 20);
            yield return ("huge count", Sign(huge));
        }
    }

    private IEnumerable<(string Name, IMessageBody Body)> BrokenBodies()
    {
        switch (genuine.Body)
        {
            case Advertisement ad:
                byte[] offCurve = ad.MaskKey.ToArray();
                offCurve[^1] ^= 1;
                Advertisement theirs = (Advertisement)earlierMessage.Body;
                yield return ("key off the curve", ad with { MaskKey = offCurve });
                yield return ("sealing key in another encoding", ad with { SealingKey = Flipped(ad.SealingKey, 0) });
                yield return ("one key for both purposes", ad with { SealingKey = ad.MaskKey });
                yield return ("mask key of another client", ad with { MaskKey = theirs.MaskKey });
                yield return ("sealing key of another client", ad with { MaskKey = theirs.SealingKey });
                break;
            case ShareBundle bundle:
                SealedShare last = bundle.Shares[^1];
                yield return ("a neighbour left out", bundle with { Shares = [.. bundle.Shares.SkipLast(1)] });
                yield return ("a share for nobody", bundle with { Shares = [.. bundle.Shares, last with { Recipient = 99 }] });
                yield return ("unsorted", bundle with { Shares = [.. bundle.Shares.Reverse()] });
                yield return ("repeated recipient", bundle with { Shares = [.. bundle.Shares.SkipLast(1), bundle.Shares[^2]] });
                yield return ("index beyond 2^20", bundle with { Shares = [.. bundle.Shares.SkipLast(1), last with { Recipient = 1 << 20 }] });
                break;
            case Upload upload:
                yield return ("wrong length", upload with { Dimension = upload.Dimension - 1, PackedWords = upload.PackedWords[..^3] });
                yield return ("other ring", upload with { RingBits = 16, PackedWords = new byte[2 * upload.Dimension] });
                yield return ("ring of 33 bits", upload with { RingBits = 33 });
                yield return ("dimension 0", upload with { Dimension = 0, PackedWords = default });
                yield return ("non-zero padding", upload with { PackedWords = Flipped(upload.PackedWords, upload.PackedWords.Length - 1, 0x80) });
                yield return ("other dealers", upload with { DealersDigest = Digest.Of("another"u8) });
                break;
            case Confirmation confirmation:
                yield return ("other list", confirmation with { SurvivorListDigest = Digest.Of("another"u8) });
                yield return ("other entry", confirmation with { EntryIndex = confirmation.EntryIndex + 1 });
                break;
            case UnmaskAnswer answer:
                ReleasedShare first = answer.Shares[0];
                IEnumerable<ReleasedShare> rest = answer.Shares.Skip(1);
                yield return ("other list", answer with { SurvivorListDigest = Digest.Of("another"u8) });
                yield return ("share not below p", answer with { Shares = [first with { Share = Enumerable.Repeat((byte)0xff, 33).ToArray() }, .. rest] });
                yield return ("the other kind of share", answer with { Shares = [first with { Kind = 3 - first.Kind }, .. rest] });
                yield return ("unknown kind of share", answer with { Shares = [first with { Kind = (ShareKind)3 }, .. rest] });
                yield return ("unsorted", answer with { Shares = [.. answer.Shares.Reverse()] });
                yield return ("share of nobody", answer with { Shares = [.. answer.Shares, first with { Owner = 99 }] });
                yield return ("no shares", answer with { Shares = [] });
                break;
        }
    }

    private byte[] Sign(byte[] content) => [.. content, .. probe.Key.Sign(SigningContext.Message.Bind(content))];

    private static byte[] Flipped(ReadOnlyMemory<byte> bytes, int offset, byte bit = 1)
    {
        byte[] flipped = bytes.ToArray();
        flipped[offset] ^= bit;
        return flipped;
    }

    private static Identifier Other(Identifier id)
    {
        byte[] bytes = id.ToArray();
        bytes[0] ^= 1;
        return new Identifier(bytes);
    }
}
