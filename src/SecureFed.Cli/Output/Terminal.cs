using System.Text.Json;
using System.Text.Json.Serialization;
using Spectre.Console;

namespace SecureFed.Cli.Output;

/// <summary>Where a command writes: exactly one JSON document to standard output under <c>--json</c>, otherwise text; everything else to standard error.</summary>
internal sealed class Terminal
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        DefaultIgnoreCondition = JsonIgnoreCondition.Never,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        NumberHandling = JsonNumberHandling.Strict,
    };

    private readonly TextWriter output;
    private readonly TextWriter diagnostics;

    public Terminal(TextWriter output, TextWriter diagnostics, bool isJson)
    {
        this.output = output;
        this.diagnostics = diagnostics;
        IsJson = isJson;
        Console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(output) });
        if (!IsInteractive)
            Console.Profile.Width = 120;
    }

    public bool IsJson { get; }

    /// <summary>Whether a person watches: progress is drawn only then.</summary>
    public bool IsInteractive => !IsJson && ReferenceEquals(output, System.Console.Out) && !System.Console.IsOutputRedirected;

    /// <summary>For tables and progress; not used under --json.</summary>
    public IAnsiConsole Console { get; }

    /// <summary>One line of the result.</summary>
    public void WriteLine(string text = "") => output.WriteLine(text);

    /// <summary>Lines of the result with their own ends.</summary>
    public void WriteText(string text) => output.Write(text);

    public void Note(string text) => diagnostics.WriteLine(text);

    public void WriteJson<T>(T document) => output.WriteLine(JsonSerializer.Serialize(document, Json));

    public void Fail(CommandFailure failure)
    {
        if (IsJson)
        {
            WriteJson(new { error = new { code = failure.Code, message = failure.Message, hint = failure.Hint } });
            return;
        }

        diagnostics.WriteLine($"securefed: {failure.Message} [{failure.Code}]");
        diagnostics.WriteLine($"  {failure.Hint}");
    }
}
