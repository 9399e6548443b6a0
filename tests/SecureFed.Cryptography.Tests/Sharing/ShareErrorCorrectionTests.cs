using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;
using SecureFed.Cryptography.Randomness;
using SecureFed.Cryptography.Sharing;

namespace SecureFed.Cryptography.Tests.Sharing;

public sealed class ShareErrorCorrectionTests
{
    private const int ShareBytes = ShamirSecretSharing.ShareBytes;

    /// <summary>m from t to t + 12, any threshold up to 20, and a seed for secret, points and errors.</summary>
    private static readonly Arbitrary<(int Shares, int Threshold, int Seed)> Codes = Gen.Choose(1, 20)
        .SelectMany(t => Gen.Choose(t, t + 12), (t, m) => (t, m))
        .SelectMany(_ => Gen.Choose(0, int.MaxValue), (code, seed) => (code.m, code.t, seed))
        .ToArbitrary();

    [Fact]
    public void Errors_computed_elsewhere_are_corrected_and_named()
    {
        foreach (JsonElement c in Vector.Cases("reed-solomon-2-256-297.json", "cases"))
        {
            int[] points = c.Integers("points");
            var secret = new byte[32];
            bool[] isWrong = [.. points.Select(_ => true)];
            Assert.True(ShareErrorCorrection.TryCombine(points, c.Bytes("shares"), c.GetProperty("threshold").GetInt32(), secret, isWrong), c.Text("name"));
            Assert.Equal(c.Bytes("secret"), secret);
            Assert.Equal(c.Integers("wrong"), Places(isWrong));
        }
    }

    [Fact]
    public void Impossible_shares_points_and_thresholds_fail_and_leave_zeros()
    {
        foreach (JsonElement c in Vector.Cases("reed-solomon-2-256-297.json", "bad_cases"))
        {
            int[] points = c.Integers("points");
            byte[] secret = [.. Enumerable.Repeat((byte)0xee, 32)];
            bool[] isWrong = [.. points.Select(_ => true)];
            Assert.False(ShareErrorCorrection.TryCombine(points, c.Bytes("shares"), c.GetProperty("threshold").GetInt32(), secret, isWrong), c.Text("name"));
            Assert.All(secret, b => Assert.Equal(0, b));
            Assert.All(isWrong, Assert.False);
        }
    }

