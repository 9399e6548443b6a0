using SecureFed.Cryptography.Rings;
using SecureFed.Cryptography.Sharing;
using SecureFed.Privacy.Updates;
using SecureFed.Protocol.Encryption.Messages;
using SecureFed.Protocol.Masking.Messages;
using SecureFed.Protocol.Messages;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Tasks;
using SecureFed.Protocol.Wire;
using SecureFed.Server.Tasks;

namespace SecureFed.Server.Http;

/// <summary>How many bytes each resource takes, from the task's own parameters: known before the body is read.</summary>
internal static class BodyLimits
{
    private const int Control = 1 << 20;
    private const int MessageOverhead = 1024;

    /// <summary>Some 150,000 members.</summary>
    private const int Roster = 1 << 24;

    public static int Of(HttpContext context)
    {
        if (HttpMethods.IsGet(context.Request.Method) || HttpMethods.IsHead(context.Request.Method))
            return 0;
        if (context.GetEndpoint()?.Metadata.GetMetadata<RosterBody>() is not null)
            return Roster;
        if (context.GetEndpoint()?.Metadata.OfType<MessageType>().Select(type => (MessageType?)type).FirstOrDefault() is not { } message
            || !Identifier.TryParse(context.GetRouteValue("task") as string, out Identifier task)
            || context.RequestServices.GetRequiredService<TaskRegistry>().Find(task) is not { } host)
        {
            return Control;
        }

        TaskParameters parameters = host.Parameters;
        int clients = parameters.Cohort.Greatest;
        return MessageOverhead + message switch
        {
            MessageType.Upload when parameters.Protection == ProtectionKind.EncryptionSingleKey => SingleKeyUpload.GreatestBytes(parameters),
            MessageType.UnmaskAnswer when parameters.Protection == ProtectionKind.EncryptionSingleKey => GreatestVector(parameters),
            MessageType.Upload when parameters.Encryption is not null => EncryptedUpload.GreatestBytes(parameters),
            MessageType.Upload => GreatestVector(parameters),
            MessageType.ShareCheckAnswer => clients * ShareCheckAnswer.GreatestBytesPerClient,
            MessageType.ShareBundle => clients * (4 + ShareBundle.BoxBytes),
            MessageType.UnmaskAnswer when parameters.Encryption is not null => KeySumAnswer.GreatestPackedBytes,
            MessageType.UnmaskAnswer => clients * (5 + ShamirSecretSharing.ShareBytes),
            _ => 0,
        };
    }

    private static int GreatestVector(TaskParameters parameters) => parameters.Schedule.Kinds.Max(kind => PackedBytes(parameters.LayoutOf(kind)));

    private static int PackedBytes(UpdateLayout layout) => RingPacking.PackedBytes(layout.Dimension, layout.RingBits);
}
