using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Requests;

/// <summary>Paths of the REST surface, shared by server and client.</summary>
public static class Routes
{
    public const string Roster = "/v1/roster";
    public const string Tasks = "/v1/tasks";

    /// <summary>Query parameter: entries that the reader's largest checkpoint covers.</summary>
    public const string KnownSize = "known";

    public static string Task(Identifier task) => $"{Tasks}/{task}";

    public static string TaskPart(Identifier task, string part) => $"{Tasks}/{task}/{part}";

    public static string Round(Identifier task, Identifier round) => $"{Tasks}/{task}/rounds/{round}";

    public static string RoundPart(Identifier task, Identifier round, string part) => $"{Tasks}/{task}/rounds/{round}/{part}";

    public static string RoundPart(Identifier task, Identifier round, string part, Identifier client) => $"{Tasks}/{task}/rounds/{round}/{part}/{client}";

    public static string Approval(Identifier task, Identifier change, Identifier approver) => $"{Tasks}/{task}/changes/{change}/approvals/{approver}";

    public static string Model(Digest digest) => $"/v1/models/{digest}";
}