    [Fact]
    public void Up_to_the_radius_any_errors_at_any_places_are_corrected_and_named_exactly() => Prop.ForAll(Codes, code =>
    {
        Sharing sharing = new(code.Shares, code.Threshold, code.Seed);
        for (int errors = 0; errors <= ShareErrorCorrection.Radius(code.Shares, code.Threshold); errors++)
        {
            int[] places = sharing.Spoil(errors);
            Assert.True(sharing.TryCombine(out byte[] secret, out bool[] isWrong));
            Assert.Equal(sharing.Secret, secret);
            Assert.Equal(places, Places(isWrong));
        }
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(400));

    [Fact]
    public void One_error_more_never_passes_for_the_secret() => Prop.ForAll(Codes, code =>
    {
        Sharing sharing = new(code.Shares, code.Threshold, code.Seed);
        sharing.Spoil(ShareErrorCorrection.Radius(code.Shares, code.Threshold) + 1);
        // Two polynomials differ in m - t + 1 shares at least: with an odd m - t nothing is near enough; otherwise another polynomial may be, and the
        // caller's commitment check tells it from the secret.
        if (!sharing.TryCombine(out byte[] secret, out _)) return;
        Assert.Equal(0, (code.Shares - code.Threshold) % 2);
        Assert.NotEqual(sharing.Secret, secret);
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(400));

    [Fact]
    public void Liars_who_agree_on_another_polynomial_win_only_beyond_the_radius()
    {
        // m = 9, t = 3: three liars on one other polynomial are corrected; six make the three truthful ones look wrong.
        foreach ((int liars, bool isGenuine) in new[] { (3, true), (6, false) })
        {
            Sharing sharing = new(9, 3, 1);
            using KeyedRandomSource random = Seeded.Source("other polynomial");
            byte[] other = random.Bytes(32);
            byte[] lies = new byte[sharing.Shares.Length];
            ShamirSecretSharing.Split(other, 3, sharing.Points, random, lies);
            int[] places = [.. Enumerable.Range(0, liars)];
            lies.AsSpan(0, liars * ShareBytes).CopyTo(sharing.Shares);
            Assert.True(sharing.TryCombine(out byte[] secret, out bool[] isWrong));
            Assert.Equal(isGenuine ? sharing.Secret : other, secret);
            Assert.Equal(isGenuine ? places : [6, 7, 8], Places(isWrong));
        }
    }

    [Fact]
    public void Without_redundancy_every_error_gives_another_secret_and_names_nobody()
    {
        Sharing sharing = new(7, 7, 3);
        Assert.True(sharing.TryCombine(out byte[] secret, out bool[] isWrong));
        Assert.Equal(sharing.Secret, secret);
        sharing.Spoil(1);
        if (sharing.TryCombine(out secret, out isWrong)) Assert.NotEqual(sharing.Secret, secret);
        Assert.All(isWrong, Assert.False);
    }

    [Fact]
    public void A_threshold_of_one_is_a_majority_vote()
    {
        Sharing sharing = new(7, 1, 4);
        int[] places = sharing.Spoil(3);
        Assert.True(sharing.TryCombine(out byte[] secret, out bool[] isWrong));
        Assert.Equal(sharing.Secret, secret);
        Assert.Equal(places, Places(isWrong));
    }

    [Fact]
    public void The_largest_neighbourhood_of_a_thousand_clients_is_decoded_with_as_many_errors_as_can_be()
    {
        // DESIGN section 3: n = 1,000 at (0.1, 0.1) has k = 138, t = 102.
        Sharing sharing = new(138, 102, 5);
        int[] places = sharing.Spoil(18);
        Assert.True(sharing.TryCombine(out byte[] secret, out bool[] isWrong));
        Assert.Equal(sharing.Secret, secret);
        Assert.Equal(places, Places(isWrong));
    }

    [Fact]
    public void Misuse_is_refused()
    {
        Assert.Throws<ArgumentException>(() => ShareErrorCorrection.TryCombine([1], new byte[33], 1, new byte[31], new bool[1]));
        Assert.Throws<ArgumentException>(() => ShareErrorCorrection.TryCombine([1], new byte[33], 1, new byte[32], new bool[2]));
    }

    private static int[] Places(bool[] isWrong) => [.. Enumerable.Range(0, isWrong.Length).Where(i => isWrong[i])];

    /// <summary>One secret, shared at random points, and what errors make of the shares.</summary>
    private sealed class Sharing
    {
        private readonly int threshold;
        private readonly string seed;
        private readonly byte[] genuine;

        public Sharing(int shares, int threshold, int seed)
        {
            this.threshold = threshold;
            this.seed = $"code {shares} {threshold} {seed}";
            using KeyedRandomSource random = Seeded.Source(this.seed);
            Secret = random.Bytes(32);
            HashSet<int> points = [];
            // Small ranges give neighbouring points, the large one gives far ones.
            while (points.Count < shares) points.Add(random.Below(seed % 2 == 0 ? ShamirSecretSharing.MaxPoint : shares + 2) + 1);
            Points = [.. points];
            genuine = new byte[shares * ShareBytes];
            ShamirSecretSharing.Split(Secret, threshold, Points, random, genuine);
            Shares = [.. genuine];
        }

        public byte[] Secret { get; }

        public int[] Points { get; }

        public byte[] Shares { get; }

        /// <summary>Replaces that many shares by other field elements: random, off by one bit, another share of the same secret, or zero.</summary>
        /// <returns>Their places, ascending.</returns>
        public int[] Spoil(int errors)
        {
            using KeyedRandomSource random = Seeded.Source($"{seed} {errors}");
            genuine.CopyTo(Shares, 0);
            int[] places = [.. Enumerable.Range(0, Points.Length).OrderBy(_ => random.Words(1)[0]).Take(errors).Order()];
            foreach (int place in places)
            {
                Span<byte> share = Shares.AsSpan(place * ShareBytes, ShareBytes);
                switch (random.Below(4))
                {
                    case 0:
                        random.Fill(share[1..]);
                        break;
                    case 1:
                        share[ShareBytes - 1 - random.Below(30)] ^= (byte)(1 << random.Below(8));
                        break;
                    case 2:
                        genuine.AsSpan((place + 1) % Points.Length * ShareBytes, ShareBytes).CopyTo(share);
                        break;
                    default:
                        share.Clear();
                        break;
                }

                // With t = 1 all shares are equal, so another one is no error.
                if (share.SequenceEqual(genuine.AsSpan(place * ShareBytes, ShareBytes))) share[5] ^= 1;
                Assert.True(ShamirSecretSharing.IsCanonicalShare(share));
            }

            return places;
        }

        public bool TryCombine(out byte[] secret, out bool[] isWrong)
        {
            secret = new byte[32];
            isWrong = new bool[Points.Length];
            return ShareErrorCorrection.TryCombine(Points, Shares, threshold, secret, isWrong);
        }
    }
}
