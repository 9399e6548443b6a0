using System.Text.Json;
using SecureFed.Cli.Output;
using SecureFed.Cryptography.Keys;
using SecureFed.Protocol.Identity;
using SecureFed.Protocol.Resources;
using SecureFed.Protocol.Wire;

namespace SecureFed.Cli.Commands;

/// <summary>A roster before it is signed, as people review it: JSON with one member per identity.</summary>
internal sealed record RosterFile
{
    /// <summary>Rises with every roster.</summary>
    public required ulong Sequence { get; init; }

    public required IReadOnlyList<RosterMember> Members { get; init; }

    private static readonly JsonSerializerOptions Json = new(ResourceJson.Options) { RespectNullableAnnotations = true };

    public static RosterFile Load(string path)
    {
        try
        {
            RosterFile file = JsonSerializer.Deserialize<RosterFile>(File.ReadAllBytes(path), Json) ?? throw new JsonException("The file is empty.");
            return file.Members.All(member => member is not null) ? file : throw new JsonException("A member is null.");
        }
        catch (JsonException exception)
        {
            throw CommandException.Refuse("invalid-roster", $"'{path}' is no roster: {exception.Message}", "Compare it with keys-sample/roster.json.");
        }
    }

    /// <summary>The signed form.</summary>
    public Roster Sign(ISigner authority)
    {
        try
        {
            return Roster.Create(Sequence, Members.Select(m => new RosterEntry(Identifier.Parse(m.Id), m.Role, m.Organisation, Convert.FromBase64String(m.PublicKey))), authority);
        }
        catch (Exception exception) when (exception is FormatException or ArgumentException)
        {
            throw CommandException.Refuse("invalid-roster", $"The roster cannot be signed: {exception.Message}", "Check identifiers, keys and organisations of all members.");
        }
    }
}

/// <summary>One identity of a roster file.</summary>
internal sealed record RosterMember(string Id, RosterRole Role, string Organisation, string PublicKey);
