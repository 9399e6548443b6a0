using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace SecureFed.Service.Tests.Canary;

/// <summary>Three consecutive coordinates of an update in every form in which somebody could have stored it.</summary>
/// <remarks>
/// Chance hits: three coordinates have at least 3 · 26 bits of entropy (uniform in ±12.4: 24 bits of a float's mantissa, sign and exponent; 25.6 bits and a sign of an integer).
/// 62 windows at 2^28 offsets meet a given memory with probability below 2^(6 + 28 − 78) = 2^-44 for one encoding and below 1e-12 for the sixteen together; the text forms
/// are those of the same values.
/// </remarks>
internal static class CanaryEncodings
{
    public const int Run = 3;

    /// <param name="values">What the application handed over.</param>
    /// <param name="integers">What the quantizer made of it.</param>
    /// <param name="scale">Integers per unit.</param>
    public static IEnumerable<(string Name, byte[] Bytes)> Of(double[] values, int[] integers, double scale)
    {
        foreach ((string name, byte[][] coordinates) in Binary(values, integers, scale))
        {
            foreach (byte[] window in Windows(coordinates))
            {
                yield return (name, window);
                foreach (string text in (string[])[Convert.ToHexString(window), Convert.ToHexStringLower(window)])
                {
                    yield return ($"{name} hex", Encoding.ASCII.GetBytes(text));
                    yield return ($"{name} hex in UTF-16", Encoding.Unicode.GetBytes(text));
                }

                foreach (string text in Base64(window))
                {
                    yield return ($"{name} base64", Encoding.ASCII.GetBytes(text));
                    yield return ($"{name} base64 in UTF-16", Encoding.Unicode.GetBytes(text));
                }
            }
        }

        foreach ((string name, string[] coordinates) in Texts(values, integers, scale))
        {
            foreach (string separator in (string[])[",", ", ", ";", " ", "\n", "\r\n", "\t"])
            {
                foreach (string[] window in Enumerable.Range(0, coordinates.Length - Run + 1).Select(i => coordinates[i..(i + Run)]))
                {
                    yield return ($"{name} decimal", Encoding.ASCII.GetBytes(string.Join(separator, window)));
                    yield return ($"{name} decimal in UTF-16", Encoding.Unicode.GetBytes(string.Join(separator, window)));
                }
            }
        }
    }

    /// <summary>Ring words as they lie in packed vectors, in little-endian arrays and in the big-endian blob of a sum.</summary>
    public static IEnumerable<(string Name, byte[] Bytes)> OfRing(string name, uint[] words)
    {
        byte[][] little = [.. words.Select(w => Bytes(4, b => BinaryPrimitives.WriteUInt32LittleEndian(b, w)))];
        byte[][] big = [.. words.Select(w => Bytes(4, b => BinaryPrimitives.WriteUInt32BigEndian(b, w)))];
        return Windows(little).Concat(Windows(big)).Select(window => (name, window));
    }

    /// <summary>The plain byte forms. With 32 ring bits, ring words packed as on the wire are the little-endian 32-bit integers.</summary>
    public static IEnumerable<(string Name, byte[][] Coordinates)> Binary(double[] values, int[] integers, double scale)
    {
        double[] rounded = [.. integers.Select(i => i / scale)];
        double[] scaled = [.. values.Select(v => v * scale)];
        double[] whole = [.. integers.Select(i => (double)i)];
        foreach ((string name, double[] numbers) in new[] { ("raw", values), ("rounded", rounded), ("scaled", scaled), ("whole", whole) })
        {
            yield return ($"{name} float64 LE", [.. numbers.Select(v => Bytes(8, b => BinaryPrimitives.WriteDoubleLittleEndian(b, v)))]);
            yield return ($"{name} float64 BE", [.. numbers.Select(v => Bytes(8, b => BinaryPrimitives.WriteDoubleBigEndian(b, v)))]);
            yield return ($"{name} float32 LE", [.. numbers.Select(v => Bytes(4, b => BinaryPrimitives.WriteSingleLittleEndian(b, (float)v)))]);
            yield return ($"{name} float32 BE", [.. numbers.Select(v => Bytes(4, b => BinaryPrimitives.WriteSingleBigEndian(b, (float)v)))]);
        }

        yield return ("int32 LE", [.. integers.Select(v => Bytes(4, b => BinaryPrimitives.WriteInt32LittleEndian(b, v)))]);
        yield return ("int32 BE", [.. integers.Select(v => Bytes(4, b => BinaryPrimitives.WriteInt32BigEndian(b, v)))]);
        yield return ("int64 LE", [.. integers.Select(v => Bytes(8, b => BinaryPrimitives.WriteInt64LittleEndian(b, v)))]);
        yield return ("int64 BE", [.. integers.Select(v => Bytes(8, b => BinaryPrimitives.WriteInt64BigEndian(b, v)))]);
    }

    private static IEnumerable<(string Name, string[] Coordinates)> Texts(double[] values, int[] integers, double scale)
    {
        yield return ("raw float64", [.. values.Select(v => v.ToString("R", CultureInfo.InvariantCulture))]);
        yield return ("raw float32", [.. values.Select(v => ((float)v).ToString("R", CultureInfo.InvariantCulture))]);
        yield return ("rounded float64", [.. integers.Select(i => (i / scale).ToString("R", CultureInfo.InvariantCulture))]);
        yield return ("integer", [.. integers.Select(i => i.ToString(CultureInfo.InvariantCulture))]);
        yield return ("ring word", [.. integers.Select(i => unchecked((uint)i).ToString(CultureInfo.InvariantCulture))]);
    }

    private static IEnumerable<byte[]> Windows(byte[][] coordinates) =>
        Enumerable.Range(0, coordinates.Length - Run + 1).Select(i => coordinates[i..(i + Run)].SelectMany(c => c).ToArray());

    /// <summary>The characters that depend on the window alone, for each of the three places at which it can start in a longer string.</summary>
    private static IEnumerable<string> Base64(byte[] window)
    {
        for (int before = 0; before < 3; before++)
        {
            int first = (before * 8 + 5) / 6;
            int characters = (before + window.Length) * 8 / 6 - first;
            string text = Convert.ToBase64String([.. new byte[before], .. window]).Substring(first, characters);
            yield return text;
            yield return text.Replace('+', '-').Replace('/', '_');
        }
    }

    private static byte[] Bytes(int length, Action<byte[]> write)
    {
        byte[] bytes = new byte[length];
        write(bytes);
        return bytes;
    }
}
