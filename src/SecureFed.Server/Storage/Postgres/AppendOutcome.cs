namespace SecureFed.Server.Storage;

/// <summary>What became of a batch of consecutive entries.</summary>
/// <param name="Durable">So many from its front are in the database, written by this process.</param>
/// <param name="Obstacle">What stands in the way of the one behind them.</param>
/// <param name="EntryCount">Of the database.</param>
/// <param name="Possible">So many behind the durable ones have no obstacle and are tried again.</param>
internal readonly record struct AppendOutcome(int Durable, AppendObstacle Obstacle, ulong EntryCount, int Possible = 0);

internal enum AppendObstacle
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>Another replica took its index.</summary>
    IndexTaken,

    /// <summary>The blobs of its round have been deleted.</summary>
    RoundDeleted,

    /// <summary>The entry ahead of it is missing: the database holds less than it acknowledged.</summary>
    PredecessorMissing,
}
