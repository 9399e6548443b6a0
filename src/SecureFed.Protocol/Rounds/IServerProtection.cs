using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Messages;
using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Rounds;

/// <summary>The seam behind which masking (and later encryption) hides updates from the server that sums them.</summary>
/// <remarks><see cref="ServerRound"/> owns open, upload and release; a protection validates its own messages, publishes its lists and says what to subtract.</remarks>
internal interface IServerProtection
{
    /// <summary>Where the round stands when it opens.</summary>
    RoundPhase FirstPhase { get; }

    /// <summary>The phase that the list of summed clients ends.</summary>
    RoundPhase PhaseOfSelection { get; }

    /// <summary>Checks a message of the current phase beyond phase, sender and repetition, which the round has checked.</summary>
    RoundRejection? Validate(SignedMessage message);

    /// <summary>The list that ends the current phase, the event that aborts the round, or null to keep waiting.</summary>
    PendingEvent? Advance(RoundPhase phase, Patience patience);

    /// <summary>Folds an accepted message or a published list into the state.</summary>
    void Apply(ulong index, TaskEvent change, SignedMessage? message, ReadOnlyMemory<byte> list);

    /// <summary>The cohort, once it is published; ascending.</summary>
    IReadOnlyList<Identifier> Members { get; }

    /// <summary>The clients whose updates the sum holds, once they are listed; ascending.</summary>
    IReadOnlyList<Identifier> Survivors { get; }

    /// <summary>Names the vector that a client has uploaded.</summary>
    Digest VectorOf(Identifier client);

    /// <summary>What other clients have sealed for one client, by the index of the sender.</summary>
    IReadOnlyList<(int Dealer, ReadOnlyMemory<byte> Box)> InboxOf(Identifier client);

    /// <summary>The round is over: forgets every share and answer.</summary>
    void Forget();

    /// <summary>What must be subtracted from the sum of the survivors' uploads, once enough answers are in.</summary>
    /// <returns>Null total and null failure: keep waiting. Otherwise with the distinct clients against whom the answers speak, the gravest first.</returns>
    (uint[]? MaskTotal, string? Failure, IReadOnlyList<Identifier> Suspects) TryRelease(Patience patience);
}
