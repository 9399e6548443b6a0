using System.Globalization;
using System.Text;
using SecureFed.Protocol.Wire;
using SecureFed.Shared;

namespace SecureFed.Server.Storage;

/// <summary>Used nonces in a small text file that is replaced as a whole, so that no signed request is executed again after a restart.</summary>
internal sealed class NonceFile
{
    private const string Title = "securefed nonces 1";
    private readonly DurableFiles files;
    private readonly string path;
    private readonly UsedNonces nonces;

    private NonceFile(DurableFiles files, string path, IReadOnlyCollection<UsedNonce> atOpening)
    {
        this.files = files;
        this.path = path;
        nonces = new UsedNonces(atOpening);
    }

    /// <exception cref="StorageException">Damaged or of a newer version.</exception>
    public static NonceFile Open(DurableFiles files, string path)
    {
        if (!File.Exists(path))
            return new NonceFile(files, path, []);
        return TryDecode(File.ReadAllText(path), out List<UsedNonce> held)
            ? new NonceFile(files, path, held)
            : throw new StorageException($"'{path}' is damaged or of a newer version. Nothing was changed. It keeps operators' requests from being executed twice: delete it when none was signed within the last hour.");
    }

    /// <summary>Durable on return.</summary>
    /// <exception cref="IOException">Not written; the nonce is not used.</exception>
    public bool TryUse(Identifier keyId, string nonce, DateTimeOffset expires, DateTimeOffset now) =>
        nonces.TryUse(keyId, nonce, expires, now, all => files.Replace(path, Encoding.UTF8.GetBytes(Encode(all))));

    private static string Encode(IEnumerable<UsedNonce> nonces)
    {
        string content = Title + "\n" + string.Concat(nonces.Select(n => string.Create(CultureInfo.InvariantCulture, $"{n.Expires} {n.KeyId} {n.Nonce}\n")));
        return $"{content}{Digest.Of(Encoding.UTF8.GetBytes(content))}\n";
    }

    private static bool TryDecode(string text, out List<UsedNonce> nonces)
    {
        nonces = [];
        string[] lines = text.Split('\n');
        foreach (string line in lines.Skip(1).SkipLast(2))
        {
            if (line.Split(' ') is not [{ } expires, { } key, { } nonce] || !long.TryParse(expires, NumberStyles.None, CultureInfo.InvariantCulture, out long time)
                || !Identifier.TryParse(key, out Identifier keyId))
            {
                return false;
            }

            nonces.Add(new UsedNonce(keyId, nonce, time));
        }

        return string.Equals(Encode(nonces), text, StringComparison.Ordinal);
    }
}
