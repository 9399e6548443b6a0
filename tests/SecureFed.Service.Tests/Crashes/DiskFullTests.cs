extern alias server;
using System.Diagnostics;
using System.Net;
using SecureFed.Client;
using SecureFed.Client.Rounds;
using SecureFed.Protocol.Requests;
using SecureFed.Protocol.Resources;
using SecureFed.Protocol.Transparency.Log;
using SecureFed.Protocol.Wire;
using SecureFed.Service.Tests.Consortium;
using SecureFed.Service.Tests.Storage;
using server::SecureFed.Shared;

namespace SecureFed.Service.Tests.Crashes;

/// <summary>The disk is full in the middle of a round: reading goes on, uploads wait, and when there is room again the round ends without anybody's help.</summary>
public class DiskFullTests(ITestOutputHelper output)
{
    private const int Clients = 3;
    private const int Dimension = 8192; // No upload fits into what is left of the last block of a file.
    private static readonly TimeSpan Full = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan LongestRecovery = TimeSpan.FromSeconds(5);

    [Fact]
    public async Task An_injected_full_disk_delays_a_round_and_nothing_else()
    {
        bool isFull = false;
        await using StoredServer server = await StoredServer.CreateAsync(Clients);
        await server.StartAsync(new HookedCalls(call =>
        {
            if (Volatile.Read(ref isFull) && call is ("Open" or "Write" or "Rename" or "CreateDirectory"))
                throw new FileCallException(call, FileCallException.NoSpace, "full");
        }));
        await DelayedAsync(server, () => Volatile.Write(ref isFull, true), () => Volatile.Write(ref isFull, false));
    }

    [Fact]
    public async Task A_file_system_without_room_delays_a_round_and_nothing_else()
    {
        using TemporaryDirectory directory = new();
        string small = directory.File("small");
        Directory.CreateDirectory(small);
        if (!OperatingSystem.IsLinux() || await RunAsync("mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", small) != 0)
            Assert.Skip("Needs the right to mount a small file system.");
        try
        {
            await using StoredServer server = await StoredServer.CreateAsync(Clients, Path.Combine(small, "store"));
            await server.StartAsync(FileCalls.Instance);
            await DelayedAsync(server, () => Fill(Path.Combine(small, "filling")), () => File.Delete(Path.Combine(small, "filling")));
            await server.StopAsync();
        }
        finally
        {
            Assert.Equal(0, await RunAsync("umount", small));
        }
    }

    private async Task DelayedAsync(StoredServer server, Action fill, Action free)
    {
        Identifier task = await server.CreateTaskAsync(Definitions.FedSgd(Dimension, 0.1));
        RefusalWatch watch = new(fill);
        Task<RoundOutcome>[] clients = [.. Enumerable.Range(0, Clients).Select(i => ClientOf(server, task, i, watch).ContributeAsync(UnitVector(i)))];
        (HttpStatusCode status, string? type, TimeSpan? retryAfter) = await watch.Refused.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Equal((HttpStatusCode.InsufficientStorage, "application/problem+json"), (status, type));
        Assert.Equal(TimeSpan.FromSeconds(1), retryAfter);

        using HttpClient reader = server.HttpFor(server.Operator);
        Stopwatch full = Stopwatch.StartNew();
        while (full.Elapsed < Full)
        {
            TaskView view = await (await reader.GetAsync(Routes.Task(task))).ReadAsync<TaskView>();
            Assert.False(view.Finished);
            using HttpResponseMessage checkpoint = await reader.GetAsync(Routes.TaskPart(task, "log/checkpoint"));
            Assert.Equal(HttpStatusCode.OK, checkpoint.StatusCode);
            Assert.True(SignedNote.TryParse(await checkpoint.Content.ReadAsByteArrayAsync(), out SignedNote? note) && Checkpoint.TryParse(note!.Text.Span, out Checkpoint? tree) && tree!.Size > 1);
            await Task.Delay(200);
        }

        Assert.DoesNotContain(clients, c => c.IsCompleted);
        Assert.False(watch.Accepted.IsCompleted, "An upload was taken while the disk was full, so it was not.");
        Assert.InRange(watch.Refusals, 2, int.MaxValue);
        free();
        Stopwatch recovery = Stopwatch.StartNew();
        await watch.Accepted.WaitAsync(TimeSpan.FromSeconds(30));
        TimeSpan untilAccepted = recovery.Elapsed;
        RoundOutcome[] outcomes = await Task.WhenAll(clients);
        output.WriteLine($"An upload was taken {untilAccepted.TotalSeconds:0.00} s after there was room, the round was over after {recovery.Elapsed.TotalSeconds:0.00} s.");
        Assert.InRange(untilAccepted, TimeSpan.FromTicks(1), LongestRecovery);
        Assert.All(outcomes, o => Assert.Equal((1, RoundStatus.Contributed), (o.Number, o.Status)));
        while (!(await (await reader.GetAsync(Routes.Task(task))).ReadAsync<TaskView>()).Finished)
            await Task.Delay(20);
        await server.StopAsync();
        LogAudit audit = await server.AuditAsync(task);
        Assert.Equal([.. Enumerable.Range(0, Dimension).Select(j => j < Clients ? 1.0 : 0.0)], Assert.Single(audit.Sums));
    }

