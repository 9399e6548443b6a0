using SecureFed.Cryptography.Seal;
using SecureFed.Learning;
using SecureFed.Privacy.Accounting;
using SecureFed.Privacy.Updates;
using SecureFed.Protocol.Errors;

namespace SecureFed.Cli.Output;

/// <summary>Why a command did not do its work.</summary>
/// <param name="Code">Stable token.</param>
/// <param name="Message">What happened.</param>
/// <param name="Hint">What to do next.</param>
/// <param name="ExitCode">1 refused or failed, 2 bad usage, 3 verification failed.</param>
internal sealed record CommandFailure(string Code, string Message, string Hint, int ExitCode = SecureFedCommand.Failed)
{
    /// <summary>Null for an exception that is a bug: it is shown as one.</summary>
    public static CommandFailure? TryFrom(Exception exception) => exception switch
    {
        CommandException refused => refused.Failure,
        LearningException learning => new CommandFailure(learning.Code, learning.Message, learning.Hint),
        SealFormatException seal => new CommandFailure(seal.Code, seal.Message, seal.Hint),
        SecureFedException known => Split(known.Code, known.Message),
        AccountingException { Code: AccountingException.OutOfRange } range => Split("bad-usage", range.Message) with { ExitCode = SecureFedCommand.BadUsage },
        AccountingException accounting => Split(accounting.Code, accounting.Message),
        InvalidUpdateException update => Split(update.Code, update.Message),
        OperationCanceledException => new CommandFailure("cancelled", "The command was cancelled.", "Run it again; nothing is lost."),
        System.Net.Sockets.SocketException => new CommandFailure("input-output", $"The address cannot be used: {exception.Message}.", "Choose an address of this machine and a free port."),
        IOException or UnauthorizedAccessException => new CommandFailure("input-output", exception.Message, "Check the path and its permissions."),
        _ => null,
    };

    /// <summary>Messages of the library end with what to do; that last sentence is the hint.</summary>
    private static CommandFailure Split(string code, string message)
    {
        int cut = message.LastIndexOf(". ", StringComparison.Ordinal);
        if (cut < 0)
            cut = message.LastIndexOf("; ", StringComparison.Ordinal);
        return cut < 0
            ? new CommandFailure(code, message, "See the README, section Troubleshooting.")
            : new CommandFailure(code, message[..(cut + 1)].TrimEnd(';'), message[(cut + 2)..]);
    }
}

/// <summary>A command refuses with a failure that it has worded itself.</summary>
internal sealed class CommandException(CommandFailure failure) : Exception(failure.Message)
{
    public CommandFailure Failure { get; } = failure;

    public static CommandException Refuse(string code, string message, string hint) => new(new CommandFailure(code, message, hint));

    public static CommandException Misuse(string message, string hint) => new(new CommandFailure("bad-usage", message, hint, SecureFedCommand.BadUsage));
}
