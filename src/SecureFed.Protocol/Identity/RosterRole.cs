namespace SecureFed.Protocol.Identity;

/// <summary>What an identity may do; one identity has one role.</summary>
public enum RosterRole : byte
{
    Client = 1,
    Server = 2,
    Operator = 3,
    KeyHolder = 4,
    Approver = 5,
    Auditor = 6,
}
