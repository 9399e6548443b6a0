using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using SecureFed.Protocol.Errors;

namespace SecureFed.Client.Http;

/// <summary>Connections over TLS 1.3 to a server whose certificate key is pinned, or is trusted by the platform if none is.</summary>
public static class PinnedHandler
{
    /// <param name="certificatePin">SHA-256 of the subject public key info, 64 hexadecimal digits; null for the platform's chain validation.</param>
    /// <exception cref="SecureFedException">The pin is malformed.</exception>
    public static SocketsHttpHandler Create(string? certificatePin)
    {
        RequireWellFormed(certificatePin);
        SocketsHttpHandler handler = new() { PooledConnectionLifetime = TimeSpan.FromMinutes(10), AllowAutoRedirect = false };
        handler.SslOptions.EnabledSslProtocols = SslProtocols.Tls13;
        if (certificatePin is not null)
        {
            byte[] pin = Convert.FromHexString(certificatePin);
            handler.SslOptions.RemoteCertificateValidationCallback = (_, certificate, _, _) => Matches(certificate, pin);
        }

        return handler;
    }

    /// <summary>The pin of a certificate.</summary>
    public static string PinOf(X509Certificate2 certificate) =>
        Convert.ToHexStringLower(SHA256.HashData(certificate.PublicKey.ExportSubjectPublicKeyInfo()));

    internal static void RequireWellFormed(string? certificatePin)
    {
        if (certificatePin is not null && (certificatePin.Length != 2 * SHA256.HashSizeInBytes || !certificatePin.All(char.IsAsciiHexDigit)))
            throw new SecureFedException(ErrorCodes.InvalidConfiguration, "The certificate pin is not 64 hexadecimal digits. Copy it from the server's start message.");
    }

    private static bool Matches(X509Certificate? certificate, byte[] pin) =>
        certificate is X509Certificate2 presented
        && CryptographicOperations.FixedTimeEquals(SHA256.HashData(presented.PublicKey.ExportSubjectPublicKeyInfo()), pin);
}
