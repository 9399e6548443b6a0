namespace SecureFed.Protocol.Identity;

/// <summary>How many members of a role one roster has that another has not.</summary>
public sealed record EnrolmentCount(RosterRole Role, int Added, int Removed);
