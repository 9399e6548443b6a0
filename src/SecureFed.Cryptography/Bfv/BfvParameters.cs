namespace SecureFed.Cryptography.Bfv;

/// <summary>A parameter set together with what a round fixes: plaintext bits, bits dropped from ciphertexts, and the most ciphertexts in one sum.</summary>
/// <remarks>
/// <para>t = 2^b and Δ = round(q/t). A sum of n ciphertexts has phase Δ·M + e mod q, M the sum of centred plaintexts as an integer.</para>
/// <para><b>One-time keys.</b> Errors are discrete Gaussian; rounding to a multiple of 2^r (ties up) is off by a uniform number from −2^(r−1)+1 to 2^(r−1), whose
/// mean 1/2 is public and subtracted. So e has variance n(σ² + (4^r − 1)/12). Decryption goes wrong if |e| reaches Δ/2 − |Δt − q|/2, the second term because
/// q is not exactly Δ·t. That is for a sum that does not leave [−t/2, t/2), which the choice of b rules out (the ring's bits are sized for it). If it is wrapped k
/// times, the phase is off by a further k·(Δt − q): see <see cref="GreatestWraps"/>.</para>
/// <para><b>Single key.</b> e has variance n·σ²(4N/3 + 1): e·u + e₁ + e₂·s with u and s ternary; SEAL's rounding takes n/2 of the limit q/2t.</para>
/// <para>Refused is what fails with probability 2^-128 or more per polynomial, by the Gaussian tail.</para>
/// </remarks>
public sealed class BfvParameters
{
    public const int GreatestPlainBits = 32;
    public const int GreatestClients = 10_000;

    /// <summary>log₂ of the failure probability per polynomial from which on parameters are refused.</summary>
    public const double GreatestFailureBits = -128;

    private BfvParameters(BfvSet set, int plainBits, int droppedBits, int clients)
    {
        (Set, PlainBits, DroppedBits, Clients) = (set, plainBits, droppedBits, clients);
        Delta = ((set.Modulus.Value >> (plainBits - 1)) + 1) >> 1;
    }

    public BfvSet Set { get; }

    /// <summary>b: plaintexts are elements of Z mod 2^b.</summary>
    public int PlainBits { get; }

    /// <summary>r: low bits of a ciphertext's coefficient that are not sent.</summary>
    public int DroppedBits { get; }

    /// <summary>n: the most ciphertexts in one sum.</summary>
    public int Clients { get; }

    /// <summary>Δ = round(q/2^b).</summary>
    public ulong Delta { get; }

    /// <summary>Bits per coefficient on the wire, of one polynomial.</summary>
    public int PackedBits => Set.Modulus.Bits - DroppedBits;

    /// <summary>Standard deviation of the noise in a sum of <see cref="Clients"/> ciphertexts.</summary>
    public double NoiseDeviation => NoiseDeviationOf(Clients);

    /// <summary>Standard deviations between a correct decryption and a wrong one.</summary>
    public double Margin => Limit / NoiseDeviation;

    /// <summary>log₂ of the probability that any coefficient of one polynomial decrypts wrongly; an upper bound, at most 0.</summary>
    public double FailureBits => Margin > 0 ? Math.Min(0, TailBits(Margin) + 1 + Math.Log2(Set.Degree)) : 0;

    /// <summary>How often the integer sum may have left [−t/2, t/2) with the same bound on failures: wraps cost Δt − q each. One-time keys.</summary>
    public int GreatestWraps
    {
        get
        {
            // The least margin at which a polynomial still fails with probability below 2^-128.
            double margin = 10;
            while (TailBits(margin) + 1 + Math.Log2(Set.Degree) >= GreatestFailureBits) margin += 0.125;
            double room = Math.Max(0, Limit - (margin * NoiseDeviation));
            return (int)Math.Min(Clients, room / Math.Max(1, Gap));
        }
    }

    /// <summary>2^(r−1), or 0 when nothing is dropped.</summary>
    internal ulong RoundingHalf => DroppedBits == 0 ? 0 : 1UL << (DroppedBits - 1);

    /// <summary>The greatest word that an honest client packs.</summary>
    internal ulong GreatestPacked => Math.Min((Set.Modulus.Value - 1 + RoundingHalf) >> DroppedBits, (1UL << PackedBits) - 1);

    /// <summary>Δt − q for one-time keys, where Δ is a power of two above q/t.</summary>
    internal long Gap => (long)(Delta << PlainBits) - (long)Set.Modulus.Value;

