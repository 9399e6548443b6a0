namespace SecureFed.Server.Storage;

/// <summary>Where something is in a file, in bytes.</summary>
internal readonly record struct Extent(long Offset, int Length)
{
    public long End => Offset + Length;
}
