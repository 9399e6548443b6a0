using System.Text;
using SecureFed.Cryptography.Keys;
using SecureFed.Cryptography.Randomness;
using SecureFed.Protocol.Transparency.Log;
using SecureFed.Protocol.Wire;

namespace SecureFed.Service.Tests.Witnessing;

/// <summary>A log in memory, with the key that signs it.</summary>
internal sealed class GrowingLog(SigningKey? key = null) : ILogSource
{
    public const string Origin = "securefed.test/tasks/growing";

    private readonly TileSet tiles = new();
    private readonly Dictionary<string, byte[]> files = new(StringComparer.Ordinal);

    public SigningKey Key { get; } = key ?? SigningKey.Generate(OperatingSystemRandomSource.Instance);

    public NoteVerifier Verifier => NoteVerifier.ForEcdsa(Origin, Key.PublicKey.Span);

    /// <summary>The tree as it is, signed.</summary>
    public SignedNote Checkpoint => new Checkpoint(Origin, tiles.Size, tiles.Root).Sign(Key);

    public byte[]? Read(string path) => files.GetValueOrDefault(path);

    public GrowingLog GrowTo(ulong size, string content = "entry")
    {
        while (tiles.Size < size)
            tiles.Append(Encoding.UTF8.GetBytes(FormattableString.Invariant($"{content} {tiles.Size}")));
        foreach (LogFile file in tiles.TakeFiles())
            files[file.Path.ToString()] = file.Bytes.ToArray();
        return this;
    }

    public Digest[] Prove(ulong from, ulong to) => new ProofBuilder(new TileHashReader(this, to)).Consistency(from, to);

    public byte[] Request(ulong oldSize) => new AddCheckpointRequest(oldSize, Prove(oldSize, tiles.Size), Checkpoint).Encode();
}
