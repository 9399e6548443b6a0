using SecureFed.Cryptography.Keys;
using SecureFed.Protocol.Changes;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Identity;
using SecureFed.Protocol.Masking;
using SecureFed.Protocol.Masking.Messages;
using SecureFed.Protocol.Messages;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Tasks;
using SecureFed.Protocol.Tests.Encryption;
using SecureFed.Protocol.Tests.Simulation;
using SecureFed.Protocol.Tests.Tasks;
using SecureFed.Protocol.Tests.Transparency.Log;
using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Transparency.Log;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Tests.Wire;

/// <summary>One decoder of bytes that a peer chose, with genuine inputs from a complete round.</summary>
/// <param name="Name">What it decodes.</param>
/// <param name="Reencode">Decodes and encodes again; null if the bytes are refused.</param>
/// <param name="Samples">Bytes that must be accepted.</param>
/// <param name="IsSlow">Each decoding computes a signature.</param>
internal sealed record Decoder(string Name, Func<byte[], byte[]?> Reencode, IReadOnlyList<byte[]> Samples, bool IsSlow = false);

internal static class Decoders
{
    public static IReadOnlyList<Decoder> All { get; } = Create();

    private static Decoder[] Create()
    {
        SimulatedConsortium consortium = new("samples", new ConsortiumOptions { Clients = 5, Least = 5, Dimension = 6, RingBits = 20 });
        SimulatedServer server = consortium.Server;
        server.OpenRound();
        consortium.RunTo(RoundPhase.Unmask);
        byte[] clientState = consortium.Clients[2].Masking!.Encode();
        consortium.RunTo(RoundPhase.Closed);
        List<byte[]> entries = [.. server.Entries.Select(e => e.Bytes.ToArray())];
        Identifier id = consortium.Task.TaskId;
        entries.Add(new LogEntry(id, new TaskEvent.RoundAborted(id, "cohort-too-small")).Encode());
        entries.Add(new LogEntry(id, new TaskEvent.RoundAborted(id, "inconsistent-shares", [.. new[] { consortium.Clients[0].Id, consortium.Clients[1].Id }.Order()])).Encode());
        entries.Add(new LogEntry(id, new TaskEvent.ModelPublished(id, default, default)).Encode());
        entries.Add(new LogEntry(id, new TaskEvent.RosterChanged(consortium.Roster.Digest)).Encode());
        entries.Add(new LogEntry(id, new TaskEvent.TaskFinished("")).Encode());
        entries.Add(new LogEntry(id, new TaskEvent.ChangeRequested(Digest.Of("request"u8))).Encode());
        entries.Add(new LogEntry(id, new TaskEvent.HolderKeyOffered(Digest.Of("offer"u8))).Encode());
        entries.Add(new LogEntry(id, new TaskEvent.ChangeApproved(Digest.Of("request"u8), Digest.Of("approval"u8))).Encode());
        ChangeRequest start = new(id, consortium.Clients[0].Id, ChangeKind.Start, 0, 0, consortium.Operator.Id, 1_800_000_000, "begin");
        ChangeRequest[] requests = [start, start with { Kind = ChangeKind.RaiseBudget, Epsilon = 7.5, Reason = "größer" }, start with { Kind = ChangeKind.ExtendSchedule, TrainRounds = 12 }];
        byte[] Blob(EventType kind) => server.AnnouncementOf(kind)!.Blob.ToArray();
        TaskParameters linear = consortium.Task with
        {
            Name = "Umsätze ≤ 10 €",
            Model = new ModelSpecification(
                TaskModelKind.Linear, 3, [new FeatureSpecification("age", 0, 120), new FeatureSpecification("größe", -1, 2.5)], new FeatureSpecification("y", -5, 5), 1),
            Schedule = new TaskSchedule(true, 3, true, 2),
            Shapes =
            [
                new RoundShape(RoundKind.Standardise, [new SegmentShape("moments", 6, 2)]), consortium.Task.Shapes[0],
                new RoundShape(RoundKind.Evaluate, [new SegmentShape("sums", 3, 2), new SegmentShape("counts", 1, 100)]),
            ],
        };
        Assert.Null(linear.FindFault());
        TaskParameters trees = linear with { Model = TreeSpecificationTests.ModelOf(new TreeSpecification(2, 2, 32, 0.3, 1, TreeSplitRule.Histogram, 1, TreeLoss.LogLoss)) };
        Assert.Null(trees.FindFault());
        TaskParameters explained = linear with
        {
            Model = linear.Model with { Kind = TaskModelKind.Logistic, Label = new FeatureSpecification("y", 0, 1) },
            Schedule = linear.Schedule with { Explain = true },
            Shapes = [.. linear.Shapes, new RoundShape(RoundKind.Explain, [new SegmentShape("explanation", 40, 1)])],
            Explanation = new ExplanationSpecification("größe", [-1, 0, 2.5]),
        };
        Assert.Null(explained.FindFault());
        return
        [
            .. Enum.GetValues<MessageType>().Where(type => type <= MessageType.UnmaskAnswer).Select((type, i) => new Decoder(
                $"signed {type}", b => Message(b, type), [.. new[] { 0, 1, 3 }.Select(client => consortium.Clients[client].Sent[i].ToArray())])),
            new("cohort list", b => CohortList.TryDecode(b, out CohortList? list) ? list!.Encode() : null, [Blob(EventType.CohortPublished)]),
            new("dealers list", b => DealersList.TryDecode(b, out DealersList? list) ? list!.Encode() : null, [Blob(EventType.DealersListed)]),
            new("survivor list", b => SurvivorList.TryDecode(b, out SurvivorList? list) ? list!.Encode() : null, [Blob(EventType.SurvivorsListed)]),
            new("unmask request", b => UnmaskRequest.TryDecode(b, out UnmaskRequest? request) ? request!.Encode() : null, [Blob(EventType.UnmaskRequested)]),
            new("log entry", b => LogEntry.TryDecode(b, out LogEntry? entry) ? entry!.Encode() : null, entries),
            new("signed entry", Entry, [.. server.Entries.Select(e => CanonicalWriter.Write(e.Write))]),
            new("announcement", b => Announcement.TryDecode(b, out Announcement? a) ? a!.Encode() : null, [server.AnnouncementOf(EventType.DealersListed)!.Encode()]),
            new("task parameters", b => TaskParameters.TryDecode(b, out TaskParameters? task) ? task!.Encode() : null, [consortium.Task.Encode(), linear.Encode(), trees.Encode(), explained.Encode(), (linear with { RequiresApproval = true }).Encode()]),
            new(
                "model state",
                b => ModelState.TryDecode(b, out ModelState? model) ? model!.Encode() : null,
                [ModelState.Initial(linear.Model).Encode(), new ModelState([1, -2.5, 1e300], [0.5], [4, double.Epsilon], 7, [1, -2, 3], 0.5, [0.7, 0.6], [1, 2, 3]).Encode()]),
            new(
                "roster",
                content => Roster.TryDecode([.. content, .. consortium.Authority.Sign(SigningContext.Roster.Bind(content))], consortium.Authority.PublicKey.Span, out Roster? roster)
                    ? Roster.Create(roster!.Sequence, roster.Entries, consortium.Authority).Bytes[..^P256.SignatureBytes].ToArray()
                    : null,
                [consortium.Roster.Bytes[..^P256.SignatureBytes].ToArray()],
                IsSlow: true),
            new("log proof", b => LogProof.TryDecode(b, out LogProof? proof) ? proof!.Encode() : null, [MemoryLog.OfSize(1).Prove(0, 0).Encode(), MemoryLog.OfSize(300).Prove(77, 200).Encode()]),
            new(
                "change request",
                b => SignedChangeRequest.TryDecode(b) is { } signed ? [.. SignedChangeRequest.Sign(signed.Request, NoSigner.Instance).Bytes.Span[..^P256.SignatureBytes], .. b.AsSpan()[^P256.SignatureBytes..]] : null,
                [.. requests.Select(r => SignedChangeRequest.Sign(r, consortium.Operator.Key).Bytes.ToArray())]),
            new(
                "approval",
                b => SignedApproval.TryDecode(b) is { } signed ? [.. SignedApproval.Sign(signed.RequestDigest, signed.Approver, NoSigner.Instance).Bytes.Span[..^P256.SignatureBytes], .. b.AsSpan()[^P256.SignatureBytes..]] : null,
                [SignedApproval.Sign(Digest.Of("request"u8), consortium.Approver.Id, consortium.Approver.Key).Bytes.ToArray()]),
            new("client state", b => MaskingClientState.TryDecode(b)?.Encode(), [clientState]),
            .. EncryptionSamples.Decoders(),
        ];
    }

