using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using SecureFed.Protocol.Transparency.Log;
using SecureFed.Protocol.Wire;

namespace SecureFed.Server.Witnessing;

/// <summary>Asks witnesses to cosign a log's new checkpoints. May be used for several logs and from several threads.</summary>
/// <remarks>
/// C2SP tlog-witness, "add-checkpoint", the log's side. All witnesses are asked at once and each has the same time; one that is dead, slow or lying costs that
/// time and its own cosignature, nothing else. Whether there are enough is for the caller to ask of its policy (<see cref="TlogPolicy.Open"/>) before it
/// publishes, because clients ask the same. A witness's latest size is remembered only while the process runs: it says itself what it holds.
/// </remarks>
public sealed class WitnessClient : IDisposable
{
    /// <summary>A response holds a few signature lines.</summary>
    private const int GreatestResponse = 1 << 14;

    private static readonly TimeSpan defaultTimeout = TimeSpan.FromSeconds(2);
    private readonly ConcurrentDictionary<(WitnessEndpoint Witness, string Origin), ulong> sizes = new();
    private readonly IReadOnlyList<WitnessEndpoint> witnesses;
    private readonly TimeProvider time;
    private readonly TimeSpan timeout;
    private readonly ILogger logger;
    private readonly HttpClient http;

    /// <param name="witnesses">Distinct keys of type 0x04.</param>
    /// <param name="logger">Told why a cosignature is missing.</param>
    /// <param name="timeout">For each witness, its second attempt included. Default 2 s.</param>
    /// <param name="time">Default: the system's.</param>
    /// <param name="handler">Default: sockets, no redirects; disposed with this client.</param>
    /// <exception cref="ArgumentException">A key that is no witness's, or one key twice.</exception>
    public WitnessClient(IReadOnlyList<WitnessEndpoint> witnesses, ILogger logger, TimeSpan? timeout = null, TimeProvider? time = null, HttpMessageHandler? handler = null)
    {
        if (witnesses.Any(w => w.Key.Type != NoteKeyType.Cosignature) || witnesses.DistinctBy(w => w.Key).Count() != witnesses.Count)
            throw new ArgumentException("Each witness has a cosignature key (type 4) of its own.", nameof(witnesses));
        this.witnesses = witnesses;
        this.logger = logger;
        this.timeout = timeout ?? defaultTimeout;
        this.time = time ?? TimeProvider.System;
        http = new HttpClient(handler ?? new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, PooledConnectionLifetime = TimeSpan.FromMinutes(5) })
        {
            Timeout = Timeout.InfiniteTimeSpan,
            MaxResponseContentBufferSize = GreatestResponse,
        };
    }

    /// <summary>Asks every witness and adds the cosignatures that verify.</summary>
    /// <param name="checkpoint">Signed by its log, which must have stored it: a witness never cosigns a smaller tree afterwards.</param>
    /// <param name="consistencyProof">Hashes from the first size, at least 1, to the second, the checkpoint's; called by one thread at a time.</param>
    /// <param name="cancellationToken">Ends the wait with an exception; the timeout does not.</param>
    /// <returns>The checkpoint with its own signatures first; the same if no witness answered in time.</returns>
    /// <exception cref="ArgumentException">The note is no checkpoint.</exception>
    /// <remarks>What <paramref name="consistencyProof"/> throws is thrown: a log that cannot read its own tree has another trouble than a witness.</remarks>
    public async Task<SignedNote> CosignAsync(SignedNote checkpoint, Func<ulong, ulong, Digest[]> consistencyProof, CancellationToken cancellationToken = default)
    {
        if (!Checkpoint.TryParse(checkpoint.Text.Span, out Checkpoint? tree))
            throw new ArgumentException("The note is no checkpoint.", nameof(checkpoint));
        Lock gate = new();
        NoteSignature?[] cosignatures = await Task.WhenAll(witnesses.Select(witness => TryCosignAsync(witness, checkpoint, tree!, Prove, cancellationToken)));
        SignedNote cosigned = checkpoint;
        foreach (NoteSignature cosignature in cosignatures.OfType<NoteSignature>())
        {
            if (!cosigned.Signatures.Any(s => s.KeyId == cosignature.KeyId && string.Equals(s.Name, cosignature.Name, StringComparison.Ordinal)))
                cosigned = cosigned.With(cosignature);
        }

        return cosigned;

        Digest[] Prove(ulong from)
        {
            // Every tree continues the empty one, and itself.
            if (from == 0 || from == tree!.Size)
                return [];
            lock (gate)
                return consistencyProof(from, tree.Size);
        }
    }

    public void Dispose() => http.Dispose();

    private async Task<NoteSignature?> TryCosignAsync(WitnessEndpoint witness, SignedNote checkpoint, Checkpoint tree, Func<ulong, Digest[]> prove, CancellationToken cancellationToken)
    {
        using CancellationTokenSource late = new(timeout, time);
        using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancellationToken);
        try
        {
            return await AskAsync(witness, checkpoint, tree, prove, mayRetry: true, stop.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            Log.WitnessFailed(logger, witness.Key.Name, "no answer in time");
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException)
        {
            Log.WitnessFailed(logger, witness.Key.Name, exception.Message);
        }

        return null;
    }

    private async Task<NoteSignature?> AskAsync(WitnessEndpoint witness, SignedNote checkpoint, Checkpoint tree, Func<ulong, Digest[]> prove, bool mayRetry, CancellationToken cancellationToken)
    {
        ulong oldSize = sizes.GetValueOrDefault((witness, tree.Origin));
        if (oldSize > tree.Size)
            return Larger(witness, tree, oldSize);
        using ByteArrayContent body = new(new AddCheckpointRequest(oldSize, prove(oldSize), checkpoint).Encode());
        using HttpResponseMessage response = await http.PostAsync(witness.AddCheckpoint, body, cancellationToken);
        byte[] answer = await response.Content.ReadAsByteArrayAsync(cancellationToken);
        switch (response.StatusCode)
        {
            case HttpStatusCode.OK:
                NoteSignature? cosignature = FindCosignature(witness.Key, checkpoint, answer);
                if (cosignature is null)
                    return Missing(witness, "its answer holds no valid cosignature of its key");
                sizes.AddOrUpdate((witness, tree.Origin), tree.Size, (_, size) => Math.Max(size, tree.Size));
                return cosignature;
            case HttpStatusCode.Conflict when mayRetry && TrySize(response, answer, out ulong latest):
                // Anybody on a plain connection can claim a larger size; if it were remembered, the witness would never be asked again.
                if (latest > tree.Size)
                    return Larger(witness, tree, latest);
                sizes[(witness, tree.Origin)] = latest;
                return await AskAsync(witness, checkpoint, tree, prove, mayRetry: false, cancellationToken);
            default:
                return Missing(witness, string.Create(CultureInfo.InvariantCulture, $"it answered {(int)response.StatusCode}"));
        }
    }

    /// <summary>One line of a known key that does not verify spoils a note for every reader, so only what verifies is taken.</summary>
    private static NoteSignature? FindCosignature(NoteVerifier key, SignedNote checkpoint, byte[] answer)
    {
        byte[] together = [.. checkpoint.Text.Span, (byte)'\n', .. answer];
        if (!SignedNote.TryParse(together, out SignedNote? note) || !note!.Text.Span.SequenceEqual(checkpoint.Text.Span) || !note.TryVerify([key], out _))
            return null;
        return note.Signatures.FirstOrDefault(s => s.KeyId == key.KeyId && string.Equals(s.Name, key.Name, StringComparison.Ordinal) && Cosignature.TimeOf(s) > 0);
    }

    private static bool TrySize(HttpResponseMessage response, ReadOnlySpan<byte> answer, out ulong size)
    {
        size = 0;
        return string.Equals(response.Content.Headers.ContentType?.MediaType, WitnessRefusal.SizeType, StringComparison.Ordinal)
            && WitnessRefusal.TryReadSize(answer, out size);
    }

    /// <summary>Either a later checkpoint overtook this one, or this log has lost entries that it signed.</summary>
    private NoteSignature? Larger(WitnessEndpoint witness, Checkpoint tree, ulong size) =>
        Missing(witness, string.Create(CultureInfo.InvariantCulture, $"it has cosigned {size} entries, more than these {tree.Size}"));

    private NoteSignature? Missing(WitnessEndpoint witness, string reason)
    {
        Log.WitnessFailed(logger, witness.Key.Name, reason);
        return null;
    }
}
