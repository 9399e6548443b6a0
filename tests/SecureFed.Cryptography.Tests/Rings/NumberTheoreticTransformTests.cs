using System.Buffers.Binary;
using System.Numerics;
using SecureFed.Cryptography.Randomness;
using SecureFed.Cryptography.Rings;

namespace SecureFed.Cryptography.Tests.Rings;

public class NumberTheoreticTransformTests
{
    private const ulong A1 = 0x3ffffffffc001;
    private const ulong S1 = 0x3fffffff000001;

    /// <summary>Every arithmetic that carries the modulus: words on eight lanes are emulated where the processor has none.</summary>
    public static TheoryData<ulong, int, string> Cases()
    {
        TheoryData<ulong, int, string> cases = [];
        foreach (int degree in (int[])[1024, 2048, 4096, 8192])
        {
            foreach (TransformPath path in Enum.GetValues<TransformPath>())
            {
                cases.Add(A1, degree, path.ToString());
                if (path != TransformPath.Double256) cases.Add(S1, degree, path.ToString());
            }
        }

        return cases;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Index_i_holds_the_value_at_the_root_to_the_power_of_twice_bitrev_i_plus_one(ulong q, int degree, string path)
    {
        NumberTheoreticTransform transform = Transform(q, degree, path);
        PrimeModulus modulus = transform.Modulus;
        foreach (ulong[] polynomial in Polynomials(q, degree).Take(3))
        {
            ulong[] values = [.. polynomial];
            transform.Forward(values);
            for (int i = 0; i < degree; i += 37)
            {
                ulong point = modulus.Power(transform.Root, (ulong)((2 * Reverse(i, degree)) + 1));
                ulong value = 0;
                for (int j = degree; j-- > 0;) value = modulus.Add(modulus.Multiply(value, point), polynomial[j]);
                Assert.Equal(value, values[i]);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void All_paths_give_the_words_of_the_scalar_one_both_ways_and_the_inverse_undoes(ulong q, int degree, string path)
    {
        NumberTheoreticTransform transform = Transform(q, degree, path);
        NumberTheoreticTransform scalar = Transform(q, degree, nameof(TransformPath.Word));
        foreach (ulong[] polynomial in Polynomials(q, degree))
        {
            ulong[] forward = [.. polynomial], expected = [.. polynomial];
            transform.Forward(forward);
            scalar.Forward(expected);
            Assert.Equal(expected, forward);
            transform.Inverse(forward);
            Assert.Equal(polynomial, forward);

            // The extreme inputs are extreme for the inverse as well.
            ulong[] inverse = [.. polynomial];
            expected = [.. polynomial];
            transform.Inverse(inverse);
            scalar.Inverse(expected);
            Assert.Equal(expected, inverse);
        }
    }

    [Theory]
    [InlineData(A1, nameof(TransformPath.Word))]
    [InlineData(A1, nameof(TransformPath.Double256))]
    [InlineData(A1, nameof(TransformPath.Word512))]
    [InlineData(S1, nameof(TransformPath.Word))]
    [InlineData(S1, nameof(TransformPath.Word512))]
    public void Products_of_values_are_the_negacyclic_product_of_the_schoolbook(ulong q, string path)
    {
        NumberTheoreticTransform transform = Transform(q, 1024, path);
        PrimeModulus modulus = transform.Modulus;
        ulong[][] polynomials = [.. Polynomials(q, 1024)];
        foreach ((ulong[] a, ulong[] b) in polynomials.Zip(polynomials.Skip(1)).TakeLast(3).Append((polynomials[1], polynomials[1])))
        {
            var expected = new ulong[1024];
            for (int i = 0; i < a.Length; i++)
            {
                for (int j = 0; j < b.Length; j++)
                {
                    ulong product = (ulong)((UInt128)a[i] * b[j] % q);
                    int at = (i + j) % 1024;
                    expected[at] = i + j < 1024 ? (expected[at] + product) % q : (expected[at] + q - product) % q;
                }
            }

            ulong[] x = [.. a], y = [.. b];
            transform.Forward(x);
            transform.Forward(y);
            transform.Multiply(x, y, x);
            transform.Inverse(x);
            Assert.Equal(expected, x);
            ulong[] sum = [.. a];
            ResidueVector.Add(sum, b, modulus);
            transform.Forward(sum);
            ulong[] left = [.. a];
            transform.Forward(left);
            ResidueVector.Subtract(sum, left, modulus);
            Assert.Equal(y, sum);
        }
    }

    [Theory]
    [InlineData(A1)]
    [InlineData(S1)]
    public void Pointwise_products_are_those_of_big_integers_at_the_extremes(ulong q)
    {
        using KeyedRandomSource random = Seeded.Source("products" + q);
        ulong[] factors = [0, 1, 2, q - 1, q - 2, q / 2, (q / 2) + 1, .. Words(random, 1017, q)];
        ulong[] other = [.. factors.AsEnumerable().Reverse()];
        other[3] = q - 1;
        NumberTheoreticTransform transform = new(PrimeModulus.Create(q), 1024);
        ulong[] product = new ulong[1024];
        transform.Multiply(factors, other, product);
        Assert.Equal(factors.Zip(other, (a, b) => (ulong)((BigInteger)a * b % q)), product);
        transform.Multiply(factors, factors, product);
        Assert.Equal(factors.Select(a => (ulong)((BigInteger)a * a % q)), product);
    }

    /// <summary>SEAL takes the least primitive root; another one would transform as well, and exchange no keys.</summary>
    [Theory]
    [InlineData(A1, 1024)]
    [InlineData(S1, 1024)]
    public void The_root_is_the_least_of_its_order(ulong q, int degree)
    {
        PrimeModulus modulus = PrimeModulus.Create(q);
        ulong root = new NumberTheoreticTransform(modulus, degree).Root;
        Assert.Equal(q - 1, (ulong)BigInteger.ModPow(root, degree, q));
        BigInteger power = root;
        for (int i = 1; i < degree; i++)
        {
            power = power * root * root % q;
            Assert.True(power > root);
        }
    }

    [Fact]
    public void Sums_and_differences_reduce_at_every_position()
    {
        PrimeModulus modulus = PrimeModulus.Create((1UL << 62) - 57);
        ulong q = modulus.Value;
        using KeyedRandomSource random = Seeded.Source("residues");
        for (int length = 0; length < 20; length++)
        {
            ulong[] a = [.. Words(random, length, q)], b = [.. Words(random, length, q)];
            if (length > 2) (a[0], b[0], a[^1], b[^1], a[1], b[1]) = (q - 1, q - 1, 0, q - 1, q - 1, 1);
            ulong[] sum = [.. a];
            ResidueVector.Add(sum, b, modulus);
            Assert.Equal(a.Zip(b, (x, y) => (ulong)(((UInt128)x + y) % q)), sum);
            ResidueVector.Subtract(sum, b, modulus);
            Assert.Equal(a, sum);
        }

        Assert.Throws<ArgumentException>(() => ResidueVector.Add(new ulong[2], new ulong[3], modulus));
        Assert.Throws<ArgumentException>(() => ResidueVector.Subtract(new ulong[3], new ulong[2], modulus));
    }

    [Fact]
    public void A_transform_allocates_nothing()
    {
        NumberTheoreticTransform transform = new(PrimeModulus.Create(A1), 2048);
        ulong[] words = new ulong[2048];
        transform.Forward(words);
        long before = GC.GetAllocatedBytesForCurrentThread();
        transform.Forward(words);
        transform.Multiply(words, words, words);
        transform.Inverse(words);
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    [Fact]
    public void Degrees_and_moduli_that_have_no_transform_are_refused()
    {
        PrimeModulus modulus = PrimeModulus.Create(A1);
        Assert.Throws<ArgumentOutOfRangeException>(() => new NumberTheoreticTransform(modulus, 512));
        Assert.Throws<ArgumentOutOfRangeException>(() => new NumberTheoreticTransform(modulus, 3000));
        Assert.Throws<ArgumentOutOfRangeException>(() => new NumberTheoreticTransform(modulus, 16384));
        Assert.Throws<ArgumentOutOfRangeException>(() => new NumberTheoreticTransform(PrimeModulus.Create(12289), 8192));
        Assert.Throws<ArgumentOutOfRangeException>(() => new NumberTheoreticTransform(PrimeModulus.Create(S1), 2048, TransformPath.Double256));
        Assert.Throws<ArgumentException>(() => new NumberTheoreticTransform(modulus, 1024).Forward(new ulong[1023]));
        Assert.Throws<ArgumentException>(() => new NumberTheoreticTransform(modulus, 1024).Inverse(new ulong[2048]));
    }

    private static NumberTheoreticTransform Transform(ulong q, int degree, string path) => new(PrimeModulus.Create(q), degree, Enum.Parse<TransformPath>(path));

    /// <summary>All zero, all q − 1, all about q/2, alternating extremes, one word only, random.</summary>
    private static IEnumerable<ulong[]> Polynomials(ulong q, int degree)
    {
        using KeyedRandomSource random = Seeded.Source($"polynomials {q} {degree}");
        yield return [.. Words(random, degree, q)];
        yield return [.. Enumerable.Repeat(q - 1, degree)];
        yield return [.. Enumerable.Range(0, degree).Select(i => (i & 1) == 0 ? 0 : q - 1)];
        yield return new ulong[degree];
        yield return [.. Enumerable.Repeat(q / 2, degree)];
        yield return [.. Enumerable.Range(0, degree).Select(i => i < degree / 2 ? q - 1 : 0)];
        yield return [.. Enumerable.Range(0, degree).Select(i => i == degree - 1 ? q - 1 : 0)];
        yield return [.. Enumerable.Range(0, degree).Select(i => (q / 2) + (ulong)(i & 1))];
        for (int i = 0; i < 4; i++) yield return [.. Words(random, degree, q)];
    }

    private static IEnumerable<ulong> Words(KeyedRandomSource random, int count, ulong q)
    {
        byte[] bytes = random.Bytes(count * sizeof(ulong));
        return Enumerable.Range(0, count).Select(i => BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan(i * sizeof(ulong))) % q);
    }

    private static int Reverse(int index, int degree)
    {
        int reversed = 0;
        for (int bit = 1; bit < degree; bit <<= 1) reversed = (reversed << 1) | ((index & bit) != 0 ? 1 : 0);
        return reversed;
    }
}
