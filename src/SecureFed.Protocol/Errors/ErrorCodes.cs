namespace SecureFed.Protocol.Errors;

/// <summary>Every code that a server returns or a client raises, shared by both sides; in problem details as <c>urn:securefed:error:&lt;code&gt;</c>.</summary>
public static class ErrorCodes
{
    // A peer's message, refused with state unchanged.
    public const string InvalidMessage = "invalid-message";
    public const string UnsupportedVersion = "unsupported-version";
    public const string SignatureInvalid = "signature-invalid";
    public const string NotEnrolled = "not-enrolled";
    public const string WrongRole = "wrong-role";
    public const string RoundMismatch = "round-mismatch";
    public const string WrongPhase = "wrong-phase";
    public const string TooLate = "too-late";
    public const string StaleKey = "stale-key";
    public const string ConflictingMessage = "conflicting-message";
    public const string ConflictingUpload = "conflicting-upload";
    public const string LengthMismatch = "length-mismatch";
    public const string NotInCohort = "not-in-cohort";
    public const string CohortFull = "cohort-full";
    public const string OrganisationCap = "organisation-cap-exceeded";
    public const string InvalidKey = "invalid-key";
    public const string InvalidNeighbours = "invalid-neighbours";
    public const string InvalidAnswer = "invalid-answer";

    /// <summary>Ciphertexts or sealed shares that another client has sent, or that no parameters of the round give.</summary>
    public const string InvalidCiphertext = "invalid-ciphertext";

    public const string TooManyKeys = "too-many-keys";
    public const string UnknownHolder = "unknown-holder";

    // Requests.
    public const string Unauthenticated = "unauthenticated";
    public const string RequestReplayed = "request-replayed";
    public const string RequestExpired = "request-expired";
    public const string Forbidden = "forbidden";
    public const string UnknownResource = "unknown-resource";
    public const string MethodNotAllowed = "method-not-allowed";
    public const string UnknownTask = "unknown-task";
    public const string UnknownRound = "unknown-round";
    public const string UnknownModel = "unknown-model";
    public const string UnknownClient = "unknown-client";
    public const string NotReady = "not-ready";
    public const string ConflictingTask = "conflicting-task";
    public const string InvalidTask = "invalid-task";
    public const string TaskFinished = "task-finished";
    public const string InvalidRoster = "invalid-roster";
    public const string RosterOutdated = "roster-outdated";
    public const string ConflictingRoster = "conflicting-roster";

    /// <summary>The server takes only tasks that a second person has to start.</summary>
    public const string ApprovalRequired = "approval-required";

    /// <summary>A request for a change, or an approval of one, that may not or no longer change the task.</summary>
    public const string ApprovalInvalid = "approval-invalid";

    public const string PayloadTooLarge = "payload-too-large";
    public const string StorageUnavailable = "storage-unavailable";
    public const string InternalError = "internal-error";

    // Why a round ended without a sum.
    public const string CohortTooSmall = "cohort-too-small";
    public const string TooFewDealers = "too-few-dealers";
    public const string TooFewSurvivors = "too-few-survivors";
    public const string TooFewHolders = "too-few-holders";
    public const string QuorumMissing = "quorum-missing";
    public const string TooFewAnswers = "too-few-answers";
    public const string InconsistentShares = "inconsistent-shares";
    public const string AbortedByOperator = "aborted-by-operator";
    public const string InvalidAggregate = "invalid-aggregate";

    /// <summary>The step would have made the model infinite. It ends the task: the rate and the clip norm do that, no client, so the next round would fare alike.</summary>
    public const string TrainingDiverged = "training-diverged";

    /// <summary>A release would cost more than is left of its privacy budget.</summary>
    public const string BudgetExhausted = "budget-exhausted";

    // Why a client refuses to go on: the server or the round breaks what the client's policy demands.
    public const string RosterUntrusted = "roster-untrusted";
    public const string ServerUntrusted = "server-untrusted";
    public const string PolicyViolated = "policy-violated";
    public const string RoundReplayed = "round-replayed";
    public const string RoundRepeated = "round-repeated";
    public const string OutcomeUnknown = "outcome-unknown";
    public const string ClientBusy = "client-busy";
    public const string HistoryRewritten = "history-rewritten";

    /// <summary>A checkpoint that the pinned log did not sign or too few witnesses cosigned.</summary>
    public const string CheckpointUntrusted = "checkpoint-untrusted";

    /// <summary>An entry without a proof that it stands in the log.</summary>
    public const string LogProofInvalid = "log-proof-invalid";

    /// <summary>An entry that no honest log of a task could hold in its place.</summary>
    public const string IllegalEntry = "illegal-entry";

    public const string InvalidParameters = "invalid-parameters";
    public const string InvalidCohort = "invalid-cohort";
    public const string InvalidDealers = "invalid-dealers";
    public const string InvalidSurvivors = "invalid-survivors";
    public const string InvalidCertificate = "invalid-certificate";
    public const string InvalidHolders = "invalid-holders";

    /// <summary>A key holder has no memory of a round in which it may have answered: it never answers again in it.</summary>
    public const string StateLost = "state-lost";
    public const string SurvivorsSplit = "survivors-split";
    public const string SurvivorsTooSimilar = "survivors-too-similar";
    public const string SecondList = "second-list";
    public const string RecordsNeeded = "records-needed";
    public const string ModelMismatch = "model-mismatch";
    public const string RoundAborted = "round-aborted";
    public const string ServerUnreachable = "server-unreachable";
    public const string DeadlinePassed = "deadline-passed";
    public const string InvalidConfiguration = "invalid-configuration";
    public const string SampleKeys = "sample-keys-refused";
}
