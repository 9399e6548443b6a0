using System.Buffers.Binary;
using System.Security.Cryptography;
using SecureFed.Protocol.Masking.Graph;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Tests.Masking.Graph;

/// <summary>Known answers: computed in Python (package <c>cryptography</c>: HKDF with salt = digest, AES-256-CTR from counter zero, and the loop of the doc comment).</summary>
public sealed class PermutationTests
{
    private static readonly Digest Known = Digest.Of("neighbour graph vector"u8);

    private static ReadOnlySpan<byte> Label => "securefed/v1 neighbour graph\n"u8;

    [Fact]
    public void Permutation_equals_that_of_another_implementation()
    {
        Assert.Equal("eed08c79d82da2c48c950b3725f99dbc42a8069dc433d94ad0aad9cf887bc77f", Known.ToString());
        Assert.Equal([3, 17, 12, 7, 0, 15, 9, 4, 19, 8, 13, 11, 1, 10, 2, 6, 18, 5, 14, 16], Permutation.Create(Known, Label, 20));

        byte[] places = new byte[1000 * sizeof(int)];
        int[] order = Permutation.Create(Known, Label, 1000);
        for (int i = 0; i < order.Length; i++)
            BinaryPrimitives.WriteInt32LittleEndian(places.AsSpan(i * sizeof(int)), order[i]);
        Assert.Equal("5868d1db9116f90abf0593b46ebf5559938c6386650eec3c9d9a6501051172c9", Convert.ToHexStringLower(SHA256.HashData(places)));
    }

    [Fact]
    public void Every_place_is_taken_once_and_label_and_digest_change_the_order()
    {
        foreach (int count in (int[])[1, 2, 3, 101, 4096])
            Assert.Equal(Enumerable.Range(0, count), Permutation.Create(Known, Label, count).Order());
        int[] order = Permutation.Create(Known, Label, 100);
        Assert.Equal(order, Permutation.Create(Known, Label, 100));
        Assert.NotEqual(order, Permutation.Create(Known, "securefed/v1 leaves\n"u8, 100));
        Assert.NotEqual(order, Permutation.Create(Digest.Of(Known.ToArray()), Label, 100));
    }

    [Fact]
    public void All_orders_of_five_are_equally_likely()
    {
        // Pearson's chi-square with 119 degrees of freedom; false alarm 10^-6 (once, because the digests are fixed).
        const int perOrder = 200;
        Dictionary<string, int> seen = [];
        byte[] counter = new byte[sizeof(int)];
        for (int i = 0; i < 120 * perOrder; i++)
        {
            BinaryPrimitives.WriteInt32LittleEndian(counter, i);
            string order = string.Join(',', Permutation.Create(Digest.Of(counter), Label, 5));
            seen[order] = seen.GetValueOrDefault(order) + 1;
        }

        Assert.Equal(120, seen.Count);
        double chiSquare = seen.Values.Sum(count => (count - perOrder) * (double)(count - perOrder) / perOrder);
        Assert.InRange(chiSquare, 55.0, 205.0);
    }
}
