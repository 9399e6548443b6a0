using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Security.Cryptography;

namespace SecureFed.Cryptography.Signing;

/// <summary>The multiples 0 to 15 of a public point, for multiplication by scalars in constant time.</summary>
/// <remarks>Fixed windows of four bits, from the top: four doublings and one addition each, also for a zero digit. An entry is found by reading all sixteen, so
/// that neither branch nor address depends on the scalar. The running sum and the digit's entry are zeroed.</remarks>
internal sealed class WindowTable
{
    private const int WindowBits = 4;
    private const int Entries = 1 << WindowBits;

    private readonly EdwardsPoint[] multiples = new EdwardsPoint[Entries];

    public WindowTable(in EdwardsPoint point)
    {
        multiples[0] = EdwardsPoint.Identity;
        for (int i = 1; i < Entries; i++) multiples[i] = multiples[i - 1] + point;
    }

    /// <summary>The table of the base point B.</summary>
    public static WindowTable Base { get; } = new(EdwardsPoint.Base);

    /// <summary>scalar * point.</summary>
    /// <param name="scalar32">Any 256-bit integer, little-endian.</param>
    /// <param name="product">Overwritten. If the scalar is secret, the caller clears it (<see cref="EdwardsPoint.Clear"/>).</param>
    public void Multiply(ReadOnlySpan<byte> scalar32, out EdwardsPoint product)
    {
        product = EdwardsPoint.Identity;
        EdwardsPoint entry = default;
        for (int i = scalar32.Length - 1; i >= 0; i--)
        {
            AddWindow(scalar32[i] >> WindowBits, ref product, ref entry);
            AddWindow(scalar32[i] & (Entries - 1), ref product, ref entry);
        }

        EdwardsPoint.Clear(ref entry);
    }

    private void AddWindow(int digit, ref EdwardsPoint sum, ref EdwardsPoint entry)
    {
        sum = sum.Double().Double().Double().Double();
        Select(digit, ref entry);
        sum += entry;
    }

    private void Select(int digit, ref EdwardsPoint entry)
    {
        // A point is twenty words, five of these vectors.
        Span<Vector256<ulong>> selected = MemoryMarshal.Cast<EdwardsPoint, Vector256<ulong>>(new Span<EdwardsPoint>(ref entry));
        ReadOnlySpan<Vector256<ulong>> words = MemoryMarshal.Cast<EdwardsPoint, Vector256<ulong>>(multiples);
        CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(selected));
        for (int i = 0; i < Entries; i++)
        {
            // All ones if i is the digit: i ^ digit is in 0 to 15, and only 0 borrows when one is taken off.
            Vector256<ulong> mask = Vector256.Create(unchecked((ulong)((i ^ digit) - 1 >> 31)));
            ReadOnlySpan<Vector256<ulong>> candidate = words.Slice(i * selected.Length, selected.Length);
            for (int j = 0; j < selected.Length; j++) selected[j] |= candidate[j] & mask;
        }
    }
}
