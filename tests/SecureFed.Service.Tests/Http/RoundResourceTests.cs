using System.Net;
using SecureFed.Cryptography.Randomness;
using SecureFed.Protocol.Masking.Messages;
using SecureFed.Protocol.Messages;
using SecureFed.Protocol.Requests;
using SecureFed.Protocol.Resources;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Tasks;
using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Wire;
using SecureFed.Service.Tests.Consortium;

namespace SecureFed.Service.Tests.Http;

public class RoundResourceTests(TestConsortium consortium)
{
    [Fact]
    public async Task A_whole_round_leaves_the_exact_sum_a_model_a_manifest_and_signed_entries()
    {
        Identifier task = await consortium.CreateTaskAsync(Definitions.Vector(length: 2));
        HandSteppedClient[] cohort = await HandSteppedClient.JoinAllAsync(consortium, task);
        await HandSteppedClient.CompleteAsync(cohort, i => [i + 0.5, -1, 0.25]);
        using HttpClient http = consortium.HttpFor(consortium.Auditor);
        TaskView view = await FinishedAsync(http, task);
        Assert.Equal((1, 1, "", RoundPhase.Closed, 3, 3), (view.CompletedRounds, view.ScheduledRounds, view.FinishReason, view.Round!.Phase, view.Round.Cohort, view.Round.Survivors));

        string round = Routes.Round(task, cohort[0].Round);
        RoundView[] rounds = await (await http.GetAsync(Routes.TaskPart(task, "rounds"))).ReadAsync<RoundView[]>();
        Assert.Equal(view.Round, Assert.Single(rounds));
        Assert.Equal(view.Round, await (await http.GetAsync(round)).ReadAsync<RoundView>());

        ManifestView manifest = await (await http.GetAsync(round + "/manifest")).ReadAsync<ManifestView>();
        using HttpResponseMessage aggregate = await http.GetAsync(round + "/aggregate");
        Assert.Equal(MediaTypes.Of("aggregate"), aggregate.Content.Headers.ContentType?.ToString());
        byte[] sum = await aggregate.Content.ReadAsByteArrayAsync();
        Assert.Equal(manifest.AggregateDigest, Digest.Of(sum).ToString());
        Assert.Equal(cohort[0].OpenDigest.ToString(), manifest.OpenDigest);
        Assert.Equal(["delta", "weight"], manifest.Segments.Select(s => s.Name));
        Assert.Empty(manifest.Suspects);
        uint[] words = new uint[3];
        Assert.True(RingVector.TryDecode(sum, words));
        Assert.Equal(4.5, unchecked((int)words[0]) * Math.ScaleB(1, -manifest.Segments[0].ScaleExponent));
        Assert.Equal(0.75, words[2] * Math.ScaleB(1, -manifest.Segments[1].ScaleExponent));

        ModelView model = Assert.Single(await (await http.GetAsync(Routes.TaskPart(task, "models"))).ReadAsync<ModelView[]>());
        Assert.Equal((1, RoundKind.Train, view.ModelDigest), (model.Round, model.Kind, model.ModelDigest));
        using HttpResponseMessage modelResponse = await http.GetAsync($"/v1/models/{model.ModelDigest}");
        Assert.Equal(MediaTypes.Of("model"), modelResponse.Content.Headers.ContentType?.ToString());
        byte[] modelBytes = await modelResponse.Content.ReadAsByteArrayAsync();
        Assert.Equal(model.ModelDigest, Digest.Of(modelBytes).ToString());
        Assert.True(ModelState.TryDecode(modelBytes, out ModelState? state));
        Assert.Equal([6, -4], state!.Parameters);

        await AssertEntriesAsync(http, task, view);
        Dispose(cohort);
    }

