using System.Globalization;
using System.Text;

namespace SecureFed.Protocol.Transparency.Log;

/// <summary>Reads a policy file line by line; the first fault ends it.</summary>
/// <remarks>C2SP tlog-policy, "Policy file syntax and structure". Octets above 0x7f are opaque, so the text comes as Latin-1.</remarks>
internal sealed class PolicyReader
{
    private const int GreatestLines = 4096;
    private const string None = "none";

    private readonly List<NoteVerifier> logs = [];
    private readonly List<PolicyMember> members = [];
    private readonly HashSet<int> grouped = [];
    private bool hasQuorum;
    private int? quorum;

    public string? Fault { get; private set; }

    public TlogPolicy? Read(string text)
    {
        if (text.Length > 0 && text[^1] != '\n')
            return Refuse("The last line has no newline.");
        if (text.Any(c => c is (< ' ' and not ('\t' or '\n')) or '\u007f'))
            return Refuse("Control characters other than tab and newline are not allowed.");
        string[] lines = text.Split('\n');
        if (lines.Length > GreatestLines)
            return Refuse($"More than {GreatestLines} lines.");
        for (int i = 0; i < lines.Length; i++)
        {
            string[] words = lines[i].Split((char[])[' ', '\t'], StringSplitOptions.RemoveEmptyEntries);
            if (words.Length == 0 || words[0].StartsWith('#'))
                continue;
            if (FaultOf(words) is { } fault)
                return Refuse(string.Create(CultureInfo.InvariantCulture, $"Line {i + 1}: {fault}"));
        }

        return hasQuorum ? new TlogPolicy(text, logs, members, quorum) : Refuse("There is no quorum line; write 'quorum none' if no cosignature is asked for.");
    }

    private TlogPolicy? Refuse(string fault)
    {
        Fault = fault;
        return null;
    }

    private string? FaultOf(string[] words) => words[0] switch
    {
        "log" when words.Length is 2 or 3 => AddLog(words[1]),
        "witness" when words.Length is 3 or 4 => AddWitness(words[1], words[2]),
        "group" when words.Length >= 4 => AddGroup(words[1], words[2], words[3..]),
        "quorum" when words.Length == 2 => SetQuorum(words[1]),
        "log" or "witness" or "group" or "quorum" => $"'{words[0]}' has too few or too many words.",
        _ => "A line begins with log, witness, group, quorum or #.",
    };

    private string? AddLog(string vkey)
    {
        if (Parse(vkey) is not { Type: NoteKeyType.Ecdsa or NoteKeyType.Ed25519 } log)
            return "A log has an ECDSA or Ed25519 verifier key.";
        if (logs.Any(l => l.Key.Span.SequenceEqual(log.Key.Span)))
            return "Two logs have the same key.";
        logs.Add(log);
        return null;
    }

    private string? AddWitness(string name, string vkey)
    {
        if (Parse(vkey) is not { Type: NoteKeyType.Cosignature } witness)
            return "A witness has a cosignature key (type 4).";
        if (members.Any(m => m.Witness is { } other && other.Key.Span.SequenceEqual(witness.Key.Span)))
            return "Two witnesses have the same key.";
        return Add(new PolicyMember(name, witness, 1, []));
    }

    private string? AddGroup(string name, string rule, string[] names)
    {
        int[] places = [.. names.Select(Find)];
        if (places.Contains(-1))
            return "A group names a witness or group that no earlier line defines.";
        if (!places.All(grouped.Add))
            return "A witness or group is a member twice.";
        int threshold = rule switch
        {
            "all" => names.Length,
            "any" => 1,
            _ => LogText.TryNumber(rule, out ulong k) && k <= (ulong)names.Length ? (int)k : 0,
        };
        return threshold == 0 ? "A group asks for all, any, or a number between 1 and the number of its members." : Add(new PolicyMember(name, null, threshold, places));
    }

    private string? SetQuorum(string name)
    {
        if (hasQuorum)
            return "There are two quorum lines.";
        hasQuorum = true;
        if (string.Equals(name, None, StringComparison.Ordinal))
            return null;
        int place = Find(name);
        quorum = place;
        return place < 0 ? "The quorum is a witness or group that no earlier line defines." : null;
    }

    private string? Add(PolicyMember member)
    {
        if (string.Equals(member.Name, None, StringComparison.Ordinal) || Find(member.Name) >= 0)
            return "A name is defined twice, or is 'none'.";
        members.Add(member);
        return null;
    }

    private int Find(string name) => members.FindIndex(m => string.Equals(m.Name, name, StringComparison.Ordinal));

    // A key's name is UTF-8 inside the opaque octets.
    private static NoteVerifier? Parse(string vkey) =>
        LogText.TryText(Encoding.Latin1.GetBytes(vkey), out string text) && NoteVerifier.TryParse(text, out NoteVerifier? verifier) ? verifier : null;
}
