using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Wire;

namespace SecureFed.Server;

/// <summary>Every log line of the server, with stable event ids. None carries a key, share, seed, vector or a client's identity together with a round.</summary>
internal static partial class Log
{
    [LoggerMessage(1, LogLevel.Information, "Task {Task}: entry {Index} {Type}")]
    public static partial void Appended(ILogger logger, Identifier task, ulong index, EventType type);

    [LoggerMessage(2, LogLevel.Error, "Task {Task}: no model follows from round {Round} ({Code}); the round counts as failed")]
    public static partial void ModelStepFailed(ILogger logger, Identifier task, int round, string code);

    [LoggerMessage(3, LogLevel.Critical, "Task {Task} stopped ({Code})")]
    public static partial void TaskStopped(ILogger logger, Identifier task, string code, Exception exception);

    [LoggerMessage(4, LogLevel.Warning, "Request refused: {Code}")]
    public static partial void RequestRefused(ILogger logger, string code);

    [LoggerMessage(5, LogLevel.Error, "Request failed")]
    public static partial void RequestFailed(ILogger logger, Exception exception);

    [LoggerMessage(6, LogLevel.Error, "Task {Task}: {Part} cannot be written ({Reason}); nothing that waits for it is acknowledged until it can")]
    public static partial void StorageFailed(ILogger logger, Identifier task, string part, string reason);

    [LoggerMessage(9, LogLevel.Warning, "Task {Task}: {Part} can be written again")]
    public static partial void StorageBack(ILogger logger, Identifier task, string part);

    [LoggerMessage(7, LogLevel.Warning, "Task {Task}: {Count} published files were missing or damaged and were computed again from the journal")]
    public static partial void FilesRestored(ILogger logger, Identifier task, ulong count);

    [LoggerMessage(8, LogLevel.Information, "Task {Task} continues at entry {Entries}")]
    public static partial void TaskOpened(ILogger logger, Identifier task, ulong entries);

    [LoggerMessage(9, LogLevel.Information, "Roster {Sequence} with {Members} members is in force for requests; each task takes it over before its next round")]
    public static partial void RosterInForce(ILogger logger, ulong sequence, int members);

    [LoggerMessage(10, LogLevel.Warning, "The roster given at the start has number {Given}; the server goes on with number {Known}, which was published since")]
    public static partial void RosterGivenIsOld(ILogger logger, ulong given, ulong known);

    [LoggerMessage(11, LogLevel.Warning, "Task {Task}: roster {Sequence} does not fit ({Code}); the task goes on under roster {InForce}, and a new task is needed for the new one")]
    public static partial void RosterDoesNotFit(ILogger logger, Identifier task, ulong sequence, string code, ulong inForce);

    [LoggerMessage(12, LogLevel.Error, "Roster {Sequence} was not kept ({Reason}); a later start with an older roster would not know of it")]
    public static partial void RosterNotKept(ILogger logger, ulong sequence, string reason);

    [LoggerMessage(20, LogLevel.Warning, "Task {Task}: the last {Bytes} bytes of the journal, from offset {Offset}, were torn by an interrupted write and have been cut off; {Entries} entries remain")]
    public static partial void TornTailCut(ILogger logger, Identifier task, long bytes, long offset, ulong entries);

    [LoggerMessage(21, LogLevel.Warning, "Task {Task}: the rollback guard was missing, and as the operator allowed, the checkpoint over {Size} entries in the store has taken its place")]
    public static partial void GuardRenewed(ILogger logger, Identifier task, ulong size);

    [LoggerMessage(40, LogLevel.Information, "Witness: cosigned {Origin} at {Size} entries")]
    public static partial void WitnessCosigned(ILogger logger, string origin, ulong size);

    [LoggerMessage(41, LogLevel.Warning, "Witness: refused ({Status}): {Detail}")]
    public static partial void WitnessRefused(ILogger logger, int status, string detail);

    [LoggerMessage(42, LogLevel.Critical, "Witness: {Origin} signed two trees of {Size} entries; the evidence is in {Path}")]
    public static partial void WitnessSawFork(ILogger logger, string origin, ulong size, string path);

    [LoggerMessage(43, LogLevel.Critical, "Witness: a checkpoint could not be stored and was not cosigned")]
    public static partial void WitnessStoreFailed(ILogger logger, Exception exception);

    [LoggerMessage(44, LogLevel.Warning, "No cosignature from witness {Witness}: {Reason}")]
    public static partial void WitnessFailed(ILogger logger, string witness, string reason);

    [LoggerMessage(30, LogLevel.Warning, "The database {Place} cannot be used now ({Reason}); trying again")]
    public static partial void DatabaseLost(ILogger logger, string place, string reason);

    [LoggerMessage(31, LogLevel.Information, "The database {Place} is back")]
    public static partial void DatabaseBack(ILogger logger, string place);

    [LoggerMessage(32, LogLevel.Information, "The tables in the database {Place} have been brought to the version of this server")]
    public static partial void DatabaseMigrated(ILogger logger, string place);

    [LoggerMessage(33, LogLevel.Warning, "Task {Task}: this server no longer leads ({Reason})")]
    public static partial void LeadershipLost(ILogger logger, Identifier task, string reason);
}
