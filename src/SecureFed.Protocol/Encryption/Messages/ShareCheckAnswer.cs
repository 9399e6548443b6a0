using SecureFed.Cryptography.Rings;
using SecureFed.Cryptography.Sharing;
using SecureFed.Protocol.Identity;
using SecureFed.Protocol.Messages;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Encryption.Messages;

/// <summary>One holder's masked combinations of one client's share.</summary>
/// <param name="Client">Whose share was asked.</param>
/// <param name="Packed"><see cref="ShareCheck.Challenges"/> elements of Z_q by <see cref="ResiduePacking"/>: 19 bytes with set A1.</param>
public sealed record ClientCheckAnswer(Identifier Client, ReadOnlyMemory<byte> Packed);

/// <summary>Step 3: a holder's one answer to the one challenge of a round.</summary>
/// <remarks>A second challenge answered for the same clients would give linear equations of their keys; see <see cref="ShareCheck"/>.</remarks>
/// <param name="ChallengeDigest">Of the log entry that fixes all uploads and from which ρ is expanded.</param>
/// <param name="Answers">Ascending by client; all of one length.</param>
/// <param name="Unopened">Clients whose box did not open or does not hold a canonical share: ascending, none of them answered.</param>
public sealed record ShareCheckAnswer(Digest ChallengeDigest, IReadOnlyList<ClientCheckAnswer> Answers, IReadOnlyList<Identifier> Unopened) : IMessageBody
{
    /// <summary>What a client adds to a message at most.</summary>
    public const int GreatestBytesPerClient = Identifier.Bytes + GreatestPackedBytes;

    private const int GreatestPackedBytes = 64;

    public MessageType Type => MessageType.ShareCheckAnswer;

    public RosterRole SenderRole => RosterRole.KeyHolder;

    public byte[] Encode() => CanonicalWriter.Write(Write);

    public static bool TryDecode(ReadOnlySpan<byte> bytes, out ShareCheckAnswer? answer)
    {
        CanonicalReader reader = new(bytes);
        ShareCheckAnswer read = Read(ref reader);
        answer = reader.IsComplete ? read : null;
        return answer is not null;
    }

    /// <summary>The elements of one client's answer.</summary>
    /// <param name="q">The round's modulus.</param>
    /// <param name="answer">One of <see cref="Answers"/>.</param>
    /// <param name="elements"><see cref="ShareCheck.Challenges"/> elements; overwritten.</param>
    /// <returns>False if an element is not below q, the length is another or padding is set: the holder is then without an answer.</returns>
    public static bool TryReadElements(PrimeModulus q, ClientCheckAnswer answer, Span<ulong> elements) => ResiduePacking.TryUnpack(q, answer.Packed.Span, elements);

    public void Write(CanonicalWriter writer)
    {
        int packedBytes = Answers.Count == 0 ? 0 : Answers[0].Packed.Length;
        if (Answers.Any(a => a.Packed.Length != packedBytes))
            throw new InvalidOperationException("Answers of one holder have one length.");
        writer.Digest(ChallengeDigest).Count(packedBytes)
            .List(Answers, (w, a) => w.Identifier(a.Client).Fixed(a.Packed.Span))
            .List(Unopened, (w, c) => w.Identifier(c));
    }

    internal static ShareCheckAnswer Read(ref CanonicalReader reader)
    {
        Digest challenge = reader.Digest();
        int packedBytes = reader.Count(GreatestPackedBytes);
        ClientCheckAnswer[] answers = reader.List(
            ShamirSecretSharing.MaxPoint, Identifier.Bytes + packedBytes, (ref CanonicalReader r) => new ClientCheckAnswer(r.Identifier(), r.Fixed(packedBytes).ToArray()));
        Identifier[] unopened = reader.List(ShamirSecretSharing.MaxPoint, Identifier.Bytes, (ref CanonicalReader r) => r.Identifier());
        reader.Require(answers.Length == 0 == (packedBytes == 0));
        reader.Require(IdentifierOrder.IsAscending(answers, a => a.Client) && IdentifierOrder.IsAscending(unopened, c => c));
        reader.Require(!answers.Select(a => a.Client).Intersect(unopened).Any());
        return new ShareCheckAnswer(challenge, answers, unopened);
    }
}
