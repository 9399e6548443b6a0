using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Wire;

namespace SecureFed.Cli.Attack;

/// <summary>The ways in which a server can misbehave towards one client, in words that the catalogue is written in.</summary>
internal static class Tricks
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(10);

    /// <summary>The victim reads something else than everybody else.</summary>
    /// <param name="scene">Scene.</param>
    /// <param name="part">What is read.</param>
    /// <param name="alter">From the genuine body to the lie.</param>
    /// <param name="number">Only in the round with this number; 0 for any.</param>
    /// <param name="after">Told truly this many times before.</param>
    /// <param name="isProven">Whether no proof is put on.</param>
    public static void Alter(this Scene scene, string part, Func<byte[], byte[]> alter, int number = 0, int after = 0, bool isProven = false) =>
        scene.Answer(part, (_, genuine) => Reply.Ok(alter(genuine.Body)) with { IsProven = isProven }, number, after);

    /// <summary>The victim reads the bytes that everybody else would, proof included, garbled.</summary>
    public static void Garble(this Scene scene, string part, Func<byte[], byte[]> alter) =>
        scene.Answer(part, (exchange, genuine) => Reply.Ok(alter(scene.Logs.Prove(exchange, genuine).Body)) with { IsProven = true });

    /// <summary>The victim reads an announcement with a proof of the lie's own, made from the size that it knows.</summary>
    public static void AlterProof(this Scene scene, string part, Func<Announcement, ulong, ProvenAnnouncement> prove, int number = 0) =>
        scene.Answer(part, (exchange, genuine) => Reply.Ok(prove(Scene.AnnouncementOf(genuine.Body), exchange.Known).Encode()) with { IsProven = true }, number);

    private static void Answer(this Scene scene, string part, Func<Exchange, Reply, Reply> answer, int number = 0, int after = 0)
    {
        int told = 0;
        scene.Add(new Lie(false, part, scene.IsVictim, async telling =>
        {
            Reply genuine = await telling.Genuine();

            // "Not yet" is no lie: the victim asks again.
            if (!genuine.IsOk || (number > 0 && !scene.IsRound(telling.Exchange.Round, number)) || told++ < after)
                return null;
            return answer(telling.Exchange, genuine);
        }));
    }

    /// <summary>The victim reads another announcement than everybody else.</summary>
    public static void AlterAnnouncement(this Scene scene, string part, Func<Announcement, Announcement> alter, int number = 0, int after = 0) =>
        scene.Alter(part, bytes => alter(Scene.AnnouncementOf(bytes)).Encode(), number, after);

    /// <summary>The server invents an answer as soon as it has what it needs, without waiting for the genuine one.</summary>
    public static void Invent(this Scene scene, string part, Func<Identifier, byte[]?> make, bool isDecisive = true, Func<Identifier, bool>? audience = null) =>
        scene.Add(new Lie(false, part, audience ?? scene.IsVictim, async telling =>
        {
            Identifier round = telling.Exchange.Round ?? default;
            while (true)
            {
                if (make(round) is { } body)
                    return Reply.Ok(body);
                await Task.Delay(Pause, telling.CancellationToken);
            }
        })
        {
            IsDecisive = isDecisive,
        });

    /// <summary>The server takes a message, gives the receipt that is due and does nothing with it.</summary>
    public static void Swallow(this Scene scene, string part, Func<Identifier, bool> audience, Action<Telling>? then = null) =>
        scene.Add(new Lie(true, part, audience, telling =>
        {
            then?.Invoke(telling);
            return Task.FromResult<Reply?>(Reply.Created(scene.Receipt(telling.Exchange.Client, telling.Exchange.Round!.Value, KindOf(part), telling.Body)));
        })
        {
            IsDecisive = false,
        });

    /// <summary>The victim's first message of this step is handled (or not), and its answer lost.</summary>
    public static void LoseAnswer(this Scene scene, string part, bool isHandled = true)
    {
        int lost = 0;
        scene.Add(new Lie(true, part, scene.IsVictim, async telling =>
        {
            if (lost++ > 0)
                return null;
            if (isHandled)
                await telling.Genuine();
            return Reply.Unavailable;
        })
        {
            IsDecisive = false,
        });
    }

    public static bool IsVictim(this Scene scene, Identifier client) => client == scene.VictimId;

    public static bool IsOther(this Scene scene, Identifier client) => client != scene.VictimId;

    public static bool IsAnyone(this Scene scene, Identifier client) => scene.Participants.Count > 0 && client != default;

    private static EventType KindOf(string part) => part switch
    {
        "keys" => EventType.KeysAdvertised,
        "shares" => EventType.SharesDealt,
        "uploads" => EventType.UpdateUploaded,
        "confirmations" => EventType.SurvivorsConfirmed,
        _ => EventType.UnmaskAnswered,
    };
}
