namespace SecureFed.Protocol.Identity;

/// <summary>Prefix of everything an identity key signs, so that a signature made for one purpose never verifies for another.</summary>
public sealed class SigningContext
{
    private readonly byte[] prefix;

    private SigningContext(string name)
    {
        prefix = System.Text.Encoding.ASCII.GetBytes($"securefed/v1 {name}\n");
    }

    public static SigningContext Roster { get; } = new("roster");

    public static SigningContext Message { get; } = new("message");

    public static SigningContext Entry { get; } = new("entry");

    public static SigningContext ChangeRequest { get; } = new("change request");

    public static SigningContext HolderKey { get; } = new("holder key");

    public static SigningContext Approval { get; } = new("approval");

    /// <summary>The bytes to sign: the context's prefix, then the content.</summary>
    public byte[] Bind(ReadOnlySpan<byte> content) => [.. prefix, .. content];
}
