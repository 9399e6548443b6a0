using System.Text;
using SecureFed.Cryptography.Keys;
using SecureFed.Protocol.Transparency.Log;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Tests.Transparency.Log;

/// <summary>A log whose files are in memory, with the key that signs it.</summary>
internal sealed class MemoryLog : ILogSource
{
    public const string Origin = "securefed.test/tasks/memory";

    private readonly TileSet tiles = new();

    public MemoryLog(string name = "memory log") => Key = SigningKey.Generate(Seeded.Source(name));

    public SortedDictionary<string, byte[]> Files { get; } = new(StringComparer.Ordinal);

    public List<byte[]> Entries { get; } = [];

    public SigningKey Key { get; }

    public NoteVerifier Verifier => NoteVerifier.ForEcdsa(Origin, Key.PublicKey.Span);

    public TlogPolicy Policy => TlogPolicy.Of(Verifier);

    public TileSet Tiles => tiles;

    /// <summary>A log of that many short entries with one checkpoint.</summary>
    public static MemoryLog OfSize(int size, string name = "memory log")
    {
        MemoryLog log = new(name);
        for (int i = 0; i < size; i++)
            log.Append(Entry(i, name));
        log.Publish();
        return log;
    }

    public static byte[] Entry(int index, string name = "memory log") => Encoding.UTF8.GetBytes(FormattableString.Invariant($"{name}: entry {index}"));

    public byte[]? Read(string path) => Files.GetValueOrDefault(path);

    public void Append(byte[] entry)
    {
        Assert.Equal((ulong)Entries.Count, tiles.Append(entry));
        Entries.Add(entry);
    }

    /// <summary>Writes what is new and signs a checkpoint; returns its note.</summary>
    public byte[] Publish()
    {
        foreach (LogFile file in tiles.TakeFiles())
            Files[file.Path.ToString()] = file.Bytes.ToArray();
        byte[] note = Sign(tiles.Size, tiles.Root);
        Files["checkpoint"] = note;
        return note;
    }

    public byte[] Sign(ulong size, Digest root) => new Checkpoint(Origin, size, root).Sign(Key).Encode();

    public ProofBuilder Proofs => new(new TileHashReader(this, tiles.Size));

    /// <summary>What a server would send with an entry to a client that holds a checkpoint of that size.</summary>
    public LogProof Prove(ulong index, ulong since) =>
        new(Files["checkpoint"], since, Proofs.Inclusion(index, tiles.Size), Proofs.Consistency(since, tiles.Size));
}