    private static byte[]? Entry(byte[] bytes)
    {
        CanonicalReader reader = new(bytes);
        SignedEntry entry = SignedEntry.Read(ref reader);
        return reader.IsComplete ? CanonicalWriter.Write(entry.Write) : null;
    }

    private static byte[]? Message(byte[] bytes, MessageType type)
    {
        if (SignedMessage.TryDecode(bytes, out SignedMessage? message) is { } rejection)
        {
            bool isVersion = bytes.Length > P256.SignatureBytes + 2 && bytes[0] != 1;
            Assert.Equal(isVersion ? ErrorCodes.UnsupportedVersion : ErrorCodes.InvalidMessage, rejection.Code);
            return null;
        }

        Assert.True(bytes[1] != (byte)type || message!.Body.Type == type);
        SignedMessage again = SignedMessage.Sign(message!.Header, message.Body, NoSigner.Instance);
        return [.. again.Bytes[..^P256.SignatureBytes].ToArray(), .. message.SignatureBytes.ToArray()];
    }

    private sealed class NoSigner : ISigner
    {
        public static NoSigner Instance { get; } = new();

        public ReadOnlyMemory<byte> PublicKey => default;

        public byte[] Sign(ReadOnlySpan<byte> message) => new byte[P256.SignatureBytes];
    }
}
