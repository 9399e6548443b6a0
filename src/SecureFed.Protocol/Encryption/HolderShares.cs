using System.Runtime.InteropServices;
using System.Security.Cryptography;
using SecureFed.Cryptography.Bfv;
using SecureFed.Cryptography.Rings;
using SecureFed.Cryptography.Sharing;
using SecureFed.Protocol.Encryption.Messages;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Encryption;

/// <summary>What a key holder computes with the shares of a round. Decides nothing: <see cref="KeyHolder"/> does. Holds one client's share at a time.</summary>
internal static class HolderShares
{
    /// <summary>The holder's masked combinations of every listed client's share.</summary>
    /// <param name="reader">Opens the shares.</param>
    /// <param name="uploads">The fixed list.</param>
    /// <param name="deliveries">One for each upload, in the list's order; read once.</param>
    /// <param name="challengeDigest">Of the entry that fixed the list.</param>
    /// <param name="answer">Null after a refusal.</param>
    /// <returns>Null, or why nothing is answered.</returns>
    public static RoundRejection? TryCheck(
        ShareReader reader, IReadOnlyList<ListedUpload> uploads, IEnumerable<HolderDelivery> deliveries, Digest challengeDigest, out ShareCheckAnswer? answer)
    {
        answer = null;
        BfvSet set = reader.Set;
        ulong[] challenges = new ulong[ShareCheck.Challenges * set.Degree];
        ShareCheck.ExpandChallenges(set.Modulus, challengeDigest.ToArray(), ShareCheck.Challenges, challenges);
        List<ClientCheckAnswer> answers = new(uploads.Count);
        List<Identifier> unopened = [];
        Span<ulong> elements = stackalloc ulong[ShareCheck.Challenges];
        using IEnumerator<HolderDelivery> delivered = deliveries.GetEnumerator();
        foreach (ListedUpload listed in uploads)
        {
            if (!delivered.MoveNext())
                return Missing;
            if (reader.TryOpen(listed, delivered.Current, out bool isOpen) is { } fault)
                return fault;
            if (!isOpen)
            {
                unopened.Add(listed.Client);
                continue;
            }

            ShareCheck.Answer(set.Modulus, challenges, reader.Share, elements);
            byte[] packed = new byte[ResiduePacking.PackedBytes(set.Modulus, elements.Length)];
            ResiduePacking.Pack(set.Modulus, elements, packed);
            answers.Add(new ClientCheckAnswer(listed.Client, packed));
        }

        if (delivered.MoveNext())
            return Missing;
        answer = new ShareCheckAnswer(challengeDigest, answers, unopened);
        return null;
    }

    /// <summary>The sum of the key shares of every listed client, without the masks, packed.</summary>
    /// <param name="reader">Opens the shares.</param>
    /// <param name="uploads">The certified list.</param>
    /// <param name="deliveries">One for each upload, in the list's order; read once.</param>
    /// <param name="packedSum">N elements; null after a refusal.</param>
    /// <returns>Null, or why there is no sum.</returns>
    public static RoundRejection? TrySum(ShareReader reader, IReadOnlyList<ListedUpload> uploads, IEnumerable<HolderDelivery> deliveries, out byte[]? packedSum)
    {
        packedSum = null;
        BfvSet set = reader.Set;
        ulong[] sum = GC.AllocateArray<ulong>(set.Degree, pinned: true);
        using IEnumerator<HolderDelivery> delivered = deliveries.GetEnumerator();
        try
        {
            foreach (ListedUpload listed in uploads)
            {
                if (!delivered.MoveNext())
                    return Missing;
                if (reader.TryOpen(listed, delivered.Current, out bool isOpen) is { } fault)
                    return fault;
                if (!isOpen)
                    return new RoundRejection(ErrorCodes.InconsistentShares, "The list holds a client whose share for this holder does not open: it has no sum to give.");
                ResidueVector.Add(sum, reader.Share[..set.Degree], set.Modulus);
            }

            if (delivered.MoveNext())
                return Missing;
            packedSum = new byte[ResiduePacking.PackedBytes(set.Modulus, sum.Length)];
            ResiduePacking.Pack(set.Modulus, sum, packedSum);
            return null;
        }
        finally
        {
            // Until the last share is in, a part of the sum.
            CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(sum.AsSpan()));
        }
    }

    private static RoundRejection Missing { get; } =
        new(ErrorCodes.LengthMismatch, "A holder takes one delivery for each listed upload, in the list's order; fetch them again.");
}
