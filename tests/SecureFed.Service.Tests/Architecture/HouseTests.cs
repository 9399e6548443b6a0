using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using System.Xml.Linq;
using SecureFed.Cryptography.Bfv;
using SecureFed.Privacy.Updates;
using SecureFed.Protocol.Encryption;
using SecureFed.Protocol.Masking;
using SecureFed.Service.Tests.Consortium;

namespace SecureFed.Service.Tests.Architecture;

/// <summary>The house of DESIGN section 7: who may know whom, and what the pure projects must not touch.</summary>
public class HouseTests
{
    private static readonly Dictionary<string, string[]> Direction = new(StringComparer.Ordinal)
    {
        ["SecureFed.Cryptography"] = [],
        ["SecureFed.Privacy"] = ["SecureFed.Cryptography"],
        ["SecureFed.Protocol"] = ["SecureFed.Cryptography", "SecureFed.Privacy"],
        ["SecureFed.Learning"] = [],
        ["SecureFed.Client"] = ["SecureFed.Cryptography", "SecureFed.Learning", "SecureFed.Privacy", "SecureFed.Protocol"],
        ["SecureFed.Server"] = ["SecureFed.Cryptography", "SecureFed.Learning", "SecureFed.Privacy", "SecureFed.Protocol"],
        ["securefed"] = ["SecureFed.Client", "SecureFed.Cryptography", "SecureFed.Learning", "SecureFed.Privacy", "SecureFed.Protocol", "SecureFed.Server"],
    };

    /// <summary>Built by hand where the package is that they need; not in the solution, and nothing in it refers to them.</summary>
    private static readonly Dictionary<string, string[]> OutsideTheSolution = new(StringComparer.Ordinal)
    {
        ["SecureFed.SealNet"] = ["SecureFed.Client", "SecureFed.Cryptography", "SecureFed.Protocol"],
    };

    private static readonly string[] Pure = ["SecureFed.Cryptography", "SecureFed.Privacy", "SecureFed.Protocol", "SecureFed.Learning"];

    private static readonly string[] Impure =
    [
        "System.IO.File", "System.IO.Directory", "System.IO.Path", "System.IO.RandomAccess", "System.IO.StreamWriter", "System.IO.Pipes.", "System.IO.FileSystem",
        "System.Net.", "System.Threading.Tasks.", "System.Threading.Thread", "System.Threading.Timer", "System.Threading.PeriodicTimer", "System.TimeProvider",
        "System.Environment", "System.Random", "System.Console", "System.Diagnostics.Process", "System.Diagnostics.Stopwatch",
        "System.Security.Cryptography.RandomNumberGenerator", "Microsoft.Extensions.", "Microsoft.AspNetCore.",
    ];

    private static readonly string[] TopLevel =
    [
        ".ci", ".editorconfig", ".gitattributes", ".gitignore", "CHANGELOG.md", "Directory.Build.props", "Directory.Packages.props", "LICENSE", "README.md",
        "SECURITY.md", "SecureFed.sln", "keys-sample", "src", "tests", "threat-model.md",
    ];

    public static TheoryData<string> Assemblies() => [.. Direction.Keys];

    public static TheoryData<string> PureAssemblies() => [.. Pure];

    [Theory]
    [MemberData(nameof(Assemblies))]
    public void An_assembly_refers_only_to_those_that_it_may_know(string assembly)
    {
        string[] known = [.. Assembly.Load(assembly).GetReferencedAssemblies().Select(r => r.Name!).Where(n => n.StartsWith("SecureFed.", StringComparison.OrdinalIgnoreCase) || n == "securefed")];
        Assert.Empty(known.Except(Direction[assembly], StringComparer.Ordinal));
    }

    [Fact]
    public void A_project_refers_only_to_those_that_it_may_know()
    {
        Assert.Equal(Direction.Count + OutsideTheSolution.Count, Repository.SourceProjects.Length);
        foreach (string project in Repository.SourceProjects)
        {
            XDocument file = XDocument.Load(project);
            string name = file.Descendants("AssemblyName").SingleOrDefault()?.Value ?? Path.GetFileNameWithoutExtension(project);
            string[] references = [.. file.Descendants("ProjectReference").Select(r => Path.GetFileNameWithoutExtension(r.Attribute("Include")!.Value))];
            Assert.Empty(references.Except(Direction.GetValueOrDefault(name) ?? OutsideTheSolution[name], StringComparer.Ordinal));
            Assert.Equal(Pure.Contains(name), file.Descendants("IsPureProject").Any());
            if (Pure.Contains(name))
                Assert.Empty(file.Descendants("FrameworkReference"));
        }
    }

