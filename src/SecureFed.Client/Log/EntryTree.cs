using SecureFed.Protocol.Transparency.Log;
using SecureFed.Protocol.Wire;

namespace SecureFed.Client.Log;

/// <summary>Computes a log's tree again from all of its entries, and compares it with the checkpoints that it must give.</summary>
/// <remarks>RFC 6962, section 2.1. Whoever reads every entry needs no proofs: no other entries give the signed root.</remarks>
/// <param name="tree">The newest checkpoint.</param>
/// <param name="held">An earlier one that the tree must continue; null if there is none.</param>
internal sealed class EntryTree(SignedCheckpoint tree, SignedCheckpoint? held)
{
    private readonly MerkleFrontier frontier = new();
    private bool isContinued = held is null or { Checkpoint.Size: 0 };

    /// <summary>Entries that are still to come.</summary>
    public ulong Missing => tree.Checkpoint.Size - frontier.Size;

    /// <summary>The two checkpoints, if the entries are those of the newest and not of the held one; null otherwise, and before the last entry.</summary>
    public Evidence? Contradiction => held is not null && (held.Checkpoint.Size > tree.Checkpoint.Size || (IsSigned && !isContinued))
        ? new Evidence(held.Note.Encode(), tree.Note.Encode())
        : null;

    private bool IsSigned => Missing == 0 && frontier.Root == tree.Checkpoint.Root;

    /// <summary>Takes the next entry.</summary>
    public void Add(ReadOnlySpan<byte> entry)
    {
        frontier.Append(MerkleHash.Leaf(entry));
        isContinued |= held is not null && held.Checkpoint.Size == frontier.Size && held.Checkpoint.Root == frontier.Root;
    }

    /// <summary>What is wrong with the checkpoint (before the first entry) or with the entries (after the last); null if nothing is.</summary>
    public string? FindFault()
    {
        if (held is not null && held.Checkpoint.Size > tree.Checkpoint.Size)
            return $"The server shows a log of {tree.Checkpoint.Size} entries, but has signed one of {held.Checkpoint.Size}: it was rolled back.";
        if (Missing > 0)
            return null;
        if (!IsSigned)
            return $"The entries that the server shows are not the {tree.Checkpoint.Size} of its signed checkpoint.";
        return isContinued ? null : $"The log of {tree.Checkpoint.Size} entries does not continue the one of {held!.Checkpoint.Size} that the server signed before: history was rewritten.";
    }
}
