namespace SecureFed.Protocol.Transparency.Log;

/// <summary>How a key signs a note; the numbers are those of C2SP signed-note, "Signature types".</summary>
public enum NoteKeyType : byte
{
    /// <summary>Ed25519 over the text (RFC 8032).</summary>
    Ed25519 = 0x01,

    /// <summary>ECDSA with P-256 and SHA-256 over the text, in DER. Our logs sign so, because device keys and FIPS modules can.</summary>
    Ecdsa = 0x02,

    /// <summary>A witness: time and Ed25519 over header, time and text (C2SP tlog-cosignature, cosignature/v1).</summary>
    Cosignature = 0x04,
}
