namespace SecureFed.Cryptography.Rings;

/// <summary>The arithmetic behind <see cref="NumberTheoreticTransform"/>. The result does not depend on it.</summary>
internal enum TransformPath
{
    /// <summary>64-bit words, one butterfly at a time.</summary>
    Word,

    /// <summary>Four doubles at a time, products by fused multiply-add; q below 2^50 only. AVX2 with FMA.</summary>
    Double256,

    /// <summary>Eight 64-bit words at a time. AVX-512 with DQ.</summary>
    Word512,
}
