namespace SecureFed.Cryptography.Bfv;

/// <summary>Whether what decryption leaves over, phase − Δ·M, is what n honest errors give.</summary>
/// <remarks>
/// <para><b>False alarms.</b> Per coefficient the sum of honest errors and centred rounding errors is sub-Gaussian with parameter v = n(σ² + (4^r − 1)/12): the
/// discrete Gaussian is, with σ² (Canonne, Kamath and Steinke 2020), and a centred rounding error is a sum of r independent signs with weights
/// 2^(j−1), each of which is with its variance. Coefficients are independent. So for d of them P[Σe² &gt; v(d + 2√(d·x) + 2x)] ≤ exp(−x) (Hsu, Kakade and Zhang 2012,
/// theorem 2.1). With x = 80·ln 2 one honest polynomial in 2^80 is refused.</para>
/// <para><b>Misses.</b> Under a wrong sum of keys, or one of other ciphertexts, the phase is uniform and so is the residue in a cube of side Δ: it passes with at most
/// the share of a ball in that cube, (2πe·bound/(d·Δ²))^(d/2), 2^-5800 for A1's whole polynomials at n = 10,000. The test says nothing about a handful of
/// coefficients (d below about 8): pad shorter updates.</para>
/// <para>A shift by a multiple of Δ leaves no trace: a client may add what it likes, and this is no proof of its honesty.</para>
/// </remarks>
/// <param name="Polynomials">How many were checked.</param>
/// <param name="Refused">How many were above their bound.</param>
/// <param name="Deviation">Root of the mean square of all residues, in units of q's residues.</param>
/// <param name="ExpectedDeviation">√v.</param>
public sealed record ResidueCheck(int Polynomials, int Refused, double Deviation, double ExpectedDeviation)
{
    private const double LogOfOdds = 80 * 0.6931471805599453;

    public bool IsHonest => Refused == 0;

    /// <summary>The greatest sum of squares accepted of d coefficients of variance v.</summary>
    internal static double Bound(int coefficients, double variance) => variance * (coefficients + (2 * Math.Sqrt(coefficients * LogOfOdds)) + (2 * LogOfOdds));

    /// <summary>log₂ of the probability, at most, that d uniform residues pass.</summary>
    internal static double MissBits(int coefficients, double variance, ulong delta) =>
        coefficients / 2.0 * Math.Log2(2 * Math.PI * Math.E * Bound(coefficients, variance) / (coefficients * Math.Pow(delta, 2)));
}
