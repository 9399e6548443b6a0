using SecureFed.Cryptography.Keys;
using SecureFed.Cryptography.Randomness;
using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Transparency.Log;
using SecureFed.Protocol.Wire;

namespace SecureFed.Service.Tests.Audit;

/// <summary>A server that signs whatever entries it likes: a log of a task under a key of the test's own.</summary>
internal sealed class SignedTree(Identifier task, string directory)
{
    private readonly SigningKey key = SigningKey.Generate(OperatingSystemRandomSource.Instance);

    public string Origin => LogOrigin.Of(key.PublicKey.Span, task);

    public string VerifierKeyFile => Path.Combine(directory, "log", "vkey");

    /// <summary>The entries of a log in a directory.</summary>
    public static IReadOnlyList<byte[]> EntriesIn(string directory)
    {
        Assert.True(SignedNote.TryParse(File.ReadAllBytes(Path.Combine(directory, "log", "checkpoint")), out SignedNote? note));
        Assert.True(Checkpoint.TryParse(note!.Text.Span, out Checkpoint? tree));
        List<byte[]> entries = [];
        for (ulong bundle = 0; bundle * TilePath.FullWidth < tree!.Size; bundle++)
        {
            TilePath path = TilePath.EntriesOf(tree.Size, bundle);
            Assert.True(EntryBundle.TryDecode(File.ReadAllBytes(Path.Combine(directory, "log", path.ToString())), path.Width, out ReadOnlyMemory<byte>[] read));
            entries.AddRange(read.Select(e => e.ToArray()));
        }

        return entries;
    }

    public static Identifier TaskIn(string directory) => LogEntry.TryDecode(EntriesIn(directory)[0], out LogEntry? first) ? first!.TaskId : throw new InvalidDataException();

    /// <summary>Writes a log of these entries in place of what is there; returns its checkpoint.</summary>
    public byte[] Write(IEnumerable<byte[]> entries)
    {
        string log = Path.Combine(directory, "log");
        if (Directory.Exists(log))
            Directory.Delete(log, recursive: true);
        TileSet tiles = new();
        foreach (byte[] entry in entries)
            tiles.Append(entry);
        foreach (LogFile file in tiles.TakeFiles())
            WriteFile(file.Path.ToString(), file.Bytes.ToArray());
        byte[] note = new Checkpoint(Origin, tiles.Size, tiles.Root).Sign(key).Encode();
        WriteFile("checkpoint", note);
        WriteFile("vkey", System.Text.Encoding.ASCII.GetBytes(NoteVerifier.ForEcdsa(Origin, key.PublicKey.Span) + "\n"));
        return note;

        void WriteFile(string path, byte[] bytes)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(log, path))!);
            File.WriteAllBytes(Path.Combine(log, path), bytes);
        }
    }
}
