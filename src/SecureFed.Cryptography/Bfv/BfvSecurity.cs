namespace SecureFed.Cryptography.Bfv;

/// <summary>Why the parameter sets are thought to be safe, in words that a parameter page can print, and who says so.</summary>
public static class BfvSecurity
{
    /// <summary>For <see cref="BfvKeys.OneTime"/>: the hint-LWE argument, one paragraph per step.</summary>
    public static IReadOnlyList<string> OneTimeKeys { get; } =
    [
        "What the server sees: from every client i the ciphertexts c_ij = -(a_j*s_i + e_ij) + delta*m_ij, rounded, and for one signed list of clients the sum of their keys S. "
            + "Decoding the sum gives the sum of the errors, too. No client's key or error is given out by itself, and each key serves one update.",
        "Two honest clients: given s_1 + s_2, the key s_1 is still discrete Gaussian around the known centre (s_1 + s_2)/2, with width sigma/sqrt(2) = 3.25; so are the errors. "
            + "c_1 is therefore an RLWE sample of width 3.25, and c_2 is what the sum leaves over (hint-LWE: LWE with noisy linear hints about secret and error). "
            + "Whoever cannot tell it from uniform learns of m_1 and m_2 their sum and nothing else.",
        "More honest clients: a hybrid argument pairs each with one fixed other. If the server chooses the list after the uploads, the pair has to be guessed: "
            + "the advantage grows by at most a factor n^2, 2^27 at n = 10,000. It needs two honest clients in the list at least.",
        "What is proven and what is not: the reduction of Kim et al. 2023 starts from RLWE of width sigma/2 = 2.3; that width 3.25 is as hard as RLWE of width 3.25 is the usual heuristic.",
        "How hard that is: log2 q = 50 lies below the tables' limits for 128 bits at N = 2048 (see the sets). Own estimates by the uSVP rule for the primal attack: width 3.25 about 2^147 operations "
            + "(core-SVP 116 bits classical, 102 quantum), width 2.3 about 2^144. More polynomials give no better attack: the best uses fewer samples than two of them hold.",
        "What it does not cover: a client that departs from the scheme can shift the sum or spoil the round, not read another's update. Shares of keys travel to the key holders under P-256, "
            + "so the mode as a whole claims no post-quantum security.",
    ];

    /// <summary>For <see cref="BfvKeys.Single"/>.</summary>
    public static IReadOnlyList<string> SingleKey { get; } =
    [
        "Plain RLWE with a ternary secret and errors of variance 10.5: what Microsoft SEAL does, at a q that its own table admits for 128 bits at N = 2048.",
        "It protects against a curious server only, and only if every sender encrypts as it should: one malformed ciphertext from a sender who later sees the sum reads the secret key out of it. "
            + "Draw a key for one round; prefer A1.",
    ];

    /// <summary>Authors, title, place.</summary>
    public static IReadOnlyList<string> References { get; } =
    [
        "Fan, Vercauteren: Somewhat Practical Fully Homomorphic Encryption. eprint 2012/144",
        "Albrecht et al.: Homomorphic Encryption Security Standard. HomomorphicEncryption.org, November 2018",
        "Bossuat et al.: Security Guidelines for Implementing Homomorphic Encryption. eprint 2024/463",
        "Kim, Lee, Seo, Song: Toward Practical Lattice-based Proof of Knowledge from Hint-MLWE. CRYPTO 2023",
        "Mera, Karmakar, Marc, Soleimanian: Efficient Lattice-Based Inner-Product Functional Encryption. PKC 2022 (hint-LWE)",
        "Alkim, Ducas, Poeppelmann, Schwabe: Post-quantum Key Exchange, A New Hope. USENIX Security 2016 (uSVP rule, core-SVP)",
        "Willow, eprint 2024/936; OPA, eprint 2024/723; LERNA, eprint 2023/1936: other secure aggregation with one-time RLWE keys",
    ];
}