    /// <summary>So a build and its tests never ask for a package that most cannot restore.</summary>
    [Fact]
    public void The_solution_has_every_project_but_those_of_the_native_engine()
    {
        string solution = File.ReadAllText(Path.Combine(Repository.Root, "SecureFed.sln"));
        string[] projects = [.. Repository.SourceProjects, .. Directory.GetFiles(Path.Combine(Repository.Root, "tests"), "*.csproj", SearchOption.AllDirectories)];
        string[] outside = [.. projects.Where(p => !solution.Contains(Path.GetFileName(p), StringComparison.Ordinal)).Select(p => Path.GetFileNameWithoutExtension(p))];
        Assert.Equal([.. OutsideTheSolution.Keys.SelectMany(p => new[] { p, $"{p}.Tests" })], outside);
        Assert.DoesNotContain("SEALNet", File.ReadAllText(Path.Combine(Repository.Root, "Directory.Packages.props")), StringComparison.OrdinalIgnoreCase);
    }

    [Theory]
    [MemberData(nameof(PureAssemblies))]
    public void A_pure_assembly_uses_no_socket_file_clock_task_or_ambient_randomness(string assembly)
    {
        string[] used = [.. TypesUsedBy(assembly).Where(type => Impure.Any(i => i.EndsWith('.') ? type.StartsWith(i, StringComparison.Ordinal) : type == i || (i.StartsWith("System.IO.", StringComparison.Ordinal) && type.StartsWith(i, StringComparison.Ordinal))))];
        string[] allowed = assembly == "SecureFed.Cryptography" ? ["System.Security.Cryptography.RandomNumberGenerator"] : [];
        Assert.Equal(allowed, used);
    }

    [Fact]
    public void The_search_finds_what_an_impure_assembly_uses()
    {
        Assert.Contains("System.Threading.Tasks.Task", TypesUsedBy("SecureFed.Client"));
        Assert.Contains("System.IO.File", TypesUsedBy("SecureFed.Client"));
        Assert.Contains("System.TimeProvider", TypesUsedBy("SecureFed.Server"));
    }

    /// <summary>An engine under a single key may be native code: it is called by the one class that hands it what our parser has read, and by nobody else.</summary>
    [Fact]
    public void No_assembly_calls_a_single_key_engine_itself()
    {
        Assert.All(Direction.Keys.Except(["SecureFed.Cryptography"]), assembly => Assert.Empty(MembersUsedBy(assembly, nameof(ISingleKeyEngine))));
        Assert.Equal(["Decrypt", "DrawKeys", "Encrypt"], MembersUsedBy("SecureFed.Protocol", nameof(CheckedSingleKeyEngine)).Intersect(typeof(ISingleKeyEngine).GetMethods().Select(m => m.Name)));
    }

    [Fact]
    public void The_platforms_randomness_enters_through_one_door()
    {
        string[] files = [.. Directory.GetFiles(Path.Combine(Repository.Root, "src"), "*.cs", SearchOption.AllDirectories)
            .Where(f => !f.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}", StringComparison.Ordinal))
            .Where(f => File.ReadAllText(f).Contains("RandomNumberGenerator.", StringComparison.Ordinal))
            .Select(f => Path.GetFileName(f))];
        Assert.Equal(["OperatingSystemRandomSource.cs"], files);
    }

