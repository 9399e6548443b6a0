using System.Globalization;

namespace SecureFed.Cli.Attack.Serving;

/// <summary>What the customer reads: how its client joins as the victim.</summary>
internal static class Invitation
{
    public static string ToText(ServeOptions options, Scene scene, VictimFolder folder)
    {
        HostileServer server = scene.Server;
        string address = server.Address.ToString().TrimEnd('/');
        return string.Create(CultureInfo.InvariantCulture, $$"""
            securefed attack --serve {{options.Name}}

            A server on this machine {{WhatItDoes(options.Deviation)}}
            Your client plays the victim. The keys were made for this run and are worth nothing elsewhere.

            server address    {{address}}
            certificate pin   {{server.CertificatePin}}
            task              {{scene.TaskId}}
            own identifier    {{scene.VictimId}}
            own key           {{folder.KeyFile}}
            policy            {{folder.PolicyPath}}
            data              {{folder.DataFile}}

            With the command line (one line):

            securefed client --server {{address}} --certificate-pin {{server.CertificatePin}} --task {{scene.TaskId}} --id {{scene.VictimId}} --key {{Quote(folder.KeyFile)}} --policy {{Quote(folder.PolicyPath)}} --data {{Quote(folder.DataFile)}} --state {{Quote(folder.StateDirectory)}}

            With your own application, these members of SecureFedClientOptions:

            ServerAddress = new Uri("{{address}}"),
            ServerCertificatePin = "{{server.CertificatePin}}",
            TaskId = Identifier.Parse("{{scene.TaskId}}"),
            ClientId = Identifier.Parse("{{scene.VictimId}}"),
            Signer = IdentityFile.Load(@"{{folder.KeyFile}}"),
            Policy = PolicyFile.Load(@"{{folder.PolicyPath}}"),
            StateStore = new FileRoundStateStore(@"{{folder.StateDirectory}}"),

            then RunAsync with a trainer for a linear model, or {{scene.Plan.Rounds}} x ContributeAsync with {{TaskPlan.Length}} numbers and weight 1.
            A key file that was written under SECUREFED_PASSPHRASE needs the same passphrase again.
            The client has {{options.Patience.TotalMinutes:0.##}} minute(s) to come, and counts as silent when nothing has come from it for {{options.Quiet.TotalSeconds:0}} seconds.

            """);
    }

    private static string WhatItDoes(Deviation? deviation) => deviation is null
        ? "follows the protocol: the control. Your client must take part."
        : $"lies in the step '{deviation.Phase}' (claim {deviation.Claim} of threat-model.md; {deviation.Source}).\nYour client must send nothing more once it has heard the lie; the library stops with {deviation.Expected}.";

    private static string Quote(string path) => path.Contains(' ', StringComparison.Ordinal) ? $"\"{path}\"" : path;
}
