using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace SecureFed.Cryptography.Rings;

/// <summary><see cref="WidePacking"/> eight values at a time, for one width w: eight values take w whole bytes.</summary>
/// <remarks>
/// <para>Values 0 to 3 begin at bit 0 of these bytes, values 4 to 7 at bit 4w, which is bit 0 or, for odd w, bit 4 of a byte. Two neighbours take at most
/// 7 + 2·56 bits: the sixteen bytes of one half of a vector, from the byte in which the first begins. Each of the two, with the up to seven bits before it, lies within eight bytes.</para>
/// <para>Time does not depend on values.</para>
/// </remarks>
internal sealed class WideLanes
{
    /// <summary>Values in a group.</summary>
    public const int Values = 8;

    /// <summary>Narrower values might share a byte with two others.</summary>
    private const int LeastBits = 4;

    private static readonly WideLanes?[] ByBits = [.. Enumerable.Range(0, WidePacking.MaxBits + 1).Select(bits => bits < LeastBits ? null : new WideLanes(bits))];

    private readonly Half lower;
    private readonly Half upper;
    private readonly Vector256<ulong> mask;

    /// <summary>By this the fourth value is shifted for its bits in the byte where the fifth begins: the upper four for odd w, else none.</summary>
    private readonly int carryShift;

    private WideLanes(int bits)
    {
        mask = Vector256.Create(WidePacking.Mask(bits));
        lower = new Half(bits, 0);
        upper = new Half(bits, 4 * bits);
        carryShift = bits % 2 == 0 ? 64 : bits - 4;
        LoadBytes = upper.SecondByte + 16;
        StoreBytes = upper.FirstByte + 32;
    }

    /// <summary>Bytes that <see cref="Load"/> reads; w of them count.</summary>
    public int LoadBytes { get; }

    /// <summary>Bytes that <see cref="Store"/> writes; those from w on are the next group's.</summary>
    public int StoreBytes { get; }

    /// <summary>Null without AVX2, or for fewer than four bits.</summary>
    public static WideLanes? For(int bits) => Avx2.IsSupported ? ByBits[bits] : null;

    /// <summary>Values 0 to 3 and 4 to 7 of the group that begins at <paramref name="at"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public (Vector256<ulong> Lower, Vector256<ulong> Upper) Load(ref byte at) => (lower.Load(ref at) & mask, upper.Load(ref at) & mask);

    /// <summary>Writes a group; higher bits of the values are ignored.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Store(Vector256<ulong> values, Vector256<ulong> upperValues, ref byte at)
    {
        values &= mask;
        Vector256<ulong> carry = Avx2.Permute4x64(Avx2.ShiftRightLogical(values, Vector128.CreateScalar((ulong)carryShift)), 3) & Vector256.Create(ulong.MaxValue, 0, 0, 0);
        lower.Store(values, default, ref at);
        upper.Store(upperValues & mask, carry, ref at);
    }

    /// <summary>Four values that begin at a bit.</summary>
    private readonly struct Half
    {
        private readonly Vector256<ulong> shifts;
        private readonly Vector256<byte> gather;
        private readonly Vector256<byte> even;
        private readonly Vector256<byte> odd;
        private readonly Vector128<byte> joined;
        private readonly Vector128<byte> spilled;

        public Half(int bits, int firstBit)
        {
            int secondBit = firstBit + (2 * bits);
            (FirstByte, SecondByte) = (firstBit >> 3, secondBit >> 3);
            shifts = Vector256.Create((ulong)firstBit & 7, (ulong)(firstBit + bits) & 7, (ulong)secondBit & 7, (ulong)(secondBit + bits) & 7);
            (int first, int second) = (((firstBit & 7) + bits) >> 3, ((secondBit & 7) + bits) >> 3);
            gather = Bytes(i => i < 8 ? i : first + i - 8, i => i < 8 ? i : second + i - 8);
            even = Bytes(i => i < 8 ? i : -1, i => i < 8 ? i : -1);
            odd = Bytes(i => OddByte(i - first), i => OddByte(i - second));
            int distance = SecondByte - FirstByte;
            joined = Bytes(i => i - distance);
            spilled = Bytes(i => i + 16 - distance);
        }

        public int FirstByte { get; }

        public int SecondByte { get; }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public Vector256<ulong> Load(ref byte at)
        {
            Vector256<byte> pairs = Vector256.Create(Vector128.LoadUnsafe(ref at, (nuint)FirstByte), Vector128.LoadUnsafe(ref at, (nuint)SecondByte));
            return Avx2.ShiftRightLogicalVariable(Avx2.Shuffle(pairs, gather).AsUInt64(), shifts);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Store(Vector256<ulong> values, Vector256<ulong> carry, ref byte at)
        {
            Vector256<byte> shifted = (Avx2.ShiftLeftLogicalVariable(values, shifts) | carry).AsByte();
            Vector256<byte> pairs = Avx2.Shuffle(shifted, even) | Avx2.Shuffle(shifted, odd);
            Vector128<byte> second = pairs.GetUpper();
            (pairs.GetLower() | Ssse3.Shuffle(second, joined)).StoreUnsafe(ref at, (nuint)FirstByte);
            Ssse3.Shuffle(second, spilled).StoreUnsafe(ref at, (nuint)FirstByte + 16);
        }

        /// <summary>The second value's bytes are bytes 8 to 15.</summary>
        private static int OddByte(int index) => index is >= 0 and < 8 ? index + 8 : -1;

        private static Vector256<byte> Bytes(Func<int, int> lower, Func<int, int> upper) => Vector256.Create(Bytes(lower), Bytes(upper));

        /// <summary>A shuffle: which byte comes at i; none, that is zero, if there is no such byte.</summary>
        private static Vector128<byte> Bytes(Func<int, int> source) => Vector128.Create([.. Enumerable.Range(0, 16).Select(i => source(i) is >= 0 and < 16 and int j ? (byte)j : byte.MaxValue)]);
    }
}