    private static SecureFedClient ClientOf(StoredServer server, Identifier task, int i, RefusalWatch watch)
    {
        SecureFedClientOptions options = server.OptionsFor(i, task);
        options.FirstRetryDelay = TimeSpan.FromMilliseconds(100);
        return new SecureFedClient(server.HttpFor(server.Clients[i], new WatchHandler(watch)), options, TimeProvider.System);
    }

    private static double[] UnitVector(int i) => [.. Enumerable.Range(0, Dimension).Select(j => i == j ? 1.0 : 0.0)];

    private static void Fill(string path)
    {
        using FileStream file = new(path, new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write, BufferSize = 0 });
        foreach (int size in new[] { 65_536, 4_096 })
        {
            try
            {
                while (true)
                    file.Write(new byte[size]);
            }
            catch (IOException)
            {
                // Full to the last block of this size.
            }
        }
    }

    private static async Task<int> RunAsync(string program, params string[] arguments)
    {
        try
        {
            using Process process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true, UseShellExecute = false })!;
            await process.WaitForExitAsync();
            return process.ExitCode;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return -1;
        }
    }

    /// <summary>Fills the disk when the first upload is on its way, and tells what became of the uploads.</summary>
    private sealed class RefusalWatch(Action fill)
    {
        private readonly TaskCompletionSource<(HttpStatusCode, string?, TimeSpan?)> refused = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource accepted = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int uploads;
        private int refusals;

        public Task<(HttpStatusCode Status, string? ContentType, TimeSpan? RetryAfter)> Refused => refused.Task;

        public Task Accepted => accepted.Task;

        public int Refusals => Volatile.Read(ref refusals);

        public void Before()
        {
            if (Interlocked.Increment(ref uploads) == 1)
                fill();
        }

        /// <param name="response">The server's.</param>
        /// <param name="isLater">Sent after the first refusal.</param>
        public void After(HttpResponseMessage response, bool isLater)
        {
            if (!response.IsSuccessStatusCode)
                Interlocked.Increment(ref refusals);
            if (!response.IsSuccessStatusCode)
                refused.TrySetResult((response.StatusCode, response.Content.Headers.ContentType?.MediaType, response.Headers.RetryAfter?.Delta));
            else if (isLater)
                accepted.TrySetResult();
        }
    }

    private sealed class WatchHandler(RefusalWatch watch) : DelegatingHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            bool isUpload = request.Method == HttpMethod.Put && request.RequestUri!.AbsolutePath.Contains("/uploads/", StringComparison.Ordinal);
            if (isUpload)
                watch.Before();
            bool isLater = watch.Refused.IsCompleted;
            HttpResponseMessage response = await base.SendAsync(request, cancellationToken);
            if (isUpload)
                watch.After(response, isLater);
            return response;
        }
    }
}
