using SecureFed.Protocol.Identity;
using SecureFed.Protocol.Masking.Messages;
using SecureFed.Protocol.Messages;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Tasks;
using SecureFed.Protocol.Transparency;

namespace SecureFed.Protocol.Tests.Vectors;

/// <summary>One round: what was chosen, drawn or signed; what follows from it; and what must be refused.</summary>
internal sealed record RoundVector(string Source, string Regenerate, string About, GivenRound Given, DerivedRound Derived, RequestVector? Request, BadCase[] Bad);

/// <summary>Everything that cannot be computed from the rest: secrets, random bytes, signatures.</summary>
internal sealed record GivenRound(
    byte[] AuthorityPrivateKey,
    byte[] ServerPrivateKey,
    byte[] Roster,
    byte[] TaskParameters,
    byte[] Model,
    GivenPolicy Policy,
    byte[] RandomForRound,
    GivenIdentity[] Others,
    GivenClient[] Clients,
    GivenEntry[] Log,
    GivenAnnouncements Announcements);

internal sealed record GivenPolicy(
    int SmallestCohort,
    int LeastSurvivors,
    int GreatestClientsPerOrganisation,
    decimal LeastGamma,
    decimal GreatestDeltaDrop,
    int LeastDifference,
    bool AllowsCuriousServer,
    bool RequiresNoise,
    ProtectionKind[] Protections,
    TaskModelKind[] Models);

/// <summary>An identity of the roster that takes no part.</summary>
internal sealed record GivenIdentity(byte[] Id, RosterRole Role, string Organisation, byte[] PrivateKey);

/// <param name="LeavesBefore">The phase whose message never came; null if all came.</param>
internal sealed record GivenClient(
    byte[] Id,
    string Organisation,
    byte[] IdentityPrivateKey,
    RoundPhase? LeavesBefore,
    byte[]? RandomForAdvertisement,
    byte[]? MaskPrivateKey,
    byte[]? SealingPrivateKey,
    byte[]? RandomForShares,
    byte[]? SelfMaskSeed,
    byte[][]? SeedPolynomial,
    byte[][]? MaskKeyPolynomial,
    double[] Values,
    byte[] RandomForRounding,
    int[] Integers,
    GivenMessages Messages);

internal sealed record GivenMessages(byte[]? Advertisement, byte[]? ShareBundle, byte[]? Upload, byte[]? Confirmation, byte[]? UnmaskAnswer);

/// <param name="Client">Place in the list of clients whose message the entry records.</param>
/// <param name="Message">Type of that message.</param>
/// <param name="Advance">Patience with which the server moved on by itself.</param>
internal sealed record GivenEntry(ulong Index, EventType Type, byte[] Entry, byte[] Signature, int? Client, MessageType? Message, Patience? Advance);

internal sealed record GivenAnnouncements(byte[] Opening, byte[] Cohort, byte[] Dealers, byte[] Survivors, byte[] UnmaskRequest);

internal sealed record DerivedRound(
    byte[] RosterDigest,
    byte[] TaskDigest,
    byte[] ModelDigest,
    byte[] OpenDigest,
    byte[] RoundId,
    int Dimension,
    int RingBits,
    DerivedSegment[] Segments,
    CohortThresholds Thresholds,
    byte[] CohortDigest,
    byte[] DealersDigest,
    byte[] SurvivorListDigest,
    byte[][] Members,
    int[] Dealers,
    int[] Survivors,
    int[] Dropped,
    int[] Certifiers,
    DerivedClient[] Clients,
    DerivedSecret[] Recovered,
    uint[] MaskTotal,
    uint[] Aggregate,
    byte[] AggregateDigest,
    byte[] MaskTotalDigest,
    int[] Sum,
    double[] SumValues);

internal sealed record DerivedSegment(string Name, int Length, double ClipNorm, int ScaleExponent);

internal sealed record DerivedClient(
    int Client,
    int Index,
    byte[] IdentityPublicKey,
    byte[] Pseudonym,
    byte[] MaskPublicKey,
    byte[] SealingPublicKey,
    byte[] SeedCommitment,
    byte[] SelfMaskKey,
    uint[] SelfMask,
    DerivedPair[] Neighbours,
    byte[] Inbox,
    uint[] RingVector,
    uint[]? MaskedWords,
    byte[]? PackedWords,
    byte[]? WordsDigest,
    DerivedMessage[] Messages,
    DerivedRelease[] ReleasedShares);

/// <param name="Index">Cohort index of the neighbour.</param>
/// <param name="Point">Its Shamir point.</param>
/// <param name="Sign">+1: added, −1: subtracted, by this client.</param>
internal sealed record DerivedPair(
    int Index,
    int Point,
    byte[] MaskSecret,
    byte[] PairMaskKey,
    int Sign,
    uint[] PairMask,
    byte[] SealingSecret,
    byte[] SealingKeyToNeighbour,
    byte[] SealingKeyFromNeighbour,
    byte[] AssociatedDataToNeighbour,
    byte[] SeedShareForNeighbour,
    byte[] MaskKeyShareForNeighbour,
    byte[] BoxToNeighbour);

internal sealed record DerivedMessage(MessageType Type, byte[] Header, byte[] SignedBytes, byte[] Signature, byte[] Digest);

internal sealed record DerivedRelease(int Owner, ShareKind Kind, byte[] Share);

internal sealed record DerivedSecret(int Owner, ShareKind Kind, int[] Responders, byte[] Secret);

internal sealed record RequestVector(
    int Client, string Method, string Authority, string Path, string Query, string Body, string ContentDigest, string SignatureInput, string SignatureBase, string Signature);

/// <summary>Something that must be refused with <paramref name="Code"/>.</summary>
/// <remarks>
/// At the server: its state after the first <paramref name="AfterEntries"/> entries of the log gets <paramref name="Message"/>; or it accepts <paramref name="Messages"/>, its deadline passes,
/// and the round is aborted with the code. At a client: one that has gone through the recorded steps before <paramref name="Step"/> (before <paramref name="StandsBefore"/>, if that is
/// given) gets the announcement for that step, having <paramref name="Policy"/> from then on.
/// </remarks>
internal sealed record BadCase(
    string Name,
    string RefusedBy,
    string Code,
    int? AfterEntries = null,
    byte[]? Message = null,
    byte[][]? Messages = null,
    int? Client = null,
    string? Step = null,
    byte[]? Announcement = null,
    int? LastRoundNumber = null,
    byte[][]? EarlierSurvivors = null,
    string? StandsBefore = null,
    GivenPolicy? Policy = null,
    byte[]? TaskParameters = null,
    byte[]? Roster = null);
