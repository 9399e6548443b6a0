using Npgsql;
using SecureFed.Server.Storage;

namespace SecureFed.Service.Tests.Storage;

public sealed class PostgresAddressTests
{
    [Theory]
    [InlineData("postgres://u:p@db.example:6000/log", "db.example:6000/log", SslMode.Require)]
    [InlineData("postgresql://u@db.example/log?sslmode=verify-full", "db.example:5432/log", SslMode.VerifyFull)]
    [InlineData("postgres://u@db.example/log?sslmode=disable", "db.example:5432/log", SslMode.Disable)]
    [InlineData("postgres://u@localhost/log", "localhost:5432/log", SslMode.Prefer)]
    [InlineData("postgres://u@127.0.0.2/log", "127.0.0.2:5432/log", SslMode.Prefer)]
    [InlineData("postgres://u@[::1]:7/log", "::1:7/log", SslMode.Prefer)]
    [InlineData("postgres://u@[2001:db8::1]/log", "2001:db8::1:5432/log", SslMode.Require)]
    [InlineData("postgres://u@/log?host=/run/postgresql", "/run/postgresql:5432/log", SslMode.Disable)]
    [InlineData("postgres://u@localhost.example.org/log", "localhost.example.org:5432/log", SslMode.Require)]
    public void An_address_is_understood_and_a_remote_one_demands_TLS(string text, string place, SslMode sslMode)
    {
        PostgresAddress address = PostgresAddress.Parse(text);
        Assert.Equal(place, address.ToString());
        Assert.Equal(sslMode, address.SslMode);
    }

    [Fact]
    public void Names_and_password_are_unescaped()
    {
        NpgsqlConnectionStringBuilder settings = new(PostgresAddress.Parse("postgres://us%40er:p%3A%2F%3B%25@db.example/l%20og?sslrootcert=%2Fetc%2Froot.pem&sslmode=verify-ca").ConnectionString);
        Assert.Equal(("us@er", "p:/;%", "l og", "/etc/root.pem"), (settings.Username, settings.Password, settings.Database, settings.RootCertificate));
    }

    [Theory]
    [InlineData("")]
    [InlineData("sqlite:hidden")]
    [InlineData("mysql://u:hidden@h/d")]
    [InlineData("postgres://h/d")]
    [InlineData("postgres://:hidden@h/d")]
    [InlineData("postgres://u:hidden@h")]
    [InlineData("postgres://u:hidden@h/")]
    [InlineData("postgres://u:hidden@/d")]
    [InlineData("postgres://u:hidden@h/d/e")]
    [InlineData("postgres://u:hidden@x@h/d")]
    [InlineData("postgres://u:hidden:x@h/d")]
    [InlineData("postgres://u:hid/den@h/d")]
    [InlineData("postgres://u:hidden?x@h/d")]
    [InlineData("postgres://u:hidden@h/d#f")]
    [InlineData("postgres://u:hidden%@h/d")]
    [InlineData("postgres://u:hidden%zz@h/d")]
    [InlineData("postgres://u:hidden@h:0/d")]
    [InlineData("postgres://u:hidden@h:65536/d")]
    [InlineData("postgres://u:hidden@h:/d")]
    [InlineData("postgres://u:hidden@::1/d")]
    [InlineData("postgres://u:hidden@[::1/d")]
    [InlineData("postgres://u:hidden@h/d?sslmode=prefer")]
    [InlineData("postgres://u:hidden@h/d?sslmode=allow")]
    [InlineData("postgres://u:hidden@h/d?sslmode=Require")]
    [InlineData("postgres://u:hidden@h/d?sslmode=require&sslmode=disable")]
    [InlineData("postgres://u:hidden@h/d?ssl_mode=require")]
    [InlineData("postgres://u:hidden@h/d?host=/run/postgresql")]
    [InlineData("postgres://u:hidden@/d?host=relative")]
    public void Anything_else_is_refused_without_showing_it(string text)
    {
        StorageException refused = Assert.Throws<StorageException>(() => PostgresAddress.Parse(text));
        Assert.DoesNotContain("hid", refused.Message, StringComparison.Ordinal);
        Assert.Contains("postgres://USER:PASSWORD@HOST", refused.Message, StringComparison.Ordinal);
    }
}