    [Fact]
    public async Task A_client_that_answers_with_wrong_shares_stands_in_the_manifest_by_its_pseudonym_and_the_round_closes()
    {
        Identifier task = await consortium.CreateTaskAsync(Definitions.Vector(length: 1, clients: 5, deltaDrop: 0.1m));
        HandSteppedClient[] cohort = await HandSteppedClient.JoinAllAsync(consortium, task, clients: 5);
        foreach (HandSteppedClient client in cohort)
            await HandSteppedClient.Accept(client.AdvertiseAsync());
        foreach (HandSteppedClient client in cohort)
            await HandSteppedClient.Accept(client.PutAsync("shares", await client.SharesAsync()));
        foreach (HandSteppedClient client in cohort)
            await HandSteppedClient.Accept(client.PutAsync("uploads", await client.UploadAsync(2, 1)));
        foreach (HandSteppedClient client in cohort)
            await HandSteppedClient.Accept(client.PutAsync("confirmations", await client.ConfirmationAsync()), HttpStatusCode.Gone);

        // Shares beyond the first t, in the order of the cohort, are not looked at while those are right: the first member lies.
        HandSteppedClient liar = cohort.MinBy(c => c.Member.Id)!;
        Assert.Null(SignedMessage.TryDecode(await liar.AnswerAsync(), out SignedMessage? honest));
        UnmaskAnswer answer = (UnmaskAnswer)honest!.Body;
        UnmaskAnswer lie = answer with { Shares = [.. answer.Shares.Select(s => s with { Share = (byte[])[0, .. s.Share[1..^1].ToArray(), (byte)(s.Share.Span[^1] ^ 1)] })] };
        await HandSteppedClient.Accept(liar.PutAsync("unmask", SignedMessage.Sign(honest.Header, lie, liar.Member.Key).Bytes.ToArray()));
        foreach (HandSteppedClient client in cohort.Where(c => c != liar))
            await HandSteppedClient.Accept(client.PutAsync("unmask", await client.AnswerAsync()));

        using HttpClient http = consortium.HttpFor(consortium.Auditor);
        Assert.Equal(5, (await FinishedAsync(http, task)).Round!.Survivors);
        ManifestView manifest = await (await http.GetAsync(Routes.RoundPart(task, liar.Round, "manifest"))).ReadAsync<ManifestView>();
        Assert.Equal([(await liar.ReceiptAsync()).Pseudonym.ToString()], manifest.Suspects);
        Dispose(cohort);
    }

    [Fact]
    public async Task Only_models_are_reachable_by_the_digests_that_the_log_shows()
    {
        Identifier task = await consortium.CreateTaskAsync(Definitions.Vector(length: 1));
        HandSteppedClient[] cohort = await HandSteppedClient.JoinAllAsync(consortium, task);
        await HandSteppedClient.CompleteAsync(cohort, _ => [1, 1]);
        using HttpClient http = consortium.HttpFor(consortium.Operator);
        await FinishedAsync(http, task);
        int refused = 0;
        foreach (EntryView entry in await EntriesAsync(http, task))
        {
            LogEntry.TryDecode(Convert.FromBase64String(entry.Entry), out LogEntry? decoded);
            (Digest[] models, Digest[] others) = decoded!.Event switch
            {
                TaskEvent.TaskCreated created => ([created.ModelDigest], new[] { created.ParametersDigest, created.RosterDigest }),
                TaskEvent.ModelPublished published => ([published.ModelDigest, published.ParentDigest], []),
                TaskEvent.MessageAccepted accepted => ([], [accepted.MessageDigest]),
                TaskEvent.ListPublished list => ([], [list.ListDigest]),
                TaskEvent.RoundOpened opened => ([opened.Round.ModelDigest], [opened.Round.PseudonymSaltDigest]),
                TaskEvent.RoundClosed closed => ([], [closed.AggregateDigest, closed.MaskTotalDigest]),
                _ => (Array.Empty<Digest>(), Array.Empty<Digest>()),
            };
            foreach (Digest digest in models)
                Assert.Equal(HttpStatusCode.OK, (await http.GetAsync(Routes.Model(digest))).StatusCode);
            foreach (Digest digest in others)
                await http.GetAsync(Routes.Model(digest)).AssertProblemAsync(HttpStatusCode.NotFound, "unknown-model");
            refused += others.Length;
        }

        Assert.True(refused >= 2 + 1 + 5 * 3 - 1 + 4 + 2, $"{refused} digests tried");
        Dispose(cohort);
    }

