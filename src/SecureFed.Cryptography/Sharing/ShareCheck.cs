using System.Security.Cryptography;
using SecureFed.Cryptography.KeyDerivation;
using SecureFed.Cryptography.Randomness;
using SecureFed.Cryptography.Rings;

namespace SecureFed.Cryptography.Sharing;

/// <summary>Whether the vectors that a client dealt to the holders lie on polynomials of degree below t: one masked random combination of each share, answered once.</summary>
/// <remarks>
/// <list type="table">
/// <item><term>References</term><description>Random linear combination with a blinding polynomial: batch VSS of Bellare, Garay and Rabin 1996, Distributed pseudo-random bit
/// generators; testing against the dual code: Cascudo and David 2017, SCRAPE, Lemma 1.</description></item>
/// <item><term>Dealing</term><description>The client shares s ∈ Z_q^N and, behind it, uniform masks μ_1 … μ_L as one vector with <see cref="VectorSharing"/>: f(x) and g_1(x) …
/// g_L(x), all of degree below t.</description></item>
/// <item><term>Challenge</term><description>ρ_1 … ρ_L ∈ Z_q^N from the digest of the log entry that fixes all uploads; the same for all clients and holders.</description></item>
/// <item><term>Answer</term><description>Holder k returns z_l = ⟨ρ_l, share of s⟩ + share of μ_l. An honest client's answers are P_l(k) with P_l = ⟨ρ_l, f⟩ + g_l, of
/// degree below t.</description></item>
/// <item><term>Verdict</term><description><see cref="VectorErrorCorrection.Locate"/> over the answers as vectors of L coordinates.</description></item>
/// </list>
/// <para><b>Soundness.</b> Let A be any set of honest holders whose answers lie on polynomials of degree below t. Then the shares of s that A holds lie on such polynomials,
/// except with probability q^-L. Proof: otherwise some parity check (w_k) of the code at A's points gives σ = Σ w_k · share_k ≠ 0 in Z_q^N. The same check over the answers is
/// ⟨ρ_l, σ⟩ + τ_l, where τ_l is its value over the mask shares. The client fixed σ and every τ_l before the uniform ρ_l was drawn, so each is zero with probability
/// 1/q, independently. (Nothing is claimed for t or fewer holders: any t vectors lie on such polynomials. Corrupt holders' shares do not matter; they may send any sum.)</para>
/// <para><b>Why L = 3.</b> ρ comes from a hash, and a client that uploads last, or a server in league with it, can try entries offline: 2^64 tries are allowed for, as
/// for the neighbour graph, and 10,000 &lt; 2^14 clients are checked by one challenge. For an error of 2^-40 in a round q^L must reach 2^(40 + 64 + 14) = 2^118: with q of 50 bits two
/// challenges give 2^100 and three 2^150, that is 2^-72 for a round. A mask and an answer cost 7 bytes each, so nothing is gained by fewer.</para>
/// <para><b>Secrecy.</b> The answers of all K holders together with all that t−1 corrupt holders hold say nothing about s beyond what those t−1 shares said, which is nothing. Proof:
/// given its values at t−1 points other than 0, g_l is still uniform over a line of polynomials, independently of f; hence so is P_l = ⟨ρ_l, f⟩ + g_l given its values at these points,
/// which the corrupt holders can compute. All answers are thus distributed as fresh polynomials through known values, whatever f is. This uses each mask once: a
/// second challenge ρ' gives ⟨ρ_l − ρ'_l, s⟩ as the difference at 0, an exact linear equation of the key, and N / L of them all of it. The same holds across holders: beside t−1 corrupt ones,
/// different challenges to the K−t+1 others would give (K−t)·L equations. So a holder answers one challenge in a
/// round, durably, and only for the entry whose inclusion it has verified; which share was bad is never searched for by further questions.</para>
/// <para><b>Who is blamed.</b> With m answers, at most f of them by corrupt holders: see <see cref="ShareCheckSelection"/>. A holder named for one client is not accused by that: a client can
/// send one honest holder a bad share, and nobody who did not see it can tell.</para>
/// </remarks>
public static class ShareCheck
{
    /// <summary>L: masks in a client's vector, challenges, and answers of one holder for one client.</summary>
    public const int Challenges = 3;

    public const int DigestBytes = 32;

    private static ReadOnlySpan<byte> Label => "securefed/v1 share check\n"u8;

    /// <summary>Expands ρ_1 … ρ_L.</summary>
    /// <remarks>Key = HKDF-SHA256(digest, no salt, label ‖ l as one byte from 1), AES-256-CTR from counter 0, read by <see cref="UniformResidues"/>.</remarks>
    /// <param name="q">The field.</param>
    /// <param name="digest">32 bytes: of the log entry that fixes all uploads.</param>
    /// <param name="count">L, 1 to 255; <see cref="Challenges"/> in the protocol.</param>
    /// <param name="challenges">L·N elements, overwritten; ρ_l is the l-th stretch of N.</param>
    /// <exception cref="ArgumentException">A length does not fit.</exception>
    public static void ExpandChallenges(PrimeModulus q, ReadOnlySpan<byte> digest, int count, Span<ulong> challenges)
    {
        if (digest.Length != DigestBytes) throw new ArgumentException($"The digest has {DigestBytes} bytes.", nameof(digest));
        if (count is < 1 or > byte.MaxValue || challenges.Length % count != 0) throw new ArgumentException("Every challenge has one length.", nameof(challenges));
        Span<byte> key = stackalloc byte[32];
        int dimension = challenges.Length / count;
        for (int l = 0; l < count; l++)
        {
            HkdfSha256.DeriveKey(digest, [], [.. Label, (byte)(l + 1)], key);
            using KeyedRandomSource source = new(key);
            UniformResidues.Fill(q, source, challenges.Slice(l * dimension, dimension));
        }
    }

    /// <summary>A holder's answers for one client. Constant time in the share.</summary>
    /// <param name="q">The field.</param>
    /// <param name="challenges">L·N elements, from <see cref="ExpandChallenges"/>.</param>
    /// <param name="share">N + L elements of [0, q): the holder's share of the key, then of the masks.</param>
    /// <param name="answers">L elements; overwritten. Given away once; never for a second challenge.</param>
    /// <exception cref="ArgumentException">The lengths do not fit.</exception>
    public static void Answer(PrimeModulus q, ReadOnlySpan<ulong> challenges, ReadOnlySpan<ulong> share, Span<ulong> answers)
    {
        int dimension = share.Length - answers.Length;
        if (answers.IsEmpty || dimension < 1) throw new ArgumentException("A share has one coordinate for each of the key and one for each challenge.", nameof(share));
        if (challenges.Length != (long)answers.Length * dimension) throw new ArgumentException("There is one challenge for each answer.", nameof(challenges));
        for (int l = 0; l < answers.Length; l++)
        {
            ulong product = ResidueVector.InnerProduct(challenges.Slice(l * dimension, dimension), share[..dimension], q);
            answers[l] = q.Add(product, share[dimension + l]);
        }
    }
}
