using SecureFed.Cryptography.Bfv;
using SecureFed.Protocol.Tests.Encryption;

namespace SecureFed.SealNet.Tests;

/// <summary>Whole rounds in which Microsoft SEAL encrypts, decrypts or does both.</summary>
public sealed class SealNetRoundsTests : SingleKeyEngineRounds
{
    protected override ISingleKeyEngine Engine => SealNetEngine.Instance;
}
