using System.Text.Json;
using SecureFed.Cryptography.Keys;

namespace SecureFed.Cryptography.Tests.Keys;

public sealed class P256Tests
{
    [Theory]
    [InlineData("ecdh-p256-cavs.json")]
    [InlineData("ecdh-p256-wycheproof.json")]
    public void Published_points_are_valid(string file)
    {
        foreach (JsonElement c in Vector.Cases(file, "cases")) Assert.True(P256.IsValidPublicKey(c.Bytes("public")), c.Text("comment"));
    }

    [Theory]
    [InlineData("ecdh-p256-cavs.json")]
    [InlineData("ecdh-p256-wycheproof.json")]
    public void Points_off_the_curve_and_other_encodings_are_not(string file)
    {
        foreach (JsonElement c in Vector.Cases(file, "bad_cases")) Assert.False(P256.IsValidPublicKey(c.Bytes("public")), c.Text("comment"));
    }

    [Fact]
    public void A_point_is_valid_with_a_small_X_but_not_with_that_X_plus_p()
    {
        // The bad case "X + p for a valid X" is this point again, so it fails for its encoding and nothing else.
        Assert.True(P256.IsValidPublicKey(Vector.Open("ecdh-p256-cavs.json").Bytes("small_x_point")));
    }
}