    [Fact]
    public async Task A_repeated_message_gives_200_with_the_same_receipt_and_another_one_409()
    {
        Identifier task = await consortium.CreateTaskAsync(Definitions.Vector());
        using HandSteppedClient client = await HandSteppedClient.JoinAsync(consortium, 0, task);
        using HandSteppedClient again = await HandSteppedClient.JoinAsync(consortium, 0, task);
        using HttpResponseMessage first = await client.AdvertiseAsync();
        using HttpResponseMessage second = await client.AdvertiseAsync();
        Assert.Equal((HttpStatusCode.Created, HttpStatusCode.OK), (first.StatusCode, second.StatusCode));
        Assert.Equal(MediaTypes.Of("receipt"), first.Content.Headers.ContentType?.ToString());
        byte[] receipt = await first.Content.ReadAsByteArrayAsync();
        Assert.Equal(receipt, await second.Content.ReadAsByteArrayAsync());
        CanonicalReader reader = new(receipt);
        Assert.True(SignedEntry.Read(ref reader).TryOpen(task, consortium.ServerMember.Key.PublicKey.Span, out LogEntry? entry));
        Assert.Equal(Digest.Of(client.Advertisement), ((TaskEvent.MessageAccepted)entry!.Event).MessageDigest);
        await again.AdvertiseAsync().AssertProblemAsync(HttpStatusCode.Conflict, "conflicting-message");
    }

    [Fact]
    public async Task A_second_different_upload_is_refused_with_a_code_of_its_own()
    {
        Identifier task = await consortium.CreateTaskAsync(Definitions.Vector(length: 1));
        HandSteppedClient[] cohort = await HandSteppedClient.JoinAllAsync(consortium, task);
        foreach (HandSteppedClient client in cohort)
            await HandSteppedClient.Accept(client.AdvertiseAsync());
        foreach (HandSteppedClient client in cohort)
            await HandSteppedClient.Accept(client.PutAsync("shares", await client.SharesAsync()));
        byte[] upload = await cohort[0].UploadAsync(1, 1);
        await HandSteppedClient.Accept(cohort[0].PutAsync("uploads", upload));
        Assert.Equal(HttpStatusCode.OK, (await cohort[0].PutAsync("uploads", upload)).StatusCode);

        SignedMessage.TryDecode(upload, out SignedMessage? sent);
        Upload body = (Upload)sent!.Body;
        byte[] words = body.PackedWords.ToArray();
        words[0] ^= 1;
        byte[] other = SignedMessage.Sign(sent.Header, body with { PackedWords = words }, cohort[0].Member.Key).Bytes.ToArray();
        await cohort[0].PutAsync("uploads", other).AssertProblemAsync(HttpStatusCode.Conflict, "conflicting-upload");
        Dispose(cohort);
    }

    [Fact]
    public async Task Of_64_identical_messages_at_once_exactly_one_is_new()
    {
        Identifier task = await consortium.CreateTaskAsync(Definitions.Vector());
        using HandSteppedClient client = await HandSteppedClient.JoinAsync(consortium, 0, task);
        HttpResponseMessage[] responses = await Task.WhenAll(Enumerable.Range(0, 64).Select(_ => Task.Run(client.AdvertiseAsync)));
        Assert.Equal(1, responses.Count(r => r.StatusCode == HttpStatusCode.Created));
        Assert.Equal(63, responses.Count(r => r.StatusCode == HttpStatusCode.OK));
        string[] bodies = [.. await Task.WhenAll(responses.Select(async r => Convert.ToHexString(await r.Content.ReadAsByteArrayAsync())))];
        Assert.Single(bodies.Distinct(StringComparer.Ordinal));
        EntryView[] entries = await EntriesAsync(client.Http, task);
        Assert.Single(entries, e => e.Type == nameof(EventType.KeysAdvertised));
    }

