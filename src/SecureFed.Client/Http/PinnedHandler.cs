using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace SecureFed.Client.Http;

/// <summary>Connections over TLS 1.3 to a server whose certificate key is pinned, or is trusted by the platform if none is.</summary>
public static class PinnedHandler
{
    /// <param name="certificatePin">SHA-256 of the subject public key info, 64 hexadecimal digits; null for the platform's chain validation.</param>
    public static SocketsHttpHandler Create(string? certificatePin)
    {
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

    private static bool Matches(X509Certificate? certificate, byte[] pin) =>
        certificate is X509Certificate2 presented
        && CryptographicOperations.FixedTimeEquals(SHA256.HashData(presented.PublicKey.ExportSubjectPublicKeyInfo()), pin);
}
