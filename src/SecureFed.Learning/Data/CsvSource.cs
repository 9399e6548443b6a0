namespace SecureFed.Learning.Data;

/// <summary>One of the files that make up a table.</summary>
/// <param name="Name">What messages call it: a file name without its folder.</param>
/// <param name="Reader">Positioned at the header. Read to its end, not disposed.</param>
public sealed record CsvSource(string Name, TextReader Reader);
