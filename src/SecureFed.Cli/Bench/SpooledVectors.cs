using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Wire;

namespace SecureFed.Cli.Bench;

/// <summary>What clients upload, in a temporary file that goes with the process; in memory only what the last of them uploaded, for the server that is about to add it.</summary>
/// <remarks>Written without fsync: how long a durable write takes is what <c>bench log</c> measures.</remarks>
internal sealed class SpooledVectors : IBlobSource, IDisposable
{
    private readonly FileStream file = new(
        Path.Combine(Path.GetTempPath(), $"securefed-bench-{Path.GetRandomFileName()}"),
        new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.ReadWrite, Options = FileOptions.DeleteOnClose, BufferSize = 0 });

    private readonly Dictionary<Digest, (long Start, int Length)> places = [];
    private readonly Dictionary<Digest, ReadOnlyMemory<byte>> latest = [];

    /// <summary>Written so far.</summary>
    public long Bytes => file.Length;

    /// <summary>The vectors of one message; none if it has none.</summary>
    public void Put(IReadOnlyList<ReadOnlyMemory<byte>> vectors)
    {
        latest.Clear();
        foreach (ReadOnlyMemory<byte> vector in vectors)
        {
            Digest digest = Digest.Of(vector.Span);
            latest[digest] = vector;
            places[digest] = (file.Length, vector.Length);
            RandomAccess.Write(file.SafeFileHandle, vector.Span, file.Length);
        }
    }

    public ReadOnlyMemory<byte> Get(Digest digest)
    {
        if (latest.TryGetValue(digest, out ReadOnlyMemory<byte> vector))
            return vector;
        if (!places.TryGetValue(digest, out (long Start, int Length) place))
            throw new KeyNotFoundException($"Vector {digest} is missing.");
        byte[] bytes = new byte[place.Length];
        return RandomAccess.Read(file.SafeFileHandle, bytes, place.Start) == bytes.Length ? bytes : throw new EndOfStreamException("The temporary file is shorter than what was written.");
    }

    public void Dispose() => file.Dispose();
}
