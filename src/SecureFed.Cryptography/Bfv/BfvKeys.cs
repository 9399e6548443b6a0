namespace SecureFed.Cryptography.Bfv;

/// <summary>Who holds the keys of a parameter set.</summary>
public enum BfvKeys
{
    /// <summary>Every client draws a key for one round and shares it; only the sum of all keys ever becomes known.</summary>
    OneTime,

    /// <summary>One public key, whose secret key one holder has; Microsoft SEAL's own form.</summary>
    Single,
}
