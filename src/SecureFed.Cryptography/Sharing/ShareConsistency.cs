namespace SecureFed.Cryptography.Sharing;

/// <summary>What m share vectors at distinct points say about each other, when at most f of those who sent them are wrong.</summary>
public enum ShareConsistency
{
    /// <summary>Fewer than t: they determine nothing.</summary>
    TooFew,

    /// <summary>Exactly t: they determine a secret whatever they are, so nothing about them has been tested.</summary>
    Untested,

    /// <summary>All lie on polynomials of degree below t.</summary>
    Consistent,

    /// <summary>All but 1 to f of them do, and those are named; m is at least t + 2f, so no other choice is possible.</summary>
    Named,

    /// <summary>Not all do, and with m below t + 2f nobody can be named without perhaps naming the wrong one.</summary>
    Unattributed,

    /// <summary>m is at least t + 2f and more than f are off every such polynomial: no error of f senders alone explains it.</summary>
    BeyondErrors,
}
