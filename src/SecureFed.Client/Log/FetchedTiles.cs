using SecureFed.Protocol.Transparency.Log;
using SecureFed.Protocol.Wire;

namespace SecureFed.Client.Log;

/// <summary>Proves from a log's public tiles what no announcement came to prove: that one of its trees continues an earlier one.</summary>
/// <remarks>C2SP tlog-tiles. A proof needs the tiles on the right edges of both trees: two or three files of at most 8 KiB for a million entries.</remarks>
/// <param name="fetch">A file below the log's prefix; null if the log has none.</param>
internal sealed class FetchedTiles(Func<string, CancellationToken, Task<byte[]?>> fetch)
{
    /// <summary>The consistency proof; each tile is fetched once, anew for every proof.</summary>
    /// <returns>Null if a tile is missing or has another length than its name says: that tells nothing about history.</returns>
    public async Task<IReadOnlyList<Digest>?> ProveConsistencyAsync(ulong from, ulong to, CancellationToken cancellationToken)
    {
        Files files = new();
        while (true)
        {
            try
            {
                return new ProofBuilder(new TileHashReader(files, to)).Consistency(from, to);
            }
            catch (InvalidDataException) when (files.Wanted is not null)
            {
                await files.FetchWantedAsync(fetch, cancellationToken);
            }
            catch (InvalidDataException)
            {
                return null;
            }
        }
    }

    /// <summary>The builder does not wait, so what it misses is fetched and the building begun again.</summary>
    private sealed class Files : ILogSource
    {
        private readonly Dictionary<string, byte[]?> held = new(StringComparer.Ordinal);

        /// <summary>The first file that was asked for and never fetched.</summary>
        public string? Wanted { get; private set; }

        public byte[]? Read(string path)
        {
            if (!held.TryGetValue(path, out byte[]? file))
                Wanted ??= path;
            return file;
        }

        public async Task FetchWantedAsync(Func<string, CancellationToken, Task<byte[]?>> fetch, CancellationToken cancellationToken)
        {
            held[Wanted!] = await fetch(Wanted!, cancellationToken);
            Wanted = null;
        }
    }
}