    private double Limit => Set.Keys == BfvKeys.OneTime
        ? (Delta - (double)Math.Abs(Gap)) / 2
        : (Set.Modulus.Value / Math.ScaleB(2, PlainBits)) - (Clients / 2.0);

    /// <summary>The bits to drop that leave b + 10 on the wire: 2^r is then a thousandth of Δ. Single-key ciphertexts go out in SEAL's format, whole.</summary>
    public static int UsualDroppedBits(BfvSet set, int plainBits) => set.Keys == BfvKeys.OneTime ? Math.Max(0, set.Modulus.Bits - plainBits - 10) : 0;

    /// <summary>The most bits that may be dropped at all; most clients need fewer.</summary>
    public static int GreatestDroppedBits(BfvSet set, int plainBits) => set.Keys == BfvKeys.OneTime ? set.Modulus.Bits - 1 - plainBits : 0;

    /// <summary>With the usual bits dropped.</summary>
    /// <inheritdoc cref="Create(BfvSet, int, int, int)"/>
    public static BfvParameters Create(BfvSet set, int plainBits, int clients) => Create(set, plainBits, UsualDroppedBits(set, plainBits), clients);

    /// <param name="set">The ring.</param>
    /// <param name="plainBits">b, 1 to 32.</param>
    /// <param name="droppedBits">r; 0 with a single key.</param>
    /// <param name="clients">n, 1 to 10,000.</param>
    /// <exception cref="ArgumentOutOfRangeException">Outside the ranges, or sums of n ciphertexts fail with probability 2^-128 or more.</exception>
    public static BfvParameters Create(BfvSet set, int plainBits, int droppedBits, int clients)
    {
        BfvParameters parameters = WithinRanges(set, plainBits, droppedBits, clients);
        if (parameters.FailureBits >= GreatestFailureBits)
        {
            throw new ArgumentOutOfRangeException(
                nameof(clients), clients, $"Sums of {clients} ciphertexts of {set} with 2^{plainBits} and {droppedBits} bits dropped may fail. Drop fewer bits, or have fewer clients or bits.");
        }

        return parameters;
    }

    /// <summary><see cref="FailureBits"/> of parameters within the ranges, refused or not.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Outside the ranges.</exception>
    public static double FailureBitsOf(BfvSet set, int plainBits, int droppedBits, int clients) => WithinRanges(set, plainBits, droppedBits, clients).FailureBits;

    /// <summary>The greatest n that these parameters admit; 0 if none.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Outside the ranges.</exception>
    public static int GreatestClientsOf(BfvSet set, int plainBits, int droppedBits)
    {
        // More ciphertexts never fail less often.
        (int admitted, int refused) = (0, GreatestClients + 1);
        while (refused - admitted > 1)
        {
            int middle = (admitted + refused) / 2;
            if (FailureBitsOf(set, plainBits, droppedBits, middle) < GreatestFailureBits) admitted = middle;
            else refused = middle;
        }

        return admitted;
    }

    /// <summary>Standard deviation of the noise in a sum of that many ciphertexts.</summary>
    public double NoiseDeviationOf(int clients)
    {
        double variance = Set.Sigma * Set.Sigma;
        return Math.Sqrt(clients * (Set.Keys == BfvKeys.OneTime
            ? variance + ((Math.ScaleB(1, 2 * DroppedBits) - 1) / 12)
            : variance * ((4 * Set.Degree / 3.0) + 1)));
    }

    /// <summary>An upper bound on log₂ P[Z &gt; x], Z standard Gaussian: exp(−x²/2)/(x√2π).</summary>
    internal static double TailBits(double x) => (-x * x / 2 / Math.Log(2)) - Math.Log2(x * Math.Sqrt(2 * Math.PI));

    internal void RequireOneTime()
    {
        if (Set.Keys != BfvKeys.OneTime) throw new ArgumentException($"{Set} is for a single key; one-time keys use {BfvSet.A1}.");
    }

    private static BfvParameters WithinRanges(BfvSet set, int plainBits, int droppedBits, int clients)
    {
        RequireWithin(plainBits, 1, GreatestPlainBits, nameof(plainBits));
        RequireWithin(clients, 1, GreatestClients, nameof(clients));
        RequireWithin(droppedBits, 0, GreatestDroppedBits(set, plainBits), nameof(droppedBits));
        return new BfvParameters(set, plainBits, droppedBits, clients);
    }

    private static void RequireWithin(int value, int least, int greatest, string name)
    {
        if (value < least || value > greatest) throw new ArgumentOutOfRangeException(name, value, $"From {least} to {greatest}.");
    }
}
