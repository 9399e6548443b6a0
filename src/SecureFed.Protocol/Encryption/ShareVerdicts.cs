using SecureFed.Cryptography.Rings;
using SecureFed.Cryptography.Sharing;
using SecureFed.Protocol.Encryption.Messages;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Encryption;

/// <summary>What the holders' answers to the one challenge say: whose shares fit together, and which holders are wrong for certain.</summary>
/// <param name="Kept">Clients whose shares can be summed, ascending.</param>
/// <param name="WrongSeats">Places in the holder table of holders whose answers and sums are not used.</param>
internal sealed record ShareVerdicts(IReadOnlyList<Identifier> Kept, IReadOnlyList<int> WrongSeats)
{
    /// <param name="encryption">Table, t_h and f.</param>
    /// <param name="clients">Whose uploads are fixed, ascending.</param>
    /// <param name="answers">By place in the table; each covers all clients.</param>
    /// <param name="corruptClients">c.</param>
    /// <param name="leastSurvivors">S_min: below it clients of whom nothing is known for certain stay, if they are too many to be the cause (see <see cref="ShareCheckSelection"/>).</param>
    public static ShareVerdicts Of(
        RoundEncryption encryption, IReadOnlyList<Identifier> clients, IReadOnlyDictionary<int, ShareCheckAnswer> answers, int corruptClients, int leastSurvivors)
    {
        PrimeModulus q = encryption.Specification.Ring.Modulus;
        int[] seats = [.. answers.Keys.Order()];
        int[] points = [.. seats.Select(place => encryption.Table.Entries[place].Point)];
        ulong[]?[][] elements = [.. seats.Select(place => ElementsOf(q, answers[place], clients))];

        ShareConsistency[] verdicts = new ShareConsistency[clients.Count];
        bool[] isOff = new bool[clients.Count * seats.Length];
        for (int i = 0; i < clients.Count; i++)
        {
            int[] open = [.. Enumerable.Range(0, seats.Length).Where(k => elements[k][i] is not null)];
            bool[] isWrong = new bool[open.Length];
            verdicts[i] = open.Length == 0 ? ShareConsistency.TooFew : VectorErrorCorrection.Locate(
                q,
                [.. open.Select(k => points[k])],
                [.. open.SelectMany(k => elements[k][i]!)],
                ShareCheck.Challenges,
                encryption.Specification.Threshold,
                encryption.Specification.CorruptHolders,
                isWrong);
            Span<bool> off = isOff.AsSpan(i * seats.Length, seats.Length);
            off.Fill(true);
            for (int k = 0; k < open.Length; k++) off[open[k]] = isWrong[k];
        }

        bool[] isKept = new bool[clients.Count];
        bool[] isHolderWrong = new bool[seats.Length];
        ShareCheckSelection.Select(verdicts, isOff, corruptClients, isKept, isHolderWrong);
        bool[] isUndecided = [.. verdicts.Select(v => v == ShareConsistency.Unattributed)];
        bool staysUndecided = isKept.Count(kept => kept) < leastSurvivors && isUndecided.Count(undecided => undecided) > corruptClients;
        return new ShareVerdicts(
            [.. clients.Where((_, i) => isKept[i] || (staysUndecided && isUndecided[i]))],
            [.. seats.Where((_, k) => isHolderWrong[k])]);
    }

    private static ulong[]?[] ElementsOf(PrimeModulus q, ShareCheckAnswer answer, IReadOnlyList<Identifier> clients)
    {
        ulong[]?[] elements = new ulong[]?[clients.Count];
        int next = 0;
        for (int i = 0; i < clients.Count && next < answer.Answers.Count; i++)
        {
            if (answer.Answers[next].Client != clients[i])
                continue;
            ulong[] read = new ulong[ShareCheck.Challenges];
            if (ShareCheckAnswer.TryReadElements(q, answer.Answers[next], read))
                elements[i] = read;
            next++;
        }

        return elements;
    }
}
