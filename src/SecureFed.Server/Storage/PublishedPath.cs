namespace SecureFed.Server.Storage;

/// <summary>Names of published files: relative, and no way out of the directory.</summary>
internal static class PublishedPath
{
    /// <exception cref="ArgumentException">Not such a name.</exception>
    public static string Require(string path) =>
        path.Length is > 0 and <= 255 && path.Split('/').All(IsSegment) ? path : throw new ArgumentException("Not the path of a published file.", nameof(path));

    private static bool IsSegment(string segment) =>
        segment.Length > 0 && segment[0] != '.' && segment.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_') && !Shared.DurableFiles.IsUnfinished(segment);
}
