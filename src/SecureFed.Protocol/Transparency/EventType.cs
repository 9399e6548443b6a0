namespace SecureFed.Protocol.Transparency;

/// <summary>First byte after the version of an entry. Numbers are never reused.</summary>
public enum EventType : byte
{
    TaskCreated = 1,
    RoundOpened = 2,
    KeysAdvertised = 3,
    CohortPublished = 4,
    SharesDealt = 5,
    DealersListed = 6,
    UpdateUploaded = 7,
    SurvivorsListed = 8,
    SurvivorsConfirmed = 9,
    UnmaskRequested = 10,
    UnmaskAnswered = 11,
    RoundClosed = 12,
    RoundAborted = 13,
    ModelPublished = 14,
    TaskFinished = 15,
    ModelRefused = 16,
    VectorsDeleted = 17,
    RosterChanged = 18,
    ChangeRequested = 19,
    ChangeApproved = 20,
    HolderKeyOffered = 21,
    UploadsFixed = 22,
    SharesChecked = 23,
}