    [Fact]
    public void Only_a_masked_or_encrypted_update_can_be_sent_as_an_upload()
    {
        Type transport = typeof(SecureFed.Client.SecureFedClient).Assembly.GetType("SecureFed.Client.Rounds.RoundTransport", throwOnError: true)!;
        MethodInfo[] sends = [.. transport.GetMethods().Where(m => m.Name == "SendUploadAsync")];
        Assert.Equal([typeof(EncryptedUpdate), typeof(MaskedUpdate)], sends.Select(m => m.GetParameters()[0].ParameterType).OrderBy(t => t.Name, StringComparer.Ordinal));
        Assert.All(sends, send => Assert.Equal([typeof(CancellationToken)], send.GetParameters().Skip(1).Select(p => p.ParameterType)));

        Type[] stages = [typeof(ModelUpdate), typeof(ClippedUpdate), typeof(QuantizedUpdate), typeof(NoisedUpdate), typeof(MaskedUpdate), typeof(EncryptedUpdate)];
        Assert.All(stages, stage => Assert.Empty(stage.GetConstructors()));
        Assert.All(stages, stage => Assert.True(stage.IsSealed));
        Assert.Equal([typeof(QuantizedUpdate)], typeof(INoiseMechanism).GetMethod("Add")!.GetParameters().Select(p => p.ParameterType));
        Assert.Equal([typeof(ClippedUpdate)], typeof(Quantizer).GetMethod("Quantize")!.GetParameters().Select(p => p.ParameterType));
        Assert.Equal([typeof(ModelUpdate)], typeof(Clipper).GetMethod("Clip")!.GetParameters().Select(p => p.ParameterType));
        Assert.Contains(typeof(NoisedUpdate), typeof(MaskingClient).GetMethod("OnDealers")!.GetParameters().Select(p => p.ParameterType));
        Assert.Contains(typeof(NoisedUpdate), typeof(EncryptionClient).GetMethod("Encrypt")!.GetParameters().Select(p => p.ParameterType));

        // The numbers of an update never leave its type: no public member of a stage gives them back but the client's own integers.
        Assert.All(new[] { typeof(ModelUpdate), typeof(ClippedUpdate) }, stage => Assert.DoesNotContain("Values", stage.GetProperties().Select(p => p.Name)));
    }

    [Fact]
    public void The_top_level_holds_only_the_agreed_names()
    {
        string[] ignored = [".git", ".vs", ".idea", "TestResults"];
        string[] present = [.. Directory.GetFileSystemEntries(Repository.Root).Select(e => Path.GetFileName(e)!).Except(ignored, StringComparer.Ordinal)];
        Assert.Empty(present.Except(TopLevel, StringComparer.Ordinal));
        Assert.Contains("SecureFed.sln", present);
        string[] folders = [.. Repository.SourceProjects.Select(p => Path.GetFileName(Path.GetDirectoryName(p))!), "Shared"];
        Assert.Equal(folders.Order(StringComparer.Ordinal), Directory.GetDirectories(Path.Combine(Repository.Root, "src")).Select(d => Path.GetFileName(d)!).Order(StringComparer.Ordinal));
    }

    /// <summary>What the compiler writes into every iterator: Environment.CurrentManagedThreadId and nothing else of Environment.</summary>
    private static bool IsIteratorsThreadNumber(MetadataReader metadata, TypeReferenceHandle handle)
    {
        string[] members = [.. metadata.MemberReferences.Select(metadata.GetMemberReference).Where(m => m.Parent == handle).Select(m => metadata.GetString(m.Name))];
        return metadata.GetString(metadata.GetTypeReference(handle).Name) == nameof(Environment) && members is ["get_CurrentManagedThreadId"];
    }

    private static string[] MembersUsedBy(string assembly, string type)
    {
        using FileStream file = File.OpenRead(Path.Combine(AppContext.BaseDirectory, assembly + ".dll"));
        using PEReader image = new(file);
        MetadataReader metadata = image.GetMetadataReader();
        return [.. metadata.MemberReferences
            .Select(metadata.GetMemberReference)
            .Where(m => m.Parent.Kind == HandleKind.TypeReference && metadata.GetString(metadata.GetTypeReference((TypeReferenceHandle)m.Parent).Name) == type)
            .Select(m => metadata.GetString(m.Name))
            .Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
    }

    private static string[] TypesUsedBy(string assembly)
    {
        using FileStream file = File.OpenRead(Path.Combine(AppContext.BaseDirectory, assembly + ".dll"));
        using PEReader image = new(file);
        MetadataReader metadata = image.GetMetadataReader();
        return [.. metadata.TypeReferences
            .Where(handle => !IsIteratorsThreadNumber(metadata, handle))
            .Select(metadata.GetTypeReference)
            .Select(type => $"{metadata.GetString(type.Namespace)}.{metadata.GetString(type.Name).Split('`')[0]}")
            .Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
    }
}