    [Fact]
    public async Task A_client_sends_under_its_own_name_only()
    {
        Identifier task = await consortium.CreateTaskAsync(Definitions.Vector());
        using HandSteppedClient one = await HandSteppedClient.JoinAsync(consortium, 0, task);
        using HandSteppedClient two = await HandSteppedClient.JoinAsync(consortium, 1, task);
        await one.PutToAsync(two.PathOf("keys"), two.Advertisement).AssertProblemAsync(HttpStatusCode.Forbidden, "forbidden");
        await one.PutToAsync(one.PathOf("keys"), two.Advertisement).AssertProblemAsync(HttpStatusCode.Conflict, "round-mismatch");
        foreach (Member member in new[] { consortium.Operator, consortium.Auditor, consortium.ServerMember })
        {
            using HttpClient http = consortium.HttpFor(member);
            await http.PutAsync(one.PathOf("keys"), HandSteppedClient.Binary(one.Advertisement)).AssertProblemAsync(HttpStatusCode.Forbidden, "wrong-role");
        }

        Assert.DoesNotContain(await EntriesAsync(one.Http, task), e => e.Type == nameof(EventType.KeysAdvertised));
    }

    [Fact]
    public async Task A_message_whose_inside_names_another_kind_round_or_task_is_refused()
    {
        Identifier task = await consortium.CreateTaskAsync(Definitions.Vector());
        Identifier otherTask = await consortium.CreateTaskAsync(Definitions.Vector());
        using HandSteppedClient client = await HandSteppedClient.JoinAsync(consortium, 0, task);
        using HandSteppedClient elsewhere = await HandSteppedClient.JoinAsync(consortium, 0, otherTask);
        foreach (string part in new[] { "shares", "uploads", "confirmations", "unmask" })
            await client.PutAsync(part, client.Advertisement).AssertProblemAsync(HttpStatusCode.Conflict, "round-mismatch");
        await client.PutAsync("keys", elsewhere.Advertisement).AssertProblemAsync(HttpStatusCode.Conflict, "round-mismatch");

        SignedMessage.TryDecode(client.Advertisement, out SignedMessage? own);
        byte[] wrongRound = SignedMessage.Sign(own!.Header with { RoundId = elsewhere.Round }, own.Body, client.Member.Key).Bytes.ToArray();
        await client.PutAsync("keys", wrongRound).AssertProblemAsync(HttpStatusCode.Conflict, "round-mismatch");
        byte[] wrongBinding = SignedMessage.Sign(own.Header with { Binding = elsewhere.OpenDigest }, own.Body, client.Member.Key).Bytes.ToArray();
        using HttpResponseMessage bound = await client.PutAsync("keys", wrongBinding);
        Assert.InRange((int)bound.StatusCode, 400, 499);
        byte[] forged = client.Advertisement;
        forged[^1] ^= 1;
        await client.PutAsync("keys", forged).AssertProblemAsync(HttpStatusCode.Unauthorized, "signature-invalid");
        await client.PutAsync("keys", []).AssertProblemAsync(HttpStatusCode.BadRequest, "invalid-message");
        await HandSteppedClient.Accept(client.AdvertiseAsync());
    }

    [Fact]
    public async Task An_inbox_is_shown_to_its_owner_only()
    {
        Identifier task = await consortium.CreateTaskAsync(Definitions.Vector());
        using HandSteppedClient client = await HandSteppedClient.JoinAsync(consortium, 0, task);
        foreach (Member member in new[] { consortium.Clients[1], consortium.Operator, consortium.Auditor, consortium.ServerMember })
        {
            using HttpClient http = consortium.HttpFor(member);
            await http.GetAsync(client.PathOf("shares")).AssertProblemAsync(HttpStatusCode.Forbidden, "forbidden");
        }

        Assert.Equal(HttpStatusCode.Accepted, (await client.Http.GetAsync(client.PathOf("shares"))).StatusCode);
    }

