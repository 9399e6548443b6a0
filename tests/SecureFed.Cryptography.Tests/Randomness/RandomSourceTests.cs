using SecureFed.Cryptography.Masking;
using SecureFed.Cryptography.Randomness;

namespace SecureFed.Cryptography.Tests.Randomness;

public sealed class RandomSourceTests
{
    [Fact]
    public void Keyed_bytes_are_the_counter_keystream_however_they_are_asked_for()
    {
        byte[] key = [.. Enumerable.Range(0, 32).Select(i => (byte)i)];
        var expected = new byte[60_000];
        Aes256Ctr.Keystream(key, new byte[16], expected);

        // Past 16 KiB the source goes over to a larger buffer.
        using var source = new KeyedRandomSource(key);
        var actual = new byte[60_000];
        int position = 0;
        for (int step = 0; position < actual.Length; step = (step * 7 + 1) % 701)
        {
            int count = Math.Min(step, actual.Length - position);
            source.Fill(actual.AsSpan(position, count));
            position += count;
        }

        Assert.Equal(expected, actual);
    }

    [Fact]
    public void Keyed_source_rejects_a_short_key_and_use_after_disposal()
    {
        Assert.Throws<ArgumentException>(() => new KeyedRandomSource(new byte[31]));
        var source = new KeyedRandomSource(new byte[32]);
        source.Dispose();
        Assert.Throws<ObjectDisposedException>(() => source.Fill(new byte[1]));
    }

    [Fact]
    public void Operating_system_source_does_not_repeat_itself()
    {
        // False alarm: 2^-256.
        Assert.NotEqual(OperatingSystemRandomSource.Instance.Bytes(32), OperatingSystemRandomSource.Instance.Bytes(32));
    }
}
