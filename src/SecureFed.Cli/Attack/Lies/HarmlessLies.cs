using SecureFed.Cryptography.Randomness;
using SecureFed.Protocol.Wire;

namespace SecureFed.Cli.Attack.Lies;

/// <summary>What a client cannot notice: keys of an accomplice, dropouts that the server makes up. The harness shows that nothing leaks.</summary>
internal static class HarmlessLies
{
    public static IEnumerable<Deviation> All =>
    [
        new("low-entropy-peer-keys", "C2", "issue 3", "advertise", Deviation.Harmless, scene =>
            scene.Participants[HostileConsortium.AccompliceIndex].Random = new CountingSource())
        {
            Proof = scene => Task.FromResult(Unmasking.FindLeak(scene)),
        },
        new("neighbour-dropped-on-purpose", "C2", "issue 3; Bell et al. 2020, section 3", "upload", Deviation.Harmless, scene =>
        {
            scene.Plan = scene.Plan with { GraceMilliseconds = 1_200 };
            Identifier dropped = scene.Consortium.Clients[0].Id;
            scene.Swallow("uploads", client => client == dropped);
        })
        {
            Proof = scene => Task.FromResult(Unmasking.FindLeak(scene)),
        },
        new("upload-held-back", "C2", "Bonawitz et al. 2017, section 4 (double masking)", "upload", Deviation.Harmless, scene =>
        {
            scene.Plan = scene.Plan with { GraceMilliseconds = 1_200 };
            scene.Swallow("uploads", scene.IsVictim);
        })
        {
            Proof = scene => Task.FromResult(Unmasking.FindLeak(scene)),
        },
    ];

    /// <summary>1, 2, 3, …: scalars that anybody guesses.</summary>
    private sealed class CountingSource : IRandomSource
    {
        private byte next;

        public void Fill(Span<byte> destination)
        {
            destination.Clear();
            destination[^1] = ++next;
        }
    }
}
