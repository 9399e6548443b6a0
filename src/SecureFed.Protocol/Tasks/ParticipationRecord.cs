using SecureFed.Protocol.Rounds;

namespace SecureFed.Protocol.Tasks;

/// <summary>Whose updates the rounds of a task listed and released: what the cross-round guard goes by.</summary>
internal sealed class ParticipationRecord
{
    private readonly List<Participation> participations = [];
    private SurvivorHistory releasedBefore = SurvivorHistory.Empty;

    /// <summary>Every published list, whatever became of its round: clients that confirmed one hold later ones to it.</summary>
    public SurvivorHistory Listed { get; private set; } = SurvivorHistory.Empty;

    /// <summary>The lists for which shares were asked.</summary>
    public SurvivorHistory Released { get; private set; } = SurvivorHistory.Empty;

    public IReadOnlyList<Participation> Participations => participations;

    public void Open() => releasedBefore = Released;

    public void List(ServerRound cohort) => Listed = Listed.Add(cohort.Parameters.Number, cohort.Parameters.Kind, cohort.Survivors);

    /// <summary>Remembers the survivors of a round or leaf, compared with those of earlier rounds: the leaves of one round are disjoint anyway.</summary>
    public void Release(ServerRound cohort)
    {
        RoundParameters parameters = cohort.Parameters;
        (int Round, int Difference)? nearest = releasedBefore.Nearest(parameters.Kind, cohort.Survivors);
        participations.Add(new Participation(parameters.Number, parameters.RoundId, parameters.Kind, cohort.SurvivorCount, nearest?.Round, nearest?.Difference));
        Released = Released.Add(parameters.Number, parameters.Kind, cohort.Survivors);
    }

    public ParticipationRecord Copy()
    {
        ParticipationRecord copy = new() { Listed = Listed, Released = Released, releasedBefore = releasedBefore };
        copy.participations.AddRange(participations);
        return copy;
    }
}
