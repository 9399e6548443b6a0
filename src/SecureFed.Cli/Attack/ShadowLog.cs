using System.Globalization;
using System.Text;
using SecureFed.Cryptography.Keys;
using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Transparency.Log;
using SecureFed.Protocol.Wire;

namespace SecureFed.Cli.Attack;

/// <summary>A history that a hostile server makes up for one client: every entry it was shown at its index, and filler where it was shown nothing.</summary>
/// <remarks>
/// The server holds the key of its log, so as long as it keeps to one history per client every lie comes with a proof that holds. What stands in a tree that was
/// signed is fixed: for another entry in its place the proof is that of the first, and fails.
/// </remarks>
/// <param name="origin">Name of the log.</param>
/// <param name="key">Signs its checkpoints.</param>
internal sealed class ShadowLog(string origin, ISigner key) : IHashReader
{
    private readonly Lock gate = new();

    /// <summary>Roots of the perfect subtrees by height, from the left.</summary>
    private readonly List<List<Digest>> subtrees = [[]];

    /// <summary>Shown, but in no tree yet.</summary>
    private readonly Dictionary<ulong, Digest> later = [];

    /// <summary>An index that nothing was shown at, nor anything above it.</summary>
    public ulong NextFree
    {
        get
        {
            lock (gate)
                return later.Keys.Select(index => index + 1).Append(Size).Max();
        }
    }

    /// <summary>The tree that was shown last, signed; null before the first.</summary>
    public byte[]? Checkpoint
    {
        get
        {
            lock (gate)
                return Size == 0 ? null : Sign();
        }
    }

    private ulong Size => (ulong)subtrees[0].Count;

    public Digest Read(int height, ulong index) => subtrees[height][(int)index];

    /// <summary>A tile of hashes; null if the tree is too small for it, or for a bundle of entries.</summary>
    public byte[]? Tile(TilePath path)
    {
        lock (gate)
        {
            int height = path.Level * TilePath.Height;
            ulong end = path.Start + (ulong)path.Width;
            if (path.IsEntryBundle || height >= subtrees.Count || end > (ulong)subtrees[height].Count)
                return null;
            return [.. subtrees[height].Skip((int)path.Start).Take(path.Width).SelectMany(hash => hash.ToArray())];
        }
    }

    /// <summary>Puts an entry at its index, unless a tree with another one there was signed.</summary>
    public void Show(SignedEntry entry)
    {
        lock (gate)
        {
            if (entry.Index >= Size)
                later[entry.Index] = MerkleHash.Leaf(entry.Bytes.Span);
        }
    }

    /// <summary>Shows an announcement with its proof.</summary>
    /// <param name="announcement">Signed entry and list.</param>
    /// <param name="known">Entries that the client says it knows.</param>
    public ProvenAnnouncement Prove(Announcement announcement, ulong known)
    {
        Show(announcement.Entry);
        return new ProvenAnnouncement(announcement, ProofOf(announcement.Entry.Index, known));
    }

    /// <summary>The proof of whatever stands at an index; the tree grows until it covers it.</summary>
    public LogProof ProofOf(ulong index, ulong known)
    {
        lock (gate)
        {
            while (Size <= index)
                Append(later.Remove(Size, out Digest leaf) ? leaf : FillerAt(Size));
            ProofBuilder builder = new(this);
            return new LogProof(Sign(), known, builder.Inclusion(index, Size), known <= Size ? builder.Consistency(known, Size) : []);
        }
    }

    private static Digest FillerAt(ulong index) => MerkleHash.Leaf(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"filler {index}")));

    private byte[] Sign() => new Checkpoint(origin, Size, new ProofBuilder(this).Root(Size)).Sign(key).Encode();

    private void Append(Digest node)
    {
        for (int height = 0; ; height++)
        {
            if (height == subtrees.Count)
                subtrees.Add([]);
            subtrees[height].Add(node);
            if (subtrees[height].Count % 2 == 1)
                return;
            node = MerkleHash.Node(subtrees[height][^2], node);
        }
    }
}