    [Fact]
    public async Task Only_an_operator_aborts_a_round_and_the_next_one_opens()
    {
        Identifier task = await consortium.CreateTaskAsync(Definitions.Vector());
        using HandSteppedClient client = await HandSteppedClient.JoinAsync(consortium, 0, task);
        string abort = Routes.RoundPart(task, client.Round, "abort");
        foreach (Member member in new[] { consortium.Clients[0], consortium.Auditor, consortium.ServerMember })
        {
            using HttpClient http = consortium.HttpFor(member);
            await http.PostAsync(abort, null).AssertProblemAsync(HttpStatusCode.Forbidden, "wrong-role");
        }

        using HttpClient taskOperator = consortium.HttpFor(consortium.Operator);
        RoundView aborted = await (await taskOperator.PostAsync(abort, null)).ReadAsync<RoundView>();
        Assert.Equal((RoundPhase.Aborted, "aborted-by-operator"), (aborted.Phase, aborted.AbortReason));
        await taskOperator.PostAsync(abort, null).AssertProblemAsync(HttpStatusCode.Gone, "too-late");
        await client.AdvertiseAsync().AssertProblemAsync(HttpStatusCode.Gone, "too-late");
        await client.Http.GetAsync(Routes.RoundPart(task, client.Round, "keys")).AssertProblemAsync(HttpStatusCode.Gone, "round-aborted");
        await client.Http.GetAsync(Routes.RoundPart(task, client.Round, "aggregate")).AssertProblemAsync(HttpStatusCode.Conflict, "not-ready");
    }

    [Fact]
    public async Task What_is_not_ready_says_so()
    {
        Identifier task = await consortium.CreateTaskAsync(Definitions.Vector());
        using HandSteppedClient client = await HandSteppedClient.JoinAsync(consortium, 0, task);
        await client.Http.GetAsync(Routes.RoundPart(task, client.Round, "aggregate")).AssertProblemAsync(HttpStatusCode.Conflict, "not-ready");
        await client.Http.GetAsync(Routes.RoundPart(task, client.Round, "manifest")).AssertProblemAsync(HttpStatusCode.Conflict, "not-ready");
    }

    [Fact]
    public async Task A_message_out_of_its_phase_is_refused()
    {
        Identifier task = await consortium.CreateTaskAsync(Definitions.Vector());
        using HandSteppedClient client = await HandSteppedClient.JoinAsync(consortium, 0, task);
        SignedMessage.TryDecode(client.Advertisement, out SignedMessage? own);
        Confirmation early = new(default, 1);
        byte[] message = SignedMessage.Sign(own!.Header, early, client.Member.Key).Bytes.ToArray();
        await client.PutAsync("confirmations", message).AssertProblemAsync(HttpStatusCode.Conflict, "wrong-phase");
    }

    internal static async Task<TaskView> FinishedAsync(HttpClient http, Identifier task)
    {
        for (int i = 0; i < 400; i++)
        {
            TaskView view = await (await http.GetAsync(Routes.Task(task))).ReadAsync<TaskView>();
            if (view.Finished)
                return view;
            await Task.Delay(10);
        }

        throw new TimeoutException("The task did not finish.");
    }

    internal static async Task<EntryView[]> EntriesAsync(HttpClient http, Identifier task) =>
        await (await http.GetAsync(Routes.TaskPart(task, "entries") + "?limit=1000")).ReadAsync<EntryView[]>();

    private async Task AssertEntriesAsync(HttpClient http, Identifier task, TaskView view)
    {
        EntryView[] entries = await EntriesAsync(http, task);
        Assert.Equal(view.Entries, (ulong)entries.Length);
        for (int i = 0; i < entries.Length; i++)
        {
            SignedEntry signed = new(entries[i].Index, Convert.FromBase64String(entries[i].Entry), Convert.FromBase64String(entries[i].Signature));
            Assert.Equal((ulong)i, entries[i].Index);
            Assert.True(signed.TryOpen(task, consortium.ServerMember.Key.PublicKey.Span, out LogEntry? entry));
            Assert.Equal((entry!.Event.Type.ToString(), signed.EntryDigest.ToString()), (entries[i].Type, entries[i].Sha256));
        }

        EntryView[] page = await (await http.GetAsync(Routes.TaskPart(task, "entries") + "?from=2&limit=3")).ReadAsync<EntryView[]>();
        Assert.Equal(entries[2..5], page);
        Assert.Empty(await (await http.GetAsync(Routes.TaskPart(task, "entries") + "?from=18446744073709551615")).ReadAsync<EntryView[]>());
    }

    private static void Dispose(HandSteppedClient[] cohort)
    {
        foreach (HandSteppedClient client in cohort)
            client.Dispose();
    }
}
