using System.Text.Json;
using SecureFed.Cli.Audit;
using SecureFed.Cli.Audit.Report;
using SecureFed.Cli.Commands;
using SecureFed.Client.Http;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Policy;
using SecureFed.Protocol.Resources;
using SecureFed.Protocol.Transparency.Log;
using SecureFed.Protocol.Wire;

namespace SecureFed.Cli.Demo;

/// <summary>Verifies a demo's log as an auditor does, by <c>audit verify</c>'s own code: through the server's public files, or from the copy that <c>--out</c> leaves.</summary>
internal sealed class DemoAudit(DemoConsortium consortium, DemoPlan plan, Identifier taskId)
{
    private const int GreatestPolls = 100;
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(100);

    /// <summary>In memory: signature, tiles, transitions and budget, read over HTTP.</summary>
    /// <param name="entries">Entries that the finished task has.</param>
    /// <param name="cancellationToken">Stops.</param>
    public async Task<AuditResult> VerifyServedAsync(ulong entries, CancellationToken cancellationToken)
    {
        using ServerPlace place = Open(readsBlobs: false);
        await WaitForCheckpointAsync(place, entries, cancellationToken);
        return await Task.Run(() => new AuditRun(place, Trust).Execute(task: taskId), cancellationToken);
    }

    /// <summary>With <c>--out</c>: copies log, blobs and budget, and verifies the copy with everything in it.</summary>
    /// <param name="directory">The demo's directory.</param>
    /// <param name="entries">Entries that the finished task has.</param>
    /// <param name="cancellationToken">Stops.</param>
    public async Task<AuditResult> VerifyCopyAsync(string directory, ulong entries, CancellationToken cancellationToken)
    {
        using ServerPlace place = Open(readsBlobs: true);
        await WaitForCheckpointAsync(place, entries, cancellationToken);
        return await Task.Run(
            () =>
            {
                AuditMirror.CopyTo(place, directory);
                if (!plan.Privacy.HasNoise)
                    WriteJson(directory, DirectoryPlace.BudgetFile, new { unit = "none" });
                WriteJson(directory, DirectoryPlace.PolicyFileName, consortium.PolicyFileFor(plan.Cohort, plan.Privacy.Definition));
                using DirectoryPlace copy = DirectoryPlace.Open(directory, task: null);
                return new AuditRun(copy, Trust).Execute(task: taskId);
            },
            cancellationToken);
    }

    /// <summary>The files of <c>--out</c> that are made of the outcome.</summary>
    public static void WriteFiles(string directory, DemoResult result, ModelFile model)
    {
        WriteJson(directory, ModelFile.Name, model);
        File.WriteAllText(Path.Combine(directory, "report.html"), ReportHtml.Write(ReportContent.Of(result.Audit) with { LearningCurve = [.. result.Rounds.Select(r => new ReportLoss(r.Round, r.Loss))] }));
    }

    private AuditTrust Trust
    {
        get
        {
            ClientPolicy policy = consortium.PolicyFor(plan.Cohort, plan.Privacy.Definition);
            return new AuditTrust(policy.LogPolicy(LogOrigin.Of(policy.ServerKey.Span, taskId)), DirectoryPlace.PolicyFileName, consortium.AuthorityKey, IsAuthorityPinned: true);
        }
    }

    private ServerPlace Open(bool readsBlobs) => ServerPlace.Open(
        consortium.Address,
        taskId,
        consortium.CertificatePin,
        SignedHttpClient.Create(consortium.Address, consortium.CertificatePin, consortium.Auditor.Id, consortium.Auditor.Key),
        readsBlobs);

    /// <summary>The last entry is seen a moment before the checkpoint over it.</summary>
    private static async Task WaitForCheckpointAsync(ServerPlace place, ulong entries, CancellationToken cancellationToken)
    {
        for (int poll = 0; poll < GreatestPolls; poll++)
        {
            if (place.Log.Read("checkpoint") is { } note && SignedNote.TryParse(note, out SignedNote? signed) && Checkpoint.TryParse(signed!.Text.Span, out Checkpoint? tree) && tree!.Size >= entries)
                return;
            await Task.Delay(Poll, cancellationToken);
        }

        throw new SecureFedException(ErrorCodes.NotReady, "The server does not publish a checkpoint over its last entry. This is a bug; report it with the command line.");
    }

    private static void WriteJson<T>(string directory, string name, T content) =>
        File.WriteAllText(Path.Combine(directory, name), JsonSerializer.Serialize(content, KeysCommand.Indented) + "\n");
}
