using SecureFed.Cryptography.Rings;
using SecureFed.Cryptography.Seal;

namespace SecureFed.Cryptography.Bfv;

/// <summary>The running sum of single-key ciphertexts, one polynomial of values each.</summary>
/// <remarks>Not thread safe.</remarks>
public sealed class SingleKeySum
{
    private readonly ulong[] words;

    /// <param name="parameters">Of a single key; they bound how many ciphertexts are added.</param>
    /// <exception cref="ArgumentException">The set is for one-time keys.</exception>
    public SingleKeySum(BfvParameters parameters)
    {
        if (parameters.Set.Keys != BfvKeys.Single) throw new ArgumentException($"{parameters.Set} is for one-time keys; single keys use {BfvSet.S1} or {BfvSet.S2}.", nameof(parameters));
        Parameters = parameters;
        SealParameters = parameters.Set.ToSeal(parameters.PlainBits);
        words = new ulong[2 * parameters.Set.Degree];
    }

    public BfvParameters Parameters { get; }

    /// <summary>What terms and sum are under.</summary>
    public SealParameters SealParameters { get; }

    /// <summary>Ciphertexts in the sum.</summary>
    public int Clients { get; private set; }

    /// <summary>Adds one ciphertext, in place.</summary>
    /// <exception cref="ArgumentException">It is under other parameters.</exception>
    /// <exception cref="InvalidOperationException">The sum is full.</exception>
    public void Add(SealCiphertext term)
    {
        if (term.Parameters.KeyLevel.Id != SealParameters.KeyLevel.Id) throw new ArgumentException("The ciphertext is under other parameters.", nameof(term));
        if (Clients == Parameters.Clients) throw new InvalidOperationException($"These parameters carry {Parameters.Clients} ciphertexts.");
        int degree = Parameters.Set.Degree;
        ResidueVector.Add(words.AsSpan(0, degree), term.First, Parameters.Set.Modulus);
        ResidueVector.Add(words.AsSpan(degree), term.Second, Parameters.Set.Modulus);
        Clients++;
    }

    /// <summary>The sum so far, which any holder of the key, SEAL too, decrypts.</summary>
    /// <exception cref="InvalidOperationException">Nothing has been added.</exception>
    /// <exception cref="SealFormatException">The second components cancel: one sender sent the negative of others'.</exception>
    public SealCiphertext ToCiphertext()
    {
        if (Clients == 0) throw new InvalidOperationException("No ciphertext has been added.");
        return words.AsSpan(Parameters.Set.Degree).ContainsAnyExcept(0UL)
            ? SealCiphertext.Create(SealParameters, words)
            : throw SealFormatException.Transparent("The second components of the terms cancel, so the sum hides nothing.");
    }
}
