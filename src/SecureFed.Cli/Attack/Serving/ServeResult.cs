using SecureFed.Protocol.Errors;

namespace SecureFed.Cli.Attack.Serving;

/// <summary>What the wire says about the customer's client.</summary>
/// <param name="Deviation">Name, or <see cref="ServeOptions.Honest"/>.</param>
/// <param name="Claim">Claim of threat-model.md; null for the control.</param>
/// <param name="Verdict">One of the words below.</param>
/// <param name="MessagesAfter">Messages that came after the client had heard the lie.</param>
/// <param name="Hint">What to compare or do next.</param>
/// <param name="ExitCode">Of the command.</param>
internal sealed record ServeResult(string Deviation, string? Claim, string Verdict, int MessagesAfter, string Hint, int ExitCode)
{
    public const string Refused = "refused";
    public const string NotRefused = "not refused";
    public const string NeverCame = "never came";

    /// <summary>The control: the client's update is in the sum.</summary>
    public const string Contributed = "contributed";

    /// <summary>The control: the client came, but its update is not in the sum.</summary>
    public const string NotContributed = "not contributed";

    /// <summary>The verdict on a lie.</summary>
    public static ServeResult Of(Deviation deviation, bool hasCome, bool wasTold, IReadOnlyList<string> after)
    {
        if (!wasTold)
        {
            string hint = hasCome
                ? "The client came but went, or the time ran out, before the lie; try '--serve honest' with it first."
                : "No request of the client arrived. Check its address, certificate pin, identifier and key against README.txt, or give it more --minutes.";
            return new ServeResult(deviation.Name, deviation.Claim, NeverCame, 0, hint, SecureFedCommand.Failed);
        }

        return after.Count > 0
            ? new ServeResult(
                deviation.Name,
                deviation.Claim,
                NotRefused,
                after.Count,
                $"After the lie the client sent: {string.Join(", ", after)}. It must send nothing; with the library it stops with {CodesOf(deviation)}.",
                SecureFedCommand.VerificationFailed)
            : new ServeResult(
                deviation.Name,
                deviation.Claim,
                Refused,
                0,
                $"Nothing came after the lie. Compare the client's error code: the library gives {CodesOf(deviation)}. A client that stops for another reason has not shown that it sees the lie.",
                SecureFedCommand.Done);
    }

    /// <summary>The verdict on the control.</summary>
    public static ServeResult OfHonest(bool hasCome, bool hasContributed)
    {
        if (hasContributed)
            return new ServeResult(ServeOptions.Honest, null, Contributed, 0, "The client took part in an honest round, so a refusal of a deviation means something.", SecureFedCommand.Done);
        return hasCome
            ? new ServeResult(ServeOptions.Honest, null, NotContributed, 0, "The client came, but its update is not in the sum; look at its own error.", SecureFedCommand.Failed)
            : new ServeResult(ServeOptions.Honest, null, NeverCame, 0, "No request of the client arrived. Check its address, certificate pin, identifier and key against README.txt, or give it more --minutes.", SecureFedCommand.Failed);
    }

    /// <summary>The code; where the client goes on with the task instead of stopping, what it says of the round.</summary>
    private static string CodesOf(Deviation deviation) => string.Equals(deviation.Expected, ErrorCodes.OutcomeUnknown, StringComparison.Ordinal)
        ? $"{deviation.Expected} ('securefed client' and RunAsync report status Unknown for the round and stay in the task)"
        : deviation.Expected;
}
