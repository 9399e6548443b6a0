namespace SecureFed.Server.Http;

/// <summary>Marks the resource whose body is a roster, which may be larger than other control messages.</summary>
internal sealed class RosterBody
{
    public static RosterBody Instance { get; } = new();
}
