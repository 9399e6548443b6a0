namespace SecureFed.Protocol.Transparency.Log;

/// <summary>The files of one log, wherever they are: a folder, a server, an archive.</summary>
public interface ILogSource
{
    /// <param name="path">Below the log's prefix: <c>checkpoint</c> or a <see cref="TilePath"/>.</param>
    /// <returns>The whole file, or null if there is none.</returns>
    byte[]? Read(string path);
}
