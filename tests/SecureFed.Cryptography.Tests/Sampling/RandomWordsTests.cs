using SecureFed.Cryptography.Sampling;

namespace SecureFed.Cryptography.Tests.Sampling;

public sealed class RandomWordsTests
{
    [Fact]
    public void Words_and_bits_come_in_the_order_of_the_source()
    {
        var words = new RandomWords(new ScriptedWords([5, 0b1011, 7, ulong.MaxValue], new HashStream("rest")), new ulong[3]);
        Assert.Equal(5UL, words.Next());
        Assert.Equal([true, true, false, true], (bool[])[words.NextBit(), words.NextBit(), words.NextBit(), words.NextBit()]);
        Assert.Equal(7UL, words.Next());
        // 59 zeros are left of the 63 bits, then the next word serves.
        for (int i = 0; i < 59; i++) Assert.False(words.NextBit());
        for (int i = 0; i < 63; i++) Assert.True(words.NextBit());
    }

    [Fact]
    public void Nothing_is_left_in_the_buffer_after_clearing()
    {
        var buffer = new ulong[8];
        var words = new RandomWords(new HashStream("cleared"), buffer);
        words.Next();
        Assert.All(buffer, word => Assert.NotEqual(0UL, word));
        words.Clear();
        Assert.All(buffer, word => Assert.Equal(0UL, word));
    }
}
