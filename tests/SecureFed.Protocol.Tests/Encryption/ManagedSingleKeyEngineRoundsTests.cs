using SecureFed.Cryptography.Bfv;

namespace SecureFed.Protocol.Tests.Encryption;

public sealed class ManagedSingleKeyEngineRoundsTests : SingleKeyEngineRounds
{
    protected override ISingleKeyEngine Engine => ManagedSingleKeyEngine.Instance;
}
