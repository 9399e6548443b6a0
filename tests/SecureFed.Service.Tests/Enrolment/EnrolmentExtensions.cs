using SecureFed.Client;
using SecureFed.Protocol.Identity;
using SecureFed.Protocol.Requests;
using SecureFed.Protocol.Resources;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Wire;
using SecureFed.Service.Tests.Consortium;

namespace SecureFed.Service.Tests.Enrolment;

/// <summary>Rosters of a test consortium after the first one.</summary>
internal static class EnrolmentExtensions
{
    /// <summary>Signed by the consortium's authority: without some members and with others.</summary>
    public static Roster Later(this TestConsortium consortium, ulong sequence, IEnumerable<Member> without, params Member[] with) => Roster.Create(
        sequence,
        consortium.Roster.Entries.Where(e => without.All(m => m.Id != e.Id)).Concat(with.Select(m => m.ToEntry())),
        consortium.Authority);

    /// <summary>A client that the consortium did not have from the start.</summary>
    public static SecureFedClient ClientOf(this TestConsortium consortium, Member member, Identifier task, DelegatingHandler? inner = null)
    {
        SecureFedClientOptions options = consortium.OptionsFor(0, task);
        (options.ClientId, options.Signer) = (member.Id, member.Key);
        return new SecureFedClient(consortium.HttpFor(member, inner), options, TimeProvider.System);
    }

    /// <summary>Waits until the task has that round and gives the roster that its signed opening names.</summary>
    public static async Task<Digest> RosterOfRoundAsync(HttpClient http, Identifier task, int number)
    {
        SignedEntry opening = await HandSteppedClient.OpeningAsync(http, task, Identifier.Parse((await RoundAsync(http, task, number)).RoundId));
        Assert.True(LogEntry.TryDecode(opening.Bytes.Span, out LogEntry? entry));
        return Assert.IsType<TaskEvent.RoundOpened>(entry!.Event).Round.RosterDigest;
    }

    public static async Task<RoundView> RoundAsync(HttpClient http, Identifier task, int number)
    {
        for (int i = 0; i < 2000; i++)
        {
            RoundView[] rounds = await (await http.GetAsync(Routes.TaskPart(task, "rounds"))).ReadAsync<RoundView[]>();
            if (rounds.Length >= number)
                return rounds[number - 1];
            await Task.Delay(10);
        }

        throw new TimeoutException($"There is no round {number}.");
    }

    public static async Task AbortAsync(SecureFedOperator taskOperator, HttpClient http, Identifier task, int number) =>
        Assert.Equal(RoundPhase.Aborted, (await taskOperator.AbortRoundAsync(task, Identifier.Parse((await RoundAsync(http, task, number)).RoundId))).Phase);
}
