using FsCheck;
using FsCheck.Fluent;
using SecureFed.Protocol.Masking;

namespace SecureFed.Protocol.Tests.Masking;

public sealed class SuspectNamingTests
{
    private const int Clients = 20;

    /// <summary>Up to five liars among twenty, and any disputes with a liar at one end.</summary>
    private static readonly Arbitrary<(int[] Liars, Dispute[] Disputes)> Cases = Gen.Choose(0, Clients - 1).ListOf(5)
        .SelectMany(
            liars => Gen.Choose(0, 4).SelectMany(_ => Gen.Choose(0, Clients - 1), (which, other) => (Liar: liars[which], other))
                .SelectMany(_ => Gen.Choose(0, 1), (pair, side) => side == 0 ? new Dispute(pair.Liar, pair.other) : new Dispute(pair.other, pair.Liar)).ListOf(),
            (liars, disputes) => (liars.ToArray(), disputes.Where(d => d.Dealer != d.Responder).ToArray()))
        .ToArbitrary();

    [Fact]
    public void With_at_most_c_liars_every_dispute_has_a_named_liar_and_every_suspect_disputes_with_one() => Prop.ForAll(Cases, c =>
    {
        int corrupt = c.Liars.Distinct().Count();
        IReadOnlyList<int> suspects = SuspectNaming.Name(c.Disputes, corrupt);
        Assert.All(c.Disputes, d => Assert.Contains(new[] { d.Dealer, d.Responder }, end => c.Liars.Contains(end) && suspects.Contains(end)));
        Assert.All(suspects, s => Assert.Contains(c.Disputes, d => d.Dealer == s || d.Responder == s));
        Assert.Equal(suspects.Distinct(), suspects);
        Assert.Equal(suspects, SuspectNaming.Name(c.Disputes.Reverse(), corrupt));
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(1000));

    [Fact]
    public void Liars_who_dispute_with_more_than_c_honest_others_are_named_alone()
    {
        Dispute[] disputes = [.. Enumerable.Range(5, 10).SelectMany(honest => new[] { new Dispute(honest, 0), new Dispute(3, honest) }), new Dispute(0, 3), new Dispute(3, 0)];
        Assert.Equal([0, 3], SuspectNaming.Name(disputes, 2));
    }

    [Fact]
    public void Who_c_colluders_could_have_framed_is_named_beside_them() =>
        Assert.Equal([7, 1, 2], SuspectNaming.Name([new Dispute(7, 1), new Dispute(7, 2)], 2));

    [Fact]
    public void Without_disputes_nobody_is_named() => Assert.Empty(SuspectNaming.Name([], 1));
}
