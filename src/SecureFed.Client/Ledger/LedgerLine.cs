using SecureFed.Protocol.Tasks;

namespace SecureFed.Client.Ledger;

/// <summary>One charge as it stands in the file: what a data-protection officer reads.</summary>
/// <remarks><paramref name="Node"/>: which node of a tree was released, from 1; 0 if none. Its units are what it adds to the most that any record has paid.</remarks>
internal sealed record LedgerLine(string Task, string DataSet, PrivacyUnit Unit, double EpsilonLimit, double Delta, int Order, int Round, string Advertisement, long Units, int Node = 0);
