using SecureFed.Protocol.Tasks;

namespace SecureFed.Client.Ledger;

/// <summary>One charge as it stands in the file: what a data-protection officer reads.</summary>
internal sealed record LedgerLine(string Task, string DataSet, PrivacyUnit Unit, double EpsilonLimit, double Delta, int Order, int Round, string Advertisement, long Units);
