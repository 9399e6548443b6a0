using System.Diagnostics;
using SecureFed.Cryptography.Keys;
using SecureFed.Cryptography.Randomness;
using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Transparency.Log;

namespace SecureFed.Cli.Bench;

/// <summary>What an auditor's look at a whole log costs one core, and whether it notices every changed bit.</summary>
/// <param name="Entries">Of 150 bytes, in memory.</param>
/// <param name="Seconds">To verify all of them under the checkpoint.</param>
/// <param name="Flips">Single bits changed anywhere in the files of a log of <see cref="SmallEntries"/> entries, one after the other.</param>
/// <param name="Detected">Of these.</param>
/// <param name="IsRight">The untouched logs are valid and every flip was noticed.</param>
internal sealed record VerificationCost(int Entries, double Seconds, int Flips, int Detected, bool IsRight)
{
    private const int EntryBytes = 150;
    private const int SmallEntries = 600;
    private const string Origin = "securefed.example/bench";
    private const string CheckpointPath = "checkpoint";

    public static VerificationCost Measure(int entries, int flips)
    {
        using SigningKey key = SigningKey.Generate(OperatingSystemRandomSource.Instance);
        TlogPolicy policy = TlogPolicy.Of(NoteVerifier.ForEcdsa(Origin, key.PublicKey.Span));
        Files whole = Files.Create(entries, key);
        ulong seen = 0;
        Stopwatch watch = Stopwatch.StartNew();
        bool isValid = new LogVerifier(whole, policy).Verify((_, _) =>
        {
            seen++;
            return null;
        }).IsValid;
        double seconds = watch.Elapsed.TotalSeconds;

        Files small = Files.Create(SmallEntries, key);
        LogVerifier verifier = new(small, policy);
        isValid &= verifier.Verify().IsValid;
        int detected = 0;
        for (int flip = 0; flip < flips; flip++)
        {
            (string path, int bit) = small.RandomBit();
            small.Flip(path, bit);
            detected += verifier.Verify().IsValid ? 0 : 1;
            small.Flip(path, bit);
        }

        isValid &= verifier.Verify().IsValid;
        return new VerificationCost(entries, seconds, flips, detected, isValid && seen == (ulong)entries && detected == flips);
    }

    /// <summary>A log's files in memory.</summary>
    private sealed class Files : ILogSource
    {
        private readonly Dictionary<string, byte[]> files = new(StringComparer.Ordinal);

        public static Files Create(int entries, SigningKey key)
        {
            Files made = new();
            TileSet tiles = new();
            byte[] entry = new byte[EntryBytes];
            for (int i = 0; i < entries; i++)
            {
                BitConverter.TryWriteBytes(entry, i);
                tiles.Append(entry);
                if (i % 65_536 == 65_535)
                    made.Take(tiles);
            }

            made.Take(tiles);
            made.files[CheckpointPath] = new Checkpoint(Origin, tiles.Size, tiles.Root).Sign(key).Encode();
            return made;
        }

        public byte[]? Read(string path) => files.GetValueOrDefault(path);

        public void Flip(string path, int bit) => files[path][bit / 8] ^= (byte)(1 << bit % 8);

        /// <summary>Every bit of every file is as likely.</summary>
        public (string Path, int Bit) RandomBit()
        {
            Span<byte> draw = stackalloc byte[sizeof(ulong)];
            OperatingSystemRandomSource.Instance.Fill(draw);
            long place = (long)(BitConverter.ToUInt64(draw) % (ulong)files.Sum(f => 8L * f.Value.Length));
            foreach ((string path, byte[] bytes) in files)
            {
                if (place < 8L * bytes.Length)
                    return (path, (int)place);
                place -= 8L * bytes.Length;
            }

            throw new UnreachableException("The place lies below the sum of the lengths.");
        }

        private void Take(TileSet tiles)
        {
            foreach (LogFile file in tiles.TakeFiles())
                files[file.Path.ToString()] = file.Bytes.ToArray();
        }
    }
}
