using System.Security.Cryptography;

namespace SecureFed.Protocol.Tests.Vectors;

/// <summary>Set A1 as PROTOCOL.md states it, without the code under test: schoolbook products, one coefficient after the other.</summary>
internal static class PlainBfv
{
    public const int N = 2048;
    public const ulong Q = 0x3ffffffffc001;
    public const int Bits = 50;
    public const double Variance = 21.16;

    public static byte[] Derive(ReadOnlySpan<byte> ikm, ReadOnlySpan<byte> salt, ReadOnlySpan<byte> info)
    {
        byte[] key = new byte[32];
        HKDF.DeriveKey(HashAlgorithmName.SHA256, ikm, key, salt, info);
        return key;
    }

    /// <summary>AES-256 with a 128-bit big-endian counter that starts at 0.</summary>
    public static byte[] Keystream(byte[] key, int bytes)
    {
        using Aes aes = Aes.Create();
        aes.Key = key;
        byte[] counters = new byte[(bytes + 15) / 16 * 16];
        for (int i = 0; i < counters.Length / 16; i++)
            System.Buffers.Binary.BinaryPrimitives.WriteInt32BigEndian(counters.AsSpan((16 * i) + 12), i);
        return aes.EncryptEcb(counters, PaddingMode.None)[..bytes];
    }

    /// <summary>Little-endian words of 64 bits, of which the low 50 count; those of q or more are left out.</summary>
    public static ulong[] Residues(ReadOnlySpan<byte> stream, int count)
    {
        List<ulong> residues = [];
        for (; residues.Count < count; stream = stream[8..])
        {
            ulong candidate = System.Buffers.Binary.BinaryPrimitives.ReadUInt64LittleEndian(stream) & ((1UL << Bits) - 1);
            if (candidate < Q)
                residues.Add(candidate);
        }

        return [.. residues];
    }

    public static byte[] Pack(ReadOnlySpan<ulong> values, int bits)
    {
        byte[] packed = new byte[((values.Length * bits) + 7) / 8];
        for (int i = 0; i < values.Length * bits; i++)
            packed[i / 8] |= (byte)((values[i / bits] >> (i % bits) & 1) << (i % 8));
        return packed;
    }

    public static ulong[] Unpack(ReadOnlySpan<byte> packed, int count, int bits)
    {
        ulong[] values = new ulong[count];
        for (int i = 0; i < count * bits; i++)
            values[i / bits] |= (ulong)(packed[i / 8] >> (i % 8) & 1) << (i % bits);
        return values;
    }

    public static ulong Add(ulong a, ulong b) => (a + b) % Q;

    public static ulong Multiply(ulong a, ulong b) => (ulong)((UInt128)a * b % Q);

    public static ulong FromSigned(long value) => (ulong)(((value % (long)Q) + (long)Q) % (long)Q);

    public static ulong Power(ulong value, ulong exponent)
    {
        ulong result = 1;
        for (; exponent > 0; exponent >>= 1, value = Multiply(value, value))
        {
            if ((exponent & 1) == 1)
                result = Multiply(result, value);
        }

        return result;
    }

    public static ulong Invert(ulong value) => Power(value, Q - 2);

    /// <summary>The smallest ψ with ψ^N = −1.</summary>
    public static ulong SmallestRoot()
    {
        ulong root = 0;
        for (ulong candidate = 2; Power(root, N) != Q - 1; candidate++)
            root = Power(candidate, (Q - 1) / (2 * N));
        ulong square = Multiply(root, root);
        ulong least = root;
        for (int i = 0; i < N; i++, root = Multiply(root, square))
            least = Math.Min(least, root);
        return least;
    }

    /// <summary>The coefficients of the polynomial whose value at ψ^(2·bitrev(i) + 1) is the i-th.</summary>
    public static ulong[] Coefficients(ReadOnlySpan<ulong> values, ulong root)
    {
        ulong inverseOfN = Invert(N);
        ulong[] coefficients = new ulong[N];
        for (int i = 0; i < N; i++)
        {
            ulong step = Invert(Power(root, (2 * (ulong)Reverse(i)) + 1));
            ulong term = Multiply(values[i], inverseOfN);
            for (int k = 0; k < N; k++, term = Multiply(term, step))
                coefficients[k] = Add(coefficients[k], term);
        }

        return coefficients;
    }

    /// <summary>The first coefficients of a·s in Z_q[x]/(x^N + 1).</summary>
    public static ulong[] Product(ReadOnlySpan<ulong> a, ReadOnlySpan<ulong> s, int count)
    {
        ulong[] product = new ulong[count];
        for (int k = 0; k < count; k++)
        {
            for (int i = 0; i < N; i++)
            {
                ulong term = Multiply(a[i], s[(k - i + N) % N]);
                product[k] = Add(product[k], i <= k ? term : Q - term);
            }
        }

        return product;
    }

    public static ulong Delta(int plainBits) => ((Q >> (plainBits - 1)) + 1) / 2;

    /// <summary>The word that is sent for Δ·m − e − (a·s) mod q.</summary>
    public static ulong Encrypt(int m, int error, ulong product, ulong delta, int droppedBits)
    {
        ulong c = Add(FromSigned(((long)delta * m) - error), Q - product);
        ulong half = droppedBits == 0 ? 0 : 1UL << (droppedBits - 1);
        return ((c + half) >> droppedBits) & ((1UL << (Bits - droppedBits)) - 1);
    }

    /// <summary>M and what is left over.</summary>
    public static (long Multiple, double Residue) Decrypt(ulong totalOfWords, ulong product, int clients, ulong delta, int droppedBits)
    {
        ulong mean = droppedBits == 0 ? 0 : (ulong)(clients / 2);
        ulong shifted = Add(Add(Multiply(totalOfWords % Q, 1UL << droppedBits), product), Add(delta / 2, Q - mean));
        long y = shifted > Q / 2 ? (long)shifted - (long)Q : (long)shifted;
        long multiple = (y >= 0 ? y : y - (long)delta + 1) / (long)delta;
        return (multiple, y - (multiple * (long)delta) - (long)(delta / 2) - (droppedBits == 0 ? 0 : clients % 2 / 2.0));
    }

    /// <summary>The greatest sum of squared residues that is accepted.</summary>
    public static double ResidueBound(int coefficients, int clients, int droppedBits)
    {
        double v = clients * (Variance + ((Math.Pow(4, droppedBits) - 1) / 12));
        double x = 80 * Math.Log(2);
        return v * (coefficients + (2 * Math.Sqrt(coefficients * x)) + (2 * x));
    }

    /// <summary>λ of the k-th of these points: Π x_i / (x_i − x_k).</summary>
    public static ulong Lambda(int[] points, int k)
    {
        ulong lambda = 1;
        foreach (int point in points)
        {
            if (point != points[k])
                lambda = Multiply(lambda, Multiply((ulong)point, Invert(FromSigned(point - points[k]))));
        }

        return lambda;
    }

    private static int Reverse(int index)
    {
        int reversed = 0;
        for (int bit = 1; bit < N; bit *= 2, index /= 2)
            reversed = (2 * reversed) + (index & 1);
        return reversed;
    }
}
