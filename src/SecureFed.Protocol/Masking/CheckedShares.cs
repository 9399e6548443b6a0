using System.Security.Cryptography;
using SecureFed.Cryptography.Sharing;

namespace SecureFed.Protocol.Masking;

/// <summary>The released shares of one secret that its owner has committed to. Zeroed on dispose.</summary>
/// <remarks>
/// The first t shares usually give the secret. If they do not, the decoder finds any floor((m - t) / 2) wrong ones among m. If that does not help, windows of t
/// shares, which wrap around, find up to m - t wrong ones that stand together: in particular a single one with one share more than t, where the decoder
/// corrects none. Only the commitment decides, so no number of liars can pass another secret off.
/// </remarks>
internal sealed class CheckedShares : IDisposable
{
    private const int ShareBytes = ShamirSecretSharing.ShareBytes;

    private readonly int[] points;
    private readonly byte[] shares;
    private readonly byte[] window;
    private readonly int threshold;
    private readonly SecretCheck isGenuine;

    /// <param name="points">Point of each share, distinct.</param>
    /// <param name="shares">At least t of <see cref="ShamirSecretSharing.ShareBytes"/> bytes.</param>
    /// <param name="threshold">t.</param>
    /// <param name="isGenuine">Whether a secret is the one that was committed to.</param>
    public CheckedShares(int[] points, IReadOnlyList<ReadOnlyMemory<byte>> shares, int threshold, SecretCheck isGenuine)
    {
        this.points = points;
        this.threshold = threshold;
        this.isGenuine = isGenuine;
        this.shares = new byte[shares.Count * ShareBytes];
        window = new byte[threshold * ShareBytes];
        for (int i = 0; i < shares.Count; i++)
            shares[i].Span.CopyTo(this.shares.AsSpan(i * ShareBytes));
    }

    /// <summary>Whether a secret is the one that was committed to.</summary>
    public delegate bool SecretCheck(ReadOnlySpan<byte> secret);

    /// <param name="secret">32 bytes; overwritten, meaningless after a failure.</param>
    /// <param name="isWrong">One place per share; after a success true where a share does not lie on the secret's polynomial, as far as that was looked at:
    /// surplus shares are not compared while the first t are right.</param>
    public bool TryRecover(Span<byte> secret, Span<bool> isWrong)
    {
        isWrong.Clear();
        if (TryWindow(0, secret))
            return true;
        if (points.Length == threshold)
            return false;
        bool isDecoded = ShareErrorCorrection.TryCombine(points, shares, threshold, secret, isWrong);
        if (isDecoded && isGenuine(secret))
            return true;
        // All shares on one polynomial, but not on that of the commitment: no choice among them helps.
        bool isOnePolynomial = isDecoded && !isWrong.Contains(true);
        for (int start = 1; start < points.Length && !isOnePolynomial; start++)
        {
            if (!TryWindow(start, secret))
                continue;
            FindWrong(start, secret, isWrong);
            return true;
        }

        return false;
    }

    public void Dispose()
    {
        CryptographicOperations.ZeroMemory(shares);
        CryptographicOperations.ZeroMemory(window);
    }

    private bool TryWindow(int start, Span<byte> secret) => TryCombine(start, start, secret) && isGenuine(secret);

    /// <summary>Compares all shares with the polynomial of a window that gave the secret.</summary>
    /// <remarks>A share is right exactly if it gives the same secret in the place of the window's first one: two polynomials of degree below t that agree in the
    /// t - 1 other shares and at 0 are one.</remarks>
    private void FindWrong(int start, ReadOnlySpan<byte> secret, Span<bool> isWrong)
    {
        Span<byte> other = stackalloc byte[ShamirSecretSharing.SecretBytes];
        isWrong.Clear();
        for (int i = threshold; i < points.Length; i++)
            isWrong[(start + i) % points.Length] = !(TryCombine(start + i, start, other) && CryptographicOperations.FixedTimeEquals(other, secret));
        CryptographicOperations.ZeroMemory(other);
    }

    /// <summary>What one share and the t - 1 that follow <paramref name="start"/> give.</summary>
    private bool TryCombine(int first, int start, Span<byte> secret)
    {
        int[] chosen = new int[threshold];
        for (int i = 0; i < threshold; i++)
        {
            int place = (i == 0 ? first : start + i) % points.Length;
            chosen[i] = points[place];
            shares.AsSpan(place * ShareBytes, ShareBytes).CopyTo(window.AsSpan(i * ShareBytes));
        }

        return ShamirSecretSharing.TryCombine(chosen, window, secret);
    }
}
