namespace SecureFed.Cli.Audit;

/// <summary>The first thing found wrong.</summary>
/// <param name="Place">File or resource below the audited place.</param>
/// <param name="EntryIndex">The entry, if it is one entry that is wrong.</param>
/// <param name="Code">Stable token.</param>
/// <param name="Message">What is wrong.</param>
internal sealed record AuditFault(string Place, ulong? EntryIndex, string Code, string Message)
{
    /// <summary>What an auditor does about it.</summary>
    public string Hint => Code switch
    {
        Protocol.Errors.ErrorCodes.HistoryRewritten => "Keep both checkpoints, show them to the consortium and to the witnesses, and do not trust results of this task.",
        Protocol.Errors.ErrorCodes.CheckpointUntrusted => "Compare the pinned key with the log's owner by another way than the server.",
        _ => "Keep a copy of the place, fetch it again from the server or another mirror, and compare; if it stays so, show it to the consortium.",
    };
}
