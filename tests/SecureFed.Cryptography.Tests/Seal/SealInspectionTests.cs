using SecureFed.Cryptography.Seal;

namespace SecureFed.Cryptography.Tests.Seal;

public sealed class SealInspectionTests
{
    [Theory]
    [MemberData(nameof(SealFiles.Readable), MemberType = typeof(SealFiles))]
    public void The_kind_follows_from_the_layout(string name, string kind)
    {
        foreach (SealParameters? parameters in new[] { null, SealFiles.Parameters })
        {
            SealInspection found = SealInspection.Inspect(SealFiles.Read(name), parameters);
            Assert.Equal(kind, found.Kind.ToString(), ignoreCase: true);
            Assert.Equal(name.Contains("seeded", StringComparison.Ordinal), found.IsSeeded);
            Assert.Equal(parameters is not null || found.Kind == SealObjectKind.Parameters, found.Parameters is not null);
            if (found.Kind == SealObjectKind.Plaintext)
                Assert.True(found.ParametersId.IsZero);
            else if (found.Kind != SealObjectKind.Parameters || parameters is not null)
                Assert.Equal(SealFiles.Parameters.KeyLevel.Id, found.ParametersId);
        }
    }

    [Fact]
    public void Changed_headers_and_fields_give_a_refusal_or_a_layout_and_nothing_else()
    {
        foreach (string name in new[] { "parameters", "plaintext-zlib", "ciphertext", "ciphertext-seeded" })
        {
            byte[] file = SealFiles.Read(name);
            for (int i = 0; i < Math.Min(file.Length, 200); i++)
            {
                byte original = file[i];
                for (int value = 0; value < 256; value += 5)
                {
                    file[i] = (byte)value;
                    Exception? thrown = Record.Exception(() => SealInspection.Inspect(file));
                    Assert.True(thrown is null or SealFormatException, $"{name}, byte {i}: {thrown}");
                }

                file[i] = original;
            }
        }
    }

    [Fact]
    public void A_file_of_no_known_layout_is_refused()
    {
        byte[] file = SealFiles.Read("ciphertext")[..89];
        System.Buffers.Binary.BinaryPrimitives.WriteUInt64LittleEndian(file.AsSpan(8), 89);
        Assert.Equal(SealErrorCodes.Metadata, Assert.Throws<SealFormatException>(() => SealInspection.Inspect(file)).Code);
    }
}
