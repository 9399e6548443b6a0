using System.Globalization;
using Microsoft.AspNetCore.Http;
using SecureFed.Protocol.Requests;
using SecureFed.Protocol.Transparency.Log;
using SecureFed.Protocol.Wire;

namespace SecureFed.Cli.Attack;

/// <summary>What one request is about, read from its path and the identity that signed it.</summary>
/// <param name="IsSend">A message of a round (PUT), not a read.</param>
/// <param name="Client">Identity that signed the request.</param>
/// <param name="Task">Null for what belongs to no task.</param>
/// <param name="Round">Null outside a round.</param>
/// <param name="Part">Last part of the path: <c>opening</c>, <c>keys</c>, <c>shares</c>, …; or <c>roster</c>, <c>model</c>, <c>task</c>, <c>parameters</c>, <c>checkpoint</c>, <c>tile</c>.</param>
internal sealed record Exchange(bool IsSend, Identifier Client, Identifier? Task, Identifier? Round, string Part)
{
    /// <summary>Entries of the task's log that the client says it knows.</summary>
    public ulong Known { get; init; }

    /// <summary>The tile of the task's log that is read; null if none is.</summary>
    public TilePath? Tile { get; init; }

    public static Exchange? TryParse(HttpRequest request)
    {
        if (RequestSignature.TryParse(request.Headers["Signature-Input"]) is not { } signature)
            return null;
        bool isSend = HttpMethods.IsPut(request.Method);
        if (!isSend && !HttpMethods.IsGet(request.Method))
            return null;
        return request.Path.Value!.Split('/', StringSplitOptions.RemoveEmptyEntries) switch
        {
            [_, "roster"] => new Exchange(isSend, signature.KeyId, null, null, "roster"),
            [_, "tasks", var task, "roster"] => new Exchange(isSend, signature.KeyId, Identifier.Parse(task), null, "roster"),
            [_, "models", _] => new Exchange(isSend, signature.KeyId, null, null, "model"),
            [_, "tasks", var task] => new Exchange(isSend, signature.KeyId, Identifier.Parse(task), null, "task"),
            [_, "tasks", var task, "parameters"] => new Exchange(isSend, signature.KeyId, Identifier.Parse(task), null, "parameters"),
            [_, "tasks", var task, "log", "checkpoint"] => new Exchange(isSend, signature.KeyId, Identifier.Parse(task), null, "checkpoint"),
            [_, "tasks", var task, "log", "tile", .. var path] when TilePath.TryParse("tile/" + string.Join('/', path), out TilePath tile) =>
                new Exchange(isSend, signature.KeyId, Identifier.Parse(task), null, "tile") { Tile = tile },
            [_, "tasks", var task, "rounds", var round, var part, ..] => new Exchange(isSend, signature.KeyId, Identifier.Parse(task), Identifier.Parse(round), part)
            {
                Known = ulong.TryParse(request.Query[Routes.KnownSize], NumberStyles.None, CultureInfo.InvariantCulture, out ulong known) ? known : 0,
            },
            _ => null,
        };
    }
}
