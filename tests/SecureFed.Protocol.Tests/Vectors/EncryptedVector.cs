using SecureFed.Protocol.Messages;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Transparency;

namespace SecureFed.Protocol.Tests.Vectors;

/// <summary>One encrypted round: what was chosen, drawn or signed; what follows from it; and what must be refused.</summary>
internal sealed record EncryptedVector(string Source, string Regenerate, string About, GivenEncryptedRound Given, DerivedEncryptedRound Derived, EncryptedBadCase[] Bad);

/// <param name="RandomForRound">Pseudonym salt, then the round's identifier.</param>
internal sealed record GivenEncryptedRound(
    byte[] AuthorityPrivateKey,
    byte[] ServerPrivateKey,
    byte[] Roster,
    byte[] TaskParameters,
    byte[] Model,
    GivenPolicy Policy,
    GivenHolderPolicy HolderPolicy,
    byte[] RandomForRound,
    GivenIdentity[] Others,
    GivenEncryptedClient[] Clients,
    GivenHolder[] Holders,
    GivenEncryptedEntry[] Log,
    GivenEncryptedAnnouncements Announcements);

internal sealed record GivenHolderPolicy(byte[][] KeyHolders, int LeastHolderThreshold, int LeastCorruptHolders);

/// <param name="RandomForUpload">AES-256 key of the stream from which everything of the upload is drawn, in the order that the document states.</param>
/// <param name="KeyCoefficients">s, signed.</param>
/// <param name="Errors">e of the coefficients that are sent.</param>
/// <param name="Masks">μ, below q.</param>
/// <param name="Upload">The upload's record: header, statement and signature. Null for a client that sends nothing; then all that it would draw is absent, too.</param>
internal sealed record GivenEncryptedClient(
    byte[] Id,
    string Organisation,
    byte[] IdentityPrivateKey,
    double[]? Values,
    byte[]? RandomForRounding,
    int[]? Integers,
    byte[]? RandomForUpload,
    int[]? KeyCoefficients,
    byte[]? SealingPrivateKey,
    int[]? Errors,
    ulong[]? Masks,
    byte[]? Upload);

/// <param name="ListSignature">Null for a holder that was not needed.</param>
/// <param name="KeySum">Null for a holder that was not needed.</param>
internal sealed record GivenHolder(byte[] Id, string Organisation, byte[] IdentityPrivateKey, GivenOffer[] Offers, byte[] CheckAnswer, byte[]? ListSignature, byte[]? KeySum);

internal sealed record GivenOffer(byte[] PrivateKey, byte[] Offer);

/// <param name="Client">Place in the list of clients whose upload the entry records.</param>
/// <param name="Holder">Place in the list of holders whose message or offer the entry records.</param>
/// <param name="Message">Type of that message.</param>
/// <param name="Offer">Number of that offer.</param>
/// <param name="Advance">Patience with which the server moved on by itself.</param>
internal sealed record GivenEncryptedEntry(ulong Index, EventType Type, byte[] Entry, byte[] Signature, int? Client, int? Holder, MessageType? Message, int? Offer, Patience? Advance);

internal sealed record GivenEncryptedAnnouncements(byte[] Opening, byte[] FixedUploads, byte[] Survivors, byte[] UnmaskRequest);

/// <summary>Digests of lists of residues are SHA-256 of the list packed with 50 bits each.</summary>
internal sealed record DerivedEncryptedRound(
    byte[] RosterDigest,
    byte[] TaskDigest,
    byte[] OpenDigest,
    byte[] RoundId,
    int Dimension,
    int Length,
    int RingBits,
    int DroppedBits,
    int PackedBits,
    ulong Delta,
    ulong Root,
    int Corrupt,
    int LeastSurvivors,
    int HonestSurvivors,
    byte[][] Invited,
    DerivedPolynomial Public,
    byte[] ChallengeDigest,
    DerivedPolynomial[] Challenges,
    DerivedEncryptedClient[] Clients,
    byte[] FirstBox,
    byte[] FirstUploadDigest,
    byte[] FixedListDigest,
    byte[] SurvivorListDigest,
    byte[] CertifiedMessage,
    DerivedHolder[] Holders,
    int[] Certifiers,
    int[] SumPoints,
    int[] SumOfKeys,
    byte[] SumOfKeysDigest,
    double SquaredResidue,
    double ResidueBound,
    uint[] Aggregate,
    byte[] AggregateDigest,
    int[] Sum,
    double[] SumValues);

/// <param name="Key">Of the AES-CTR stream.</param>
/// <param name="FirstValues">As they are read from the stream.</param>
/// <param name="FirstCoefficients">Of a_0 only: the polynomial that has the values.</param>
internal sealed record DerivedPolynomial(byte[] Key, ulong[] FirstValues, byte[] ValuesDigest, ulong[]? FirstCoefficients, byte[]? CoefficientsDigest);

internal sealed record DerivedEncryptedClient(
    int Client,
    byte[] Pseudonym,
    byte[] SealingPublicKey,
    uint[] RingVector,
    byte[] Ciphertexts,
    byte[] CiphertextsDigest,
    byte[] CoefficientsDigest,
    DerivedBox[] Boxes,
    DerivedMessage Upload);

/// <param name="ShareEnds">The first two coordinates of the share, and the three of the masks.</param>
/// <param name="Answer">What the holder answers to the challenge about this client.</param>
internal sealed record DerivedBox(int Point, byte[] SharedSecret, byte[] BoxKey, byte[] AssociatedData, ulong[] ShareEnds, byte[] ShareDigest, byte[] BoxDigest, ulong[] Answer);

internal sealed record DerivedHolder(int Point, byte[] Pseudonym, byte[] RoundPublicKey, byte[] OfferSignedBytes, byte[] OfferDigest, ulong[] FirstOfSum, byte[] SumDigest);

/// <summary>Something that must be refused with <paramref name="Code"/>.</summary>
/// <remarks>
/// At the server: its state after the first <paramref name="AfterEntries"/> entries of the log gets <paramref name="Message"/>. At a holder or client: one that has gone through the recorded
/// steps before <paramref name="Step"/> gets the announcement for that step.
/// </remarks>
internal sealed record EncryptedBadCase(
    string Name,
    string RefusedBy,
    string Code,
    int? AfterEntries = null,
    byte[]? Message = null,
    int? Client = null,
    int? Holder = null,
    string? Step = null,
    byte[]? Announcement = null,
    GivenHolderPolicy? HolderPolicy = null);
