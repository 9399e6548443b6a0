using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Wire;

namespace SecureFed.Cli.Audit;

/// <summary>Picks what the entries say of one round while a log is verified. Judges nothing: <see cref="EntryAudit"/> does.</summary>
/// <param name="number">1, 2, … within the task.</param>
internal sealed class RoundTrace(int number)
{
    /// <summary>Null until the round opens.</summary>
    public RoundParameters? Opened { get; private set; }

    public Digest OpenDigest { get; private set; }

    /// <summary>Blob of the survivor list.</summary>
    public Digest Survivors { get; private set; }

    /// <summary>Blob of the sum.</summary>
    public Digest Aggregate { get; private set; }

    /// <summary>Blob of what was removed for it: of an encrypted round the sum of keys.</summary>
    public Digest SumOfKeys { get; private set; }

    /// <summary>Updates in the sum.</summary>
    public int Clients { get; private set; }

    public void Add(ulong index, ReadOnlySpan<byte> bytes)
    {
        if (!LogEntry.TryDecode(bytes, out LogEntry? entry))
            return;
        switch (entry!.Event)
        {
            case TaskEvent.RoundOpened { Round: var round } when round.Number == number:
                Opened = round;
                OpenDigest = Protocol.Rounds.OpenDigest.Of(bytes, index);
                break;
            case TaskEvent.ListPublished { Kind: EventType.SurvivorsListed } list when list.RoundId == Opened?.RoundId:
                Survivors = list.ListDigest;
                break;
            case TaskEvent.RoundClosed closed when closed.RoundId == Opened?.RoundId:
                (Aggregate, SumOfKeys, Clients) = (closed.AggregateDigest, closed.MaskTotalDigest, closed.Survivors);
                break;
        }
    }
}
