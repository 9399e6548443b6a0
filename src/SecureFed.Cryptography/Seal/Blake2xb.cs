namespace SecureFed.Cryptography.Seal;

/// <summary>BLAKE2b with an output of any length that is known beforehand.</summary>
/// <remarks>
/// <list type="table">
/// <item><term>Reference</term><description>Aumasson, Neves, Wilcox-O'Hearn and Winnerlein, "BLAKE2X", section 2; fields of the parameter block in section 2.2.</description></item>
/// <item><term>Sizes</term><description>Output 1 to 2^31 − 1 bytes (the definition allows 2^32 − 2), key 0 to 64 bytes.</description></item>
/// <item><term>Not provided</term><description>Outputs of different length are unrelated: the length is hashed into every node.</description></item>
/// </list>
/// </remarks>
internal static class Blake2xb
{
    private const int NodeBytes = Blake2b.GreatestDigestBytes;

    /// <param name="input">Any length.</param>
    /// <param name="output">Overwritten; not empty.</param>
    /// <param name="key">At most 64 bytes.</param>
    /// <exception cref="ArgumentException">The output is empty or the key too long.</exception>
    public static void Fill(ReadOnlySpan<byte> input, Span<byte> output, ReadOnlySpan<byte> key = default)
    {
        if (output.IsEmpty) throw new ArgumentException("The output is empty.", nameof(output));
        ulong outputField = (ulong)(uint)output.Length << 32;

        Span<ulong> parameters = stackalloc ulong[Blake2b.ParameterWords];
        parameters.Clear();
        parameters[0] = Blake2b.Sequential(NodeBytes, key.Length);
        parameters[1] = outputField;
        Span<byte> root = stackalloc byte[NodeBytes];
        Blake2b.Hash(parameters, input, root, key);

        for (uint node = 0; !output.IsEmpty; node++)
        {
            Span<byte> digest = output[..Math.Min(output.Length, NodeBytes)];
            // Digest length, no key, fan-out and depth 0, leaf length; node offset and output length; depth 0 and inner length.
            parameters[0] = (uint)digest.Length | ((ulong)NodeBytes << 32);
            parameters[1] = node | outputField;
            parameters[2] = (ulong)NodeBytes << 8;
            Blake2b.Hash(parameters, root, digest, default);
            output = output[digest.Length..];
        }
    }
}
