using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using SecureFed.Cryptography.Randomness;

namespace SecureFed.Cryptography.Tests.Sampling;

/// <summary>SHA-256(name/0), SHA-256(name/1), ...: bytes that a reference in any language can make again.</summary>
internal sealed class HashStream(string name) : IRandomSource
{
    private byte[] block = [];
    private int used;
    private int counter;

    public void Fill(Span<byte> destination)
    {
        for (int i = 0; i < destination.Length; i++)
        {
            if (used == block.Length)
            {
                block = SHA256.HashData(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{name}/{counter++}")));
                used = 0;
            }

            destination[i] = block[used++];
        }
    }
}
