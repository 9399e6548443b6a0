using System.Reflection;
using SecureFed.Cryptography.Keys;
using SecureFed.Cryptography.Randomness;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Messages;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Tests.Simulation;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Tests.Rounds;

/// <summary>Messages that are mutated, well-formed and genuinely signed: what a malicious member of the cohort can send past the signature check.</summary>
public sealed class ResignedMessageTests
{
    private const int CasesPerPhase = 10_000;
    private const int BodyOffset = 2 + 3 * Identifier.Bytes + Digest.Bytes;

    private static readonly HashSet<string> Answers =
    [
        SimulatedServer.Accepted, SimulatedServer.Repeated, .. typeof(ErrorCodes).GetFields(BindingFlags.Public | BindingFlags.Static).Select(f => (string)f.GetValue(null)!),
    ];

    private readonly KeyedRandomSource random = Seeded.Source("resigned");
    private readonly SimulatedConsortium consortium = new("resigned", new ConsortiumOptions { Clients = 6, Least = 5, Greatest = 5, RingBits = 20 });

    [Fact]
    public void Mutated_messages_under_genuine_signatures_are_answered_with_a_code_and_change_nothing()
    {
        SimulatedServer server = consortium.Server;
        SimulatedClient[] cohort = [.. consortium.Clients.Take(5)];
        SimulatedClient late = cohort[4];
        server.OpenRound();
        List<byte[]> samples = [];
        Dictionary<string, int> seen = new(StringComparer.Ordinal);
        foreach (RoundPhase phase in (RoundPhase[])[RoundPhase.Advertise, RoundPhase.Share, RoundPhase.Upload, RoundPhase.Confirm, RoundPhase.Unmask])
        {
            Assert.Equal(phase, server.Round.Phase);
            consortium.Step(cohort[..4]);
            byte[] genuine = late.Step(server)!.Value.ToArray();
            samples.AddRange(cohort[..4].Select(c => c.Sent[^1].ToArray()));
            byte[][] own = [genuine, cohort[0].Sent[^1].ToArray()];
            string before = server.Observe();
            for (int i = 0; i < CasesPerPhase; i++)
            {
                ReadOnlyMemory<byte> message = Resigned(i % 4 == 0 ? samples : own);
                string answer = server.Decide(message);
                Assert.Contains(answer, Answers);
                seen[answer] = seen.GetValueOrDefault(answer) + 1;
                if (i % 100 == 0)
                    Assert.True(before == server.Observe(), Convert.ToHexString(message.Span));
                if (answer == SimulatedServer.Accepted && seen[answer] % 50 == 1)
                    AcceptAndForget(message);
            }

            Assert.Equal(before, server.Observe());
            Assert.Equal(SimulatedServer.Accepted, server.Receive(genuine));
            server.Advance(Patience.Waiting);
        }

        Assert.Equal(RoundPhase.Closed, server.Round.Phase);
        Assert.Equal(SimulatedConsortium.SumOf(cohort), server.Sum());

        // The mutations reach every check behind the signature.
        foreach (string code in (string[])
            [
                SimulatedServer.Accepted, ErrorCodes.ConflictingMessage, ErrorCodes.ConflictingUpload, ErrorCodes.TooLate, ErrorCodes.NotInCohort, ErrorCodes.RoundMismatch,
                ErrorCodes.InvalidKey, ErrorCodes.StaleKey, ErrorCodes.InvalidNeighbours, ErrorCodes.LengthMismatch, ErrorCodes.InvalidAnswer,
            ])
        {
            Assert.True(seen.ContainsKey(code), $"{code} is not among {string.Join(", ", seen)}");
        }
    }

    /// <summary>An accepted lie becomes durable, the round moves on as far as it goes, and none of it throws.</summary>
    private void AcceptAndForget(ReadOnlyMemory<byte> message)
    {
        SimulatedServer server = consortium.Server;
        int entries = server.Entries.Count;
        string before = server.Observe();
        Assert.Equal(SimulatedServer.Accepted, server.Receive(message));
        server.Advance(Patience.DeadlinePassed);
        server.Rewind(entries);
        Assert.Equal(before, server.Observe());
    }

    /// <summary>A mutation that still decodes, signed by the client that it names as its sender.</summary>
    private ReadOnlyMemory<byte> Resigned(IReadOnlyList<byte[]> samples)
    {
        while (true)
        {
            byte[] bytes = [.. samples[random.Below(samples.Count)]];
            byte[] donor = samples[random.Below(samples.Count)];
            for (int times = random.Below(3); times >= 0; times--)
            {
                // The header is in for one change in eight: elsewhere nearly everything would fail at the round or the binding.
                int at = random.Below(8) == 0 ? random.Below(bytes.Length) : BodyOffset + random.Below(bytes.Length - BodyOffset);
                switch (random.Below(5))
                {
                    case 0:
                        bytes[at] ^= (byte)(1 << random.Below(8));
                        break;
                    case 1:
                        bytes[at] = random.Bytes(1)[0];
                        break;
                    case 2:
                        int length = Math.Min(random.Below(70), Math.Min(bytes.Length, donor.Length) - at);
                        if (length > 0)
                            donor.AsSpan(at, length).CopyTo(bytes.AsSpan(at));
                        break;
                    case 3:
                        // One item less or more of what the body lists, with its count.
                        bytes = Relist(bytes);
                        break;
                    default:
                        consortium.Clients[random.Below(consortium.Clients.Count)].Id.ToArray().CopyTo(bytes, 2 + 2 * Identifier.Bytes);
                        break;
                }
            }

            if (SignedMessage.TryDecode(bytes, out SignedMessage? message) is null && consortium.Clients.FirstOrDefault(c => c.Id == message!.Header.Sender) is { } sender)
                return SignedMessage.Sign(message!.Header, message.Body, sender.Key).Bytes;
        }
    }

    private byte[] Relist(byte[] bytes)
    {
        if (SignedMessage.TryDecode(bytes, out SignedMessage? message) is not null)
            return bytes;
        IMessageBody body = message!.Body switch
        {
            Protocol.Masking.Messages.ShareBundle bundle => bundle with { Shares = [.. bundle.Shares.Where(_ => random.Below(4) != 0)] },
            Protocol.Masking.Messages.UnmaskAnswer answer => answer with { Shares = [.. answer.Shares.Where(_ => random.Below(4) != 0)] },
            Protocol.Masking.Messages.Upload upload when upload.Dimension > 2 => upload with { Dimension = upload.Dimension - 2, PackedWords = upload.PackedWords[..^(2 * upload.RingBits / 8)] },
            _ => message.Body,
        };
        return SignedMessage.Sign(message.Header, body, Unsigned.Instance).Bytes.ToArray();
    }

    private sealed class Unsigned : ISigner
    {
        public static Unsigned Instance { get; } = new();

        public ReadOnlyMemory<byte> PublicKey => default;

        public byte[] Sign(ReadOnlySpan<byte> message) => new byte[P256.SignatureBytes];
    }
}
