using System.Buffers;
using System.Buffers.Binary;

namespace SecureFed.Protocol.Transparency.Log;

/// <summary>Consecutive entries in one file, each after its length.</summary>
/// <remarks>C2SP tlog-tiles, "Log entries": big-endian uint16 length, then the entry.</remarks>
public static class EntryBundle
{
    private const int LengthBytes = sizeof(ushort);

    /// <exception cref="ArgumentException">An entry is longer than 65,535 bytes.</exception>
    public static byte[] Encode(IEnumerable<ReadOnlyMemory<byte>> entries)
    {
        ArrayBufferWriter<byte> bytes = new();
        foreach (ReadOnlyMemory<byte> entry in entries)
            Append(bytes, entry.Span);
        return bytes.WrittenSpan.ToArray();
    }

    /// <summary>Splits a bundle into its entries.</summary>
    /// <param name="bytes">The file.</param>
    /// <param name="count">How many entries it must hold.</param>
    /// <param name="entries">Slices of <paramref name="bytes"/>.</param>
    /// <returns>False if it holds more, fewer or something else.</returns>
    public static bool TryDecode(ReadOnlyMemory<byte> bytes, int count, out ReadOnlyMemory<byte>[] entries)
    {
        entries = [];
        if (!TryTake(ref bytes, count, out ReadOnlyMemory<byte>[] taken) || !bytes.IsEmpty)
            return false;
        entries = taken;
        return true;
    }

    /// <summary>Takes entries from the front of a bundle that may hold more.</summary>
    internal static bool TryTake(ref ReadOnlyMemory<byte> bytes, int count, out ReadOnlyMemory<byte>[] entries)
    {
        entries = new ReadOnlyMemory<byte>[count];
        for (int i = 0; i < count; i++)
        {
            if (bytes.Length < LengthBytes)
                return false;
            int length = BinaryPrimitives.ReadUInt16BigEndian(bytes.Span);
            if (bytes.Length - LengthBytes < length)
                return false;
            entries[i] = bytes.Slice(LengthBytes, length);
            bytes = bytes[(LengthBytes + length)..];
        }

        return true;
    }

    /// <exception cref="ArgumentException">The entry is longer than 65,535 bytes.</exception>
    internal static void Append(ArrayBufferWriter<byte> bundle, ReadOnlySpan<byte> entry)
    {
        if (entry.Length > LogEntry.GreatestBytes)
            throw new ArgumentException($"An entry has at most {LogEntry.GreatestBytes} bytes; put the long part into a blob.", nameof(entry));
        BinaryPrimitives.WriteUInt16BigEndian(bundle.GetSpan(LengthBytes), (ushort)entry.Length);
        bundle.Advance(LengthBytes);
        bundle.Write(entry);
    }
}
