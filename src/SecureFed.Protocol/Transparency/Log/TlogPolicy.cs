using System.Text;
using SecureFed.Protocol.Errors;

namespace SecureFed.Protocol.Transparency.Log;

/// <summary>Whose checkpoints are believed: the logs, the witnesses, and how many of these must have cosigned.</summary>
/// <remarks>C2SP tlog-policy. Its text is the file that an auditor pins; stock verifiers read the same one.</remarks>
public sealed class TlogPolicy
{
    // Witnesses and groups in the order of their lines; a group refers to earlier ones only.
    private readonly IReadOnlyList<PolicyMember> members;
    private readonly int? quorum;

    internal TlogPolicy(string text, IReadOnlyList<NoteVerifier> logs, IReadOnlyList<PolicyMember> members, int? quorum)
    {
        Text = text;
        Logs = logs;
        this.members = members;
        this.quorum = quorum;
    }

    /// <summary>The file, one character for each octet.</summary>
    public string Text { get; }

    public IReadOnlyList<NoteVerifier> Logs { get; }

    public IReadOnlyList<NoteVerifier> Witnesses => [.. members.Where(m => m.Witness is not null).Select(m => m.Witness!)];

    /// <summary>The policy for one log of which <paramref name="quorum"/> of the witnesses must have cosigned.</summary>
    /// <param name="log">Verifier whose name is the log's origin.</param>
    /// <param name="quorum">0 to the number of witnesses.</param>
    /// <param name="witnesses">Distinct keys.</param>
    /// <exception cref="ArgumentException">A quorum out of range, repeated keys, or keys of the wrong type.</exception>
    public static TlogPolicy Of(NoteVerifier log, int quorum = 0, params IReadOnlyList<NoteVerifier> witnesses)
    {
        StringBuilder text = new();
        text.Append("log ").Append(log).Append('\n');
        for (int i = 0; i < witnesses.Count; i++)
            text.Append("witness w").Append(i + 1).Append(' ').Append(witnesses[i]).Append('\n');
        if (quorum > 0)
            text.Append("group witnesses ").Append(quorum).AppendJoin("", witnesses.Select((_, i) => $" w{i + 1}")).Append('\n');
        text.Append(quorum > 0 ? "quorum witnesses\n" : "quorum none\n");
        return TryParse(Encoding.UTF8.GetBytes(text.ToString()), out TlogPolicy? policy, out string fault) && quorum >= 0
            ? policy!
            : throw new ArgumentException(quorum < 0 ? "A quorum is not negative." : fault, nameof(witnesses));
    }

    /// <param name="bytes">The file.</param>
    /// <param name="policy">Null unless the file is well-formed.</param>
    /// <param name="fault">Line and reason; empty if there is none.</param>
    public static bool TryParse(ReadOnlySpan<byte> bytes, out TlogPolicy? policy, out string fault)
    {
        PolicyReader reader = new();
        policy = reader.Read(Encoding.Latin1.GetString(bytes));
        fault = reader.Fault ?? "";
        return policy is not null;
    }

    /// <summary>The file, as <see cref="TryParse"/> reads it.</summary>
    public byte[] Encode() => Encoding.Latin1.GetBytes(Text);

    /// <summary>Believes a checkpoint, or says why not.</summary>
    /// <param name="note">As it was received.</param>
    /// <param name="checkpoint">Null exactly if refused.</param>
    public RoundRejection? Open(ReadOnlySpan<byte> note, out SignedCheckpoint? checkpoint)
    {
        checkpoint = null;
        if (!SignedNote.TryParse(note, out SignedNote? signed) || !Checkpoint.TryParse(signed!.Text.Span, out Checkpoint? tree))
            return Untrusted("The checkpoint is malformed.");

        // A log speaks for its own origin only, even if the policy trusts several.
        IEnumerable<NoteVerifier> known = [.. Logs.Where(log => string.Equals(log.Name, tree!.Origin, StringComparison.Ordinal)), .. Witnesses];
        if (!signed.TryVerify(known, out IReadOnlyList<NoteVerifier> signers) || !signers.Any(Logs.Contains))
            return Untrusted($"The checkpoint of {tree!.Origin} is not signed by a log of the policy, or a signature is wrong. Compare the pinned key with the log's owner.");
        if (!HasQuorum(signers))
            return Untrusted($"The checkpoint of {tree!.Origin} at {tree.Size} entries lacks cosignatures: the policy's quorum is not met. Ask again when the witnesses have seen it.");
        checkpoint = new SignedCheckpoint(tree!, signed, signers);
        return null;
    }

    private bool HasQuorum(IReadOnlyList<NoteVerifier> signers)
    {
        bool[] hasSeen = new bool[members.Count];
        for (int i = 0; i < members.Count; i++)
            hasSeen[i] = members[i].Witness is { } witness ? signers.Contains(witness) : members[i].Members.Count(m => hasSeen[m]) >= members[i].Threshold;
        return quorum is not { } name || hasSeen[name];
    }

    private static RoundRejection Untrusted(string detail) => new(ErrorCodes.CheckpointUntrusted, detail);
}
