using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace SecureFed.Cryptography.Signing;

/// <summary>Integers modulo L = 2^252 + c, the order of the base point of edwards25519 (RFC 8032, section 5.1), in constant time.</summary>
/// <remarks>
/// <list type="table">
/// <item><term>Form</term><description>Nineteen signed limbs, radix 2^28, least significant first: 2^252 is limb 9 exactly, so the fold 2^252 = -c mod L
/// needs no shift.</description></item>
/// <item><term>Bounds</term><description>Values stay below 2^512 and columns below 2^61 in absolute value; the checked arithmetic of the project never
/// throws.</description></item>
/// <item><term>Constant time</term><description>All loops have fixed bounds; a sign becomes a mask, never a branch.</description></item>
/// </list>
/// </remarks>
internal static class ScalarModL
{
    public const int Bytes = 32;
    public const int WideBytes = 64;

    private const int LimbBits = 28;
    private const long LimbMask = (1L << LimbBits) - 1;
    private const int Limbs = 19;
    private const int LowLimbs = 9;

    // c = L - 2^252 = 27742317777372353535851937790883648493.
    private static ReadOnlySpan<long> C => [0xcf5d3ed, 0x12631a5, 0x79cd658, 0xf9dea2f, 0x00014de];

    /// <summary>Whether the 32 little-endian bytes are below L.</summary>
    public static bool IsCanonical(ReadOnlySpan<byte> scalar32)
    {
        Span<long> limbs = stackalloc long[Limbs];
        Read(scalar32, limbs);
        AddL(limbs, -1);
        bool isCanonical = limbs[Limbs - 1] < 0;
        Clear(limbs);
        return isCanonical;
    }

    /// <summary>wide mod L.</summary>
    /// <param name="wide64">64 little-endian bytes: a SHA-512 digest.</param>
    /// <param name="scalar32">Overwritten with 32 little-endian bytes.</param>
    public static void Reduce(ReadOnlySpan<byte> wide64, Span<byte> scalar32)
    {
        Span<long> limbs = stackalloc long[Limbs];
        Read(wide64, limbs);
        ReduceAndWrite(limbs, scalar32);
    }

    /// <summary>a b + addend mod L.</summary>
    /// <param name="a">32 little-endian bytes, below 2^255.</param>
    /// <param name="b">32 little-endian bytes, below 2^255.</param>
    /// <param name="addend">32 little-endian bytes.</param>
    /// <param name="scalar32">Overwritten with 32 little-endian bytes.</param>
    public static void MultiplyAdd(ReadOnlySpan<byte> a, ReadOnlySpan<byte> b, ReadOnlySpan<byte> addend, Span<byte> scalar32)
    {
        Span<long> left = stackalloc long[Limbs];
        Span<long> right = stackalloc long[Limbs];
        Span<long> sum = stackalloc long[Limbs];
        Read(a, left);
        Read(b, right);
        Read(addend, sum);
        // 256 bits are ten limbs; a column has at most ten products below 2^56.
        for (int i = 0; i <= LowLimbs; i++)
        {
            for (int j = 0; j <= LowLimbs; j++) sum[i + j] += left[i] * right[j];
        }

        Carry(sum);
        ReduceAndWrite(sum, scalar32);
        Clear(left);
        Clear(right);
    }

    /// <summary>Reduces carried limbs of a value in [0, 2^512), writes the result in [0, L) and clears the limbs.</summary>
    private static void ReduceAndWrite(Span<long> limbs, Span<byte> scalar32)
    {
        // The part above 2^252, at most 2^260 at first, shrinks by 127 bits per fold: 2^133, 2^6, and after the third fold the value lies in
        // (-2^134, 2^252 + 2^134), its limb 9 in {-1, 0, 1}. The fourth takes that off and leaves [-c, L).
        for (int i = 0; i < 4; i++) Fold(limbs);
        AddL(limbs, limbs[Limbs - 1] >> 63 & 1);
        Write(limbs, scalar32);
        Clear(limbs);
    }

    /// <summary>low + 2^252 high becomes low - c high.</summary>
    private static void Fold(Span<long> limbs)
    {
        Span<long> high = stackalloc long[Limbs - LowLimbs];
        limbs[LowLimbs..].CopyTo(high);
        limbs[LowLimbs..].Clear();
        for (int i = 0; i < high.Length; i++)
        {
            for (int j = 0; j < C.Length; j++) limbs[i + j] -= high[i] * C[j];
        }

        Carry(limbs);
        Clear(high);
    }

    /// <summary>Brings all limbs but the last into [0, 2^28); the last takes the sign of the value.</summary>
    private static void Carry(Span<long> limbs)
    {
        for (int i = 0; i < Limbs - 1; i++)
        {
            limbs[i + 1] += limbs[i] >> LimbBits;
            limbs[i] &= LimbMask;
        }
    }

    /// <summary>Adds factor * L; factor is -1, 0 or 1.</summary>
    private static void AddL(Span<long> limbs, long factor)
    {
        for (int j = 0; j < C.Length; j++) limbs[j] += factor * C[j];
        limbs[LowLimbs] += factor;
        Carry(limbs);
    }

    /// <summary>Reads up to 64 little-endian bytes; limb i begins at bit 28 i, which is bit 0 or 4 of byte 7 i / 2.</summary>
    private static void Read(ReadOnlySpan<byte> bytes, Span<long> limbs)
    {
        Span<byte> padded = stackalloc byte[7 * Limbs / 2 + sizeof(uint)];
        padded.Clear();
        bytes.CopyTo(padded);
        for (int i = 0; i < Limbs; i++) limbs[i] = BinaryPrimitives.ReadUInt32LittleEndian(padded[(7 * i / 2)..]) >> 4 * (i & 1) & LimbMask;
        CryptographicOperations.ZeroMemory(padded);
    }

    /// <summary>Writes ten limbs, 256 bits: a pair of limbs is seven bytes.</summary>
    private static void Write(ReadOnlySpan<long> limbs, Span<byte> scalar32)
    {
        Span<byte> padded = stackalloc byte[7 * 5 + 1];
        for (int i = 0; i < 5; i++) BinaryPrimitives.WriteInt64LittleEndian(padded[(7 * i)..], limbs[2 * i] | limbs[2 * i + 1] << LimbBits);
        padded[..Bytes].CopyTo(scalar32);
        CryptographicOperations.ZeroMemory(padded);
    }

    private static void Clear(Span<long> limbs) => CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(limbs));
}
