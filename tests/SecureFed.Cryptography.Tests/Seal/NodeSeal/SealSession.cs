using System.Text.Json;
using System.Text.Json.Nodes;
using SecureFed.Cryptography.Seal;

namespace SecureFed.Cryptography.Tests.Seal.NodeSeal;

/// <summary>One parameter set inside Microsoft SEAL, with keys that SEAL drew for it.</summary>
internal sealed class SealSession
{
    private readonly SealJudge judge;
    private readonly int context;
    private readonly JsonElement keys;

    public SealSession(SealJudge judge, SealSet set)
    {
        this.judge = judge;
        Parameters = set.Create();
        Context = judge.Do("context", new JsonObject
        {
            ["degree"] = set.Degree,
            ["primes"] = new JsonArray([.. set.Primes.Select(prime => JsonValue.Create(prime.ToString(System.Globalization.CultureInfo.InvariantCulture)))]),
            ["plainModulus"] = set.PlainModulus.ToString(System.Globalization.CultureInfo.InvariantCulture),
            ["security"] = set.IsSecure ? "tc128" : "none",
        });
        Assert.True(Context.GetProperty("isSet").GetBoolean(), "Microsoft SEAL does not take the parameters.");
        context = Context.GetProperty("context").GetInt32();
        keys = judge.Do("keys", new JsonObject { ["context"] = context });
    }

    public SealParameters Parameters { get; }

    public JsonElement Context { get; }

    public byte[] SecretKey(string mode = "none") => File(keys.GetProperty("secretKey"), mode);

    public byte[] PublicKey(string mode = "none") => File(keys.GetProperty("publicKey"), mode);

    public byte[] SeededPublicKey(string mode = "none") => File(keys.GetProperty("seededPublicKey"), mode);

    /// <summary>SEAL's encryptions of a plaintext file, public-key in full and symmetric with a seed; under other keys if they are given.</summary>
    public (JsonElement Full, JsonElement Seeded) Encrypt(byte[] plaintext, byte[]? secretKey = null, byte[]? publicKey = null)
    {
        JsonElement answer = judge.Do("encrypt", Arguments(("secretKey", secretKey ?? SecretKey()), ("publicKey", publicKey ?? PublicKey()), ("plaintext", plaintext)));
        return (answer.GetProperty("full"), answer.GetProperty("seeded"));
    }

    /// <summary>What SEAL decrypts a ciphertext file to.</summary>
    public JsonElement Decrypt(byte[] ciphertext, byte[]? secretKey = null) => judge.Do("decrypt", Arguments(("secretKey", secretKey ?? SecretKey()), ("file", ciphertext)));

    public byte[] Add(params byte[][] files) => File(
        judge.Do("add", new JsonObject { ["context"] = context, ["files"] = new JsonArray([.. files.Select(file => JsonValue.Create(Convert.ToBase64String(file)))]) }),
        "file");

    /// <summary>SEAL loads the file and saves it again, in full and uncompressed.</summary>
    public JsonElement Load(string kind, byte[] file)
    {
        JsonObject arguments = Arguments(("file", file));
        arguments["kind"] = kind;
        return judge.Do("load", arguments);
    }

    public bool Loads(string kind, byte[] file)
    {
        JsonObject arguments = Arguments(("file", file));
        arguments["kind"] = kind;
        return judge.Ask("load", arguments).GetProperty("ok").GetBoolean();
    }

    public static byte[] File(JsonElement element, string property) => Convert.FromBase64String(element.GetProperty(property).GetString()!);

    private JsonObject Arguments(params (string Name, byte[] File)[] files)
    {
        JsonObject arguments = new() { ["context"] = context };
        foreach ((string name, byte[] file) in files)
            arguments[name] = Convert.ToBase64String(file);
        return arguments;
    }
}
