using SecureFed.Cryptography.Keys;
using SecureFed.Protocol.Encryption;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Tests.Encryption;

/// <summary>A key holder without its shell.</summary>
internal sealed class HoldingParty(Identifier id, SigningKey key)
{
    public Identifier Id { get; } = id;

    public SigningKey Key { get; } = key;

    public HolderContext Context { get; set; } = null!;

    public KeyHolder Role { get; set; } = null!;

    /// <summary>Forgets everything but the saved state.</summary>
    public void Restart()
    {
        byte[] saved = Role.Encode();
        Role.Dispose();
        KeyHolder? restored = KeyHolder.Restore(Context, saved);
        Assert.NotNull(restored);
        Assert.Equal(saved, restored.Encode());
        Role = restored;
    }

    /// <summary>The step is refused with that code and changes nothing.</summary>
    public void Refuses(string code, Func<KeyHolder, HolderStep> step)
    {
        byte[] before = Role.Encode();
        HolderStep result = step(Role);
        Assert.Null(result.Message);
        Assert.Equal(code, result.Refusal?.Code);
        Assert.Equal(before, Role.Encode());
    }

    /// <inheritdoc cref="Refuses(string, Func{KeyHolder, HolderStep})"/>
    public void Refuses(string code, Func<KeyHolder, RoundRejection?> step) => Refuses(code, role => new HolderStep(null, step(role)));
}
