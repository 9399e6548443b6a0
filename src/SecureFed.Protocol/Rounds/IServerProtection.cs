using SecureFed.Protocol.Encryption;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Messages;
using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Rounds;

/// <summary>The seam behind which masking and encryption hide updates from the server that sums them.</summary>
/// <remarks><see cref="ServerRound"/> owns open, upload and release; a protection validates its own messages, publishes its lists and makes the sum of what it can take away.</remarks>
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

    /// <summary>The cohort, once it is fixed; ascending.</summary>
    IReadOnlyList<Identifier> Members { get; }

    /// <summary>The clients whose updates the sum holds, once they are listed; ascending.</summary>
    IReadOnlyList<Identifier> Survivors { get; }

    /// <summary>Whoever may send a message in this round or has sent one: who can be named a suspect.</summary>
    IEnumerable<Identifier> Participants { get; }

    /// <summary>What other clients have sealed for one client, by the index of the sender.</summary>
    IReadOnlyList<(int Dealer, ReadOnlyMemory<byte> Box)> InboxOf(Identifier client) => [];

    /// <summary>Signed statements of the fixed uploads in order, from one place on, each with the share that it seals to one key holder.</summary>
    IReadOnlyList<HolderDelivery> DeliveriesTo(Identifier holder, int from, int count) => [];

    /// <summary>A listed upload with its whole vector, for the one holder that adds the ciphertexts itself.</summary>
    HolderDelivery? DeliveryOf(Identifier holder, Identifier client) => null;

    /// <summary>The round is over: forgets every share and answer.</summary>
    void Forget();

    /// <summary>The sum, once enough answers are in.</summary>
    /// <exception cref="MissingBlobException">An upload is not held any more.</exception>
    ProtectionRelease TryRelease(Patience patience);

    /// <summary>Whether the answers so far give what has this digest in the log as removed; for an audit after the uploads are gone.</summary>
    /// <param name="removed">Of what was taken away.</param>
    /// <param name="aggregate">Of the sum, which a single key's holder signs as well; what else is taken away says nothing about it.</param>
    bool IsRemoved(Digest removed, Digest aggregate);
}
