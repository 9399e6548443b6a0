using System.Security.Cryptography;
using SecureFed.Learning.Data;

namespace SecureFed.Cli.Commands;

/// <summary>A CSV file that is read again when it has changed.</summary>
/// <remarks>
/// Length and time of the last change decide whether it is looked at; a program that sets the time back and keeps the length is not noticed. What is looked at is read
/// as a whole and in one go, and refused while it is being written; a writer that stops between two whole rows leaves what cannot be told from a shorter file, so files
/// are best replaced by renaming.
/// </remarks>
/// <param name="path">File.</param>
/// <param name="read">Makes rows of the text; throws if it cannot.</param>
/// <param name="changed">Told of rows that differ from those before.</param>
internal sealed class FollowedFile(string path, Func<CsvSource, DataSet> read, Action<DataSet> changed)
{
    private (long Length, DateTime Written) stamp;
    private byte[] digest = [];
    private DataSet? rows;

    /// <summary>The rows of the file; the same object as long as its bytes are the same.</summary>
    /// <exception cref="DataException">They cannot be learned from, or the file was being written; the next call looks again.</exception>
    /// <exception cref="IOException">There is no such file, or another program holds it.</exception>
    public DataSet Current()
    {
        (long, DateTime) seen = Stamp();
        if (rows is not null && seen == stamp)
            return rows;
        byte[] bytes = File.ReadAllBytes(path);
        if (Stamp() != seen || bytes.Length != seen.Item1)
            throw new DataException("rows-unsettled", $"{Path.GetFileName(path)} was being written while it was read.", "It is read again in the next round; replace files as a whole, by renaming.");
        byte[] found = SHA256.HashData(bytes);
        if (rows is null || !found.AsSpan().SequenceEqual(digest))
        {
            using StreamReader reader = new(new MemoryStream(bytes));
            DataSet next = read(new CsvSource(Path.GetFileName(path), reader));
            if (rows is not null)
                changed(next);
            (rows, digest) = (next, found);
        }

        stamp = seen; // Not before the rows are good: a file that cannot be read is looked at again in every round.
        return rows;
    }

    private (long Length, DateTime Written) Stamp()
    {
        FileInfo file = new(path);
        return (file.Length, file.LastWriteTimeUtc);
    }
}
