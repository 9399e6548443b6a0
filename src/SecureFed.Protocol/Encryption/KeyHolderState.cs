using System.Security.Cryptography;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Encryption;

/// <summary>Everything a key holder must remember of a task. Holds the private halves of its round keys. Zeroed on dispose; <see cref="ToString"/> shows nothing.</summary>
internal sealed class KeyHolderState(Identifier taskId, Identifier holder) : IDisposable
{
    private const byte Version = 2;
    private const int GreatestKeys = 1 << 16;

    /// <summary>A SEAL secret key over N = 2048 is half as long as a public one.</summary>
    internal const int GreatestPrivateKeyBytes = SignedHolderKey.GreatestKeyBytes / 2;

    private const int GreatestOfferBytes = SignedHolderKey.GreatestKeyBytes + 256;
    private const int LeastKeyBytes = 8 + 4 + 4;

    public Identifier TaskId { get; } = taskId;

    public Identifier Holder { get; } = holder;

    /// <summary>Number of the next offer; from 1.</summary>
    public ulong NextNumber { get; set; } = 1;

    /// <summary>Offers that no round has taken, ascending: private key and signed offer.</summary>
    public SortedDictionary<ulong, OfferedKey> Keys { get; } = [];

    /// <summary>Highest round number whose opening was accepted.</summary>
    public int LastRoundNumber { get; set; }

    /// <summary>Survivors of all lists of the task that this holder has signed.</summary>
    public SurvivorHistory History { get; set; } = SurvivorHistory.Empty;

    /// <summary>The round that is under way; null between rounds.</summary>
    public KeyHolderRoundState? Round { get; set; }

    /// <summary>Erases a key that has served or never will.</summary>
    public void Erase(ulong number)
    {
        if (Keys.Remove(number, out OfferedKey? key))
            CryptographicOperations.ZeroMemory(key.PrivateKey);
    }

    public byte[] Encode() => CanonicalWriter.Write(w =>
    {
        w.UInt8(Version).Identifier(TaskId).Identifier(Holder).UInt64(NextNumber)
            .List(Keys, (v, k) => v.UInt64(k.Key).Opaque(k.Value.PrivateKey).Opaque(k.Value.Offer))
            .Count(LastRoundNumber).Opaque(History.Encode()).Flag(Round is not null);
        Round?.Write(w);
    });

    public static KeyHolderState? TryDecode(ReadOnlySpan<byte> bytes)
    {
        CanonicalReader reader = new(bytes);
        reader.Require(reader.UInt8() == Version);
        KeyHolderState state = new(reader.Identifier(), reader.Identifier()) { NextNumber = reader.UInt64() };
        foreach ((ulong number, OfferedKey key) in reader.List(GreatestKeys, LeastKeyBytes, ReadKey))
            reader.Require(number < state.NextNumber && state.Keys.TryAdd(number, key));
        state.LastRoundNumber = reader.Count(int.MaxValue);
        reader.Require(SurvivorHistory.TryDecode(reader.Opaque(int.MaxValue), out SurvivorHistory history));
        state.History = history;
        state.Round = reader.Flag() ? KeyHolderRoundState.Read(ref reader) : null;
        if (reader.IsComplete)
            return state;
        state.Dispose();
        return null;
    }

    public void Dispose()
    {
        foreach (OfferedKey key in Keys.Values)
            CryptographicOperations.ZeroMemory(key.PrivateKey);
        Round?.Dispose();
    }

    public override string ToString() => "KeyHolderState(hidden)";

    private static (ulong Number, OfferedKey Key) ReadKey(ref CanonicalReader reader) =>
        (reader.UInt64(), new OfferedKey(reader.Opaque(GreatestPrivateKeyBytes).ToArray(), reader.Opaque(GreatestOfferBytes).ToArray()));

    /// <summary>A key that is on offer.</summary>
    internal sealed class OfferedKey(byte[] privateKey, byte[] offer)
    {
        public byte[] PrivateKey { get; } = privateKey;

        public byte[] Offer { get; } = offer;
    }
}
