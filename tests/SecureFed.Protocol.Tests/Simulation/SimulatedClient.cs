using SecureFed.Cryptography.Keys;
using SecureFed.Cryptography.Randomness;
using SecureFed.Cryptography.Sampling;
using SecureFed.Privacy.Updates;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Masking;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Tests.Simulation;

/// <summary>A client's shell without its input and output: takes the next step that the server's published lists allow.</summary>
internal sealed class SimulatedClient(Identifier id, SigningKey key, IRandomSource random)
{
    public Identifier Id { get; } = id;

    public SigningKey Key { get; } = key;

    public ClientContext Context { get; set; } = null!;

    /// <summary>The round that this client last joined.</summary>
    public MaskingClient? Masking { get; set; }

    public int LastRoundNumber { get; set; }

    /// <summary>The integers of the current round's update: what the sum must contain exactly once if this client survives.</summary>
    public int[] Integers { get; private set; } = [];

    /// <summary>The phase whose message comes next.</summary>
    public RoundPhase Pending { get; set; }

    public RoundRejection? Refusal { get; private set; }

    public List<ReadOnlyMemory<byte>> Sent { get; } = [];

    /// <summary>Survivors of the lists that this client has signed; null keeps no such memory.</summary>
    public SurvivorHistory? Answered { get; set; }

    /// <summary>The next message, if the server has published what it needs.</summary>
    public ReadOnlyMemory<byte>? Step(SimulatedServer server)
    {
        ServerRound round = server.Round;
        if (Masking is null || Masking.Round.RoundId != round.Parameters.RoundId)
        {
            if (!server.State.HasOpenRound)
                return null;
            Join(server.Opening);
            return Refusal is null ? Keep(Masking!.Advertisement) : null;
        }

        if (Refusal is not null)
            return null;
        EventType awaited = Pending switch
        {
            RoundPhase.Share => EventType.CohortPublished,
            RoundPhase.Upload => EventType.DealersListed,
            RoundPhase.Confirm => EventType.SurvivorsListed,
            _ => EventType.UnmaskRequested,
        };
        if (Pending == RoundPhase.Closed || server.AnnouncementOf(awaited, awaited == EventType.CohortPublished ? round : LeafOf(round)) is not { } announcement)
            return null;
        ClientStep step = Pending switch
        {
            RoundPhase.Share => Masking.OnCohort(announcement, random),
            RoundPhase.Upload => Masking.OnDealers(announcement, LeafOf(round).InboxOf(Id), MakeUpdate(round.Parameters.Layout)),
            RoundPhase.Confirm => Masking.OnSurvivors(announcement, Answered),
            _ => Masking.OnUnmaskRequest(announcement),
        };
        Refusal = step.Refusal;
        if (step.Message is not { } message)
            return null;
        if (Pending == RoundPhase.Confirm)
            Answered = Answered?.Add(round.Parameters.Number, round.Parameters.Kind, Masking.Survivors);
        Pending = MaskedPhases.After(Pending);
        return Keep(message);
    }

    /// <summary>The leaf in which this client stands; the round itself if it has but one.</summary>
    public ServerRound LeafOf(ServerRound round) => round.Leaves.FirstOrDefault(l => l.Parameters.RoundId == Masking!.LeafId) ?? round;

    public void Join(SignedEntry opening)
    {
        Masking?.Dispose();
        (Masking, Refusal) = MaskingClient.Begin(Context, opening, LastRoundNumber, random);
        Sent.Clear();
        if (Masking is null)
            return;
        LastRoundNumber = Masking.Round.Number;
        Pending = RoundPhase.Share;
    }

    /// <summary>Forgets everything but the saved state.</summary>
    public void Restart()
    {
        if (Masking is null)
            return;
        byte[] saved = Masking.Encode();
        Masking.Dispose();
        Masking = MaskingClient.Restore(Context, saved);
        Assert.NotNull(Masking);
        Assert.Equal(saved, Masking.Encode());
    }

    public NoisedUpdate MakeUpdate(UpdateLayout layout)
    {
        double[] values = new double[layout.ComputedDimension];
        double size = random.Below(4); // Some updates are clipped, some are all zero.
        for (int i = 0; i < values.Length; i++)
            values[i] = size * random.Symmetric();
        QuantizedUpdate quantized = new Quantizer(random).Quantize(Clipper.Clip(ModelUpdate.Create(layout, values)));
        Integers = quantized.Values.ToArray();
        Rational share = Masking?.Round.Noise is null ? Rational.Zero : Masking.ShareVariance;
        return share == Rational.Zero ? NoNoise.Instance.Add(quantized) : new DiscreteGaussianNoise(share, random).Add(quantized);
    }

    private ReadOnlyMemory<byte> Keep(ReadOnlyMemory<byte> message)
    {
        byte[] copy = message.ToArray();
        Sent.Add(copy);
        return copy;
    }
}
