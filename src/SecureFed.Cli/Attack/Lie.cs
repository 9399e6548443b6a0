using SecureFed.Protocol.Wire;

namespace SecureFed.Cli.Attack;

/// <summary>One thing that the server says or does otherwise than it should.</summary>
/// <param name="IsSend">Answers a message (PUT), not a read.</param>
/// <param name="Part">Part of the path, see <see cref="Exchange.Part"/>.</param>
/// <param name="Audience">Whom it is told to.</param>
/// <param name="Tell">The reply, or null to stay with the genuine one.</param>
internal sealed record Lie(bool IsSend, string Part, Func<Identifier, bool> Audience, Func<Telling, Task<Reply?>> Tell)
{
    /// <summary>Whether the victim must fall silent once it has this reply.</summary>
    public bool IsDecisive { get; init; } = true;
}

/// <summary>The moment at which a lie is told.</summary>
/// <param name="Exchange">The request.</param>
/// <param name="Body">What the client sent.</param>
/// <param name="Genuine">Asks the real server.</param>
/// <param name="CancellationToken">The client has gone.</param>
internal sealed record Telling(Exchange Exchange, byte[] Body, Func<Task<Reply>> Genuine, CancellationToken CancellationToken);
