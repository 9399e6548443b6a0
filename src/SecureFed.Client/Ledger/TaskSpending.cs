using SecureFed.Protocol.Tasks;
using SecureFed.Protocol.Wire;

namespace SecureFed.Client.Ledger;

/// <summary>What one task has cost this client's data.</summary>
/// <param name="TaskId">Task.</param>
/// <param name="DataSet">Data set that it computes on; empty if it names none.</param>
/// <param name="Unit">Client or record.</param>
/// <param name="EpsilonLimit">The most that it may cost here.</param>
/// <param name="Delta">δ.</param>
/// <param name="Epsilon">ε so far.</param>
/// <param name="Rounds">Rounds that were charged.</param>
public sealed record TaskSpending(Identifier TaskId, string DataSet, PrivacyUnit Unit, double EpsilonLimit, double Delta, double Epsilon, int Rounds);
