using SecureFed.Protocol.Rounds;

namespace SecureFed.Cli.Bench;

/// <summary>What a simulated encrypted round measured. Times are of one core: the median of the parties of a kind, or of a message.</summary>
/// <param name="Thresholds">Of the invited cohort.</param>
/// <param name="Survivors">Updates in the sum.</param>
/// <param name="IsExact">The released sum is that of the survivors' integers.</param>
/// <param name="Client">One client.</param>
/// <param name="Server">The server.</param>
/// <param name="Holder">One key holder.</param>
/// <param name="Seconds">Everything, by the clock.</param>
/// <param name="PeakBytes">Largest working set of the process, which is all parties at once.</param>
internal sealed record EncryptedRoundFigures(
    CohortThresholds Thresholds,
    int Survivors,
    bool IsExact,
    EncryptedClientCost Client,
    EncryptedServerCost Server,
    KeyHolderCost Holder,
    double Seconds,
    long PeakBytes);

/// <summary>What an encrypted round costs a client: bodies of HTTP messages, without proofs and headers.</summary>
/// <param name="ExamineSeconds">Opening, holder table and invitation.</param>
/// <param name="EncryptSeconds">Encrypts, shares the key among the holders, seals and signs. The update itself is made before.</param>
/// <param name="BytesUp">The upload.</param>
/// <param name="BytesDown">Opening and survivor list with the lists that they name.</param>
internal sealed record EncryptedClientCost(double ExamineSeconds, double EncryptSeconds, long BytesUp, long BytesDown);

/// <summary>What an encrypted round costs the server.</summary>
/// <param name="AcceptSeconds">One upload: authenticated, checked, stored without fsync, added.</param>
/// <param name="CheckSeconds">One holder's answer to the challenge.</param>
/// <param name="SelectSeconds">Judges the shares and lists the survivors.</param>
/// <param name="ReleaseSeconds">Interpolates the sum of keys, decrypts and tests the residue.</param>
/// <param name="SumBytes">The running sum.</param>
/// <param name="HeapBytesPerUpload">By how much the process's live memory grew with each upload after the first: records, digests and entries.</param>
/// <param name="VectorBytesPerUpload">Of each upload in the store, which the sum needs no more.</param>
internal sealed record EncryptedServerCost(
    double AcceptSeconds, double CheckSeconds, double SelectSeconds, double ReleaseSeconds, long SumBytes, double HeapBytesPerUpload, double VectorBytesPerUpload);

/// <summary>What an encrypted round costs a key holder.</summary>
/// <param name="ExamineSeconds">Opening, holder table and invitations.</param>
/// <param name="CheckSeconds">Verifies every record, opens every box and answers the challenge.</param>
/// <param name="ListSeconds">Examines the survivor list and signs it.</param>
/// <param name="SumSeconds">Verifies the certificate and once more every listed record, opens the boxes and sums the shares.</param>
/// <param name="BytesDown">Announcements with their lists, and the deliveries twice.</param>
/// <param name="BytesUp">Round key, answer, signature and sum.</param>
internal sealed record KeyHolderCost(double ExamineSeconds, double CheckSeconds, double ListSeconds, double SumSeconds, long BytesDown, long BytesUp);
