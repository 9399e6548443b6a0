using System.Security.Cryptography;
using System.Text;

namespace SecureFed.Client.Ledger;

/// <summary>The checksums that hold the lines of a ledger together: each is over the one before it and its own line.</summary>
/// <remarks>
/// <para>checksum = the first 8 bytes of SHA-256(checksum of the previous line, 16 hexadecimal digits, nothing for the first line ‖ the line's JSON without its checksum), and stands as the last member
/// of the line. It finds what a disk or an editor did to a line, and lines lost or swapped in the middle. It has no key: it does not hold off somebody who may write the file, and lines cut off at the
/// end leave no trace.</para>
/// <para>Files of builds before this had no checksums. Their lines are read as if they had one, as long as none with one came before: refusing them would make a client forget what its data has
/// paid, the one thing it must not, and the first new line covers them all. A line cannot lose its checksum by damage, for what is left of the member fits no line.</para>
/// </remarks>
internal sealed class LineChain
{
    private const string Member = ",\"checksum\":\"";
    private const string End = "\"}";
    private const int ChecksumBytes = 8;
    private const int SuffixLength = 13 + 2 * ChecksumBytes + 2;

    private bool isSealed;

    /// <summary>Of the last line; empty before the first.</summary>
    public string Checksum { get; private set; } = "";

    /// <summary>The next line, with its checksum.</summary>
    /// <param name="json">An object with at least one member.</param>
    public string Seal(string json)
    {
        isSealed = true;
        Checksum = Of(json);
        return json[..^1] + Member + Checksum + End;
    }

    /// <summary>The object of the next line, without its checksum.</summary>
    /// <exception cref="InvalidOperationException">The line is not the one that was written here.</exception>
    public string Open(string line)
    {
        int start = line.Length - SuffixLength;
        bool hasChecksum = start > 0 && string.CompareOrdinal(line, start, Member, 0, Member.Length) == 0 && line.EndsWith(End, StringComparison.Ordinal);
        if (!hasChecksum && isSealed)
            throw new InvalidOperationException("it has no checksum, and lines before it have one");
        string json = hasChecksum ? line[..start] + "}" : line;
        string checksum = Of(json);
        if (hasChecksum && !line.AsSpan(start + Member.Length, 2 * ChecksumBytes).SequenceEqual(checksum))
            throw new InvalidOperationException("its checksum does not fit it and the lines before it");
        (isSealed, Checksum) = (hasChecksum, checksum);
        return json;
    }

    private string Of(string json) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Checksum + json)).AsSpan(0, ChecksumBytes));
}
