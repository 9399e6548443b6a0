using SecureFed.Cryptography.Sharing;
using SecureFed.Protocol.Encryption.Messages;
using SecureFed.Protocol.Identity;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Encryption;

/// <summary>The clients that a round invites: nobody else uploads, and how many they are decides c, S_min and h.</summary>
/// <param name="Clients">Roster identities, strictly ascending.</param>
public sealed record InvitedList(IReadOnlyList<Identifier> Clients)
{
    /// <summary>Null if a round within these bounds may invite them; otherwise what is wrong.</summary>
    internal string? FindFault(Roster roster, CohortBounds bounds)
    {
        if (Clients.Count < bounds.Least || Clients.Count > bounds.Greatest)
            return $"{Clients.Count} clients are invited, and the bounds are {bounds.Least} and {bounds.Greatest}";
        RosterEntry?[] entries = [.. Clients.Select(client => roster.Find(client, RosterRole.Client))];
        if (entries.Any(entry => entry is null))
            return "somebody is invited who is no client of the roster";
        return entries.GroupBy(entry => entry!.Organisation, StringComparer.Ordinal).Any(group => group.Count() > bounds.OrganisationCap)
            ? $"more than {bounds.OrganisationCap} client(s) of one organisation are invited"
            : null;
    }

    /// <summary>As many of the candidates as a round may invite: clients of the roster, the organisations' cap kept, at most the greatest cohort.</summary>
    /// <param name="candidates">Distinct, in order of preference.</param>
    /// <param name="roster">In force.</param>
    /// <param name="bounds">Of the task.</param>
    /// <returns>In the order of the candidates; null if too few.</returns>
    internal static IReadOnlyList<Identifier>? Choose(IEnumerable<Identifier> candidates, Roster roster, CohortBounds bounds)
    {
        Dictionary<string, int> perOrganisation = new(StringComparer.Ordinal);
        List<Identifier> invited = [];
        foreach (Identifier candidate in candidates)
        {
            if (invited.Count == bounds.Greatest)
                break;
            if (roster.Find(candidate, RosterRole.Client) is not { } client || perOrganisation.GetValueOrDefault(client.Organisation) >= bounds.OrganisationCap)
                continue;
            perOrganisation[client.Organisation] = perOrganisation.GetValueOrDefault(client.Organisation) + 1;
            invited.Add(candidate);
        }

        return invited.Count >= bounds.Least ? invited : null;
    }

    public byte[] Encode() => CanonicalWriter.Write(writer => writer.List(Clients, (w, c) => w.Identifier(c)));

    public static bool TryDecode(ReadOnlySpan<byte> bytes, out InvitedList? list)
    {
        CanonicalReader reader = new(bytes);
        Identifier[] clients = reader.List(ShamirSecretSharing.MaxPoint, Identifier.Bytes, (ref CanonicalReader r) => r.Identifier());
        reader.Require(IdentifierOrder.IsAscending(clients, c => c));
        list = reader.IsComplete ? new InvitedList(clients) : null;
        return list is not null;
    }
}
