using System.Globalization;

namespace SecureFed.Protocol.Transparency.Log;

/// <summary>Why a witness did not cosign, in the words of its protocol.</summary>
/// <param name="Status">HTTP status: 400, 403, 404, 409 or 422.</param>
/// <param name="Detail">For a person.</param>
/// <param name="LatestSize">With 409: the size that the witness cosigned last, which the log needs to prove from.</param>
public sealed record WitnessRefusal(int Status, string Detail, ulong? LatestSize = null)
{
    /// <summary>Media type of a 409's body.</summary>
    public const string SizeType = "text/x.tlog.size";

    public string ContentType => LatestSize is null ? "text/plain; charset=utf-8" : SizeType;

    public string Body => LatestSize is { } size ? string.Create(CultureInfo.InvariantCulture, $"{size}\n") : Detail + "\n";

    /// <summary>Reads a 409's body.</summary>
    public static bool TryReadSize(ReadOnlySpan<byte> body, out ulong size)
    {
        size = 0;
        return LogText.TryText(body, out string text) && text.EndsWith('\n') && LogText.TryNumber(text.AsSpan(0, text.Length - 1), out size);
    }
}
