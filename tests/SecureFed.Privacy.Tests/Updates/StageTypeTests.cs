using System.Reflection;
using SecureFed.Privacy.Updates;

namespace SecureFed.Privacy.Tests.Updates;

/// <summary>ModelUpdate → ClippedUpdate → QuantizedUpdate → NoisedUpdate: outside the assembly skipping a stage does not compile.</summary>
public sealed class StageTypeTests
{
    private static readonly Type[] Stages = [typeof(ModelUpdate), typeof(ClippedUpdate), typeof(QuantizedUpdate), typeof(NoisedUpdate)];

    /// <summary>Sums of records, whose every record passes the stages; and the seam of the audit, whose implementations get an update from an <see cref="INoiseMechanism"/> alone.</summary>
    private static readonly Type[] Exempt = [typeof(RecordAccumulator), typeof(LeafSums), typeof(SecureFed.Privacy.Auditing.IAuditedClient)];

    [Theory]
    [InlineData(typeof(ClippedUpdate), typeof(Clipper), typeof(ModelUpdate))]
    [InlineData(typeof(QuantizedUpdate), typeof(Quantizer), typeof(ClippedUpdate))]
    [InlineData(typeof(NoisedUpdate), typeof(INoiseMechanism), typeof(QuantizedUpdate))]
    public void A_stage_is_made_only_from_the_one_before(Type stage, Type maker, Type before)
    {
        Assert.True(stage.IsSealed);
        Assert.Empty(stage.GetConstructors(BindingFlags.Public | BindingFlags.Instance));
        Assert.All(stage.GetConstructors(BindingFlags.NonPublic | BindingFlags.Instance), c => Assert.True(c.IsAssembly || c.IsPrivate));
        int found = 0;
        foreach (MethodInfo method in PublicMethods().Where(m => Mentions(m.ReturnType, stage) && !Exempt.Contains(m.DeclaringType)))
        {
            Assert.True(maker.IsAssignableFrom(method.DeclaringType), $"{method.DeclaringType}.{method.Name} makes a {stage.Name}.");
            Assert.Equal([before], method.GetParameters().Select(p => p.ParameterType));
            found++;
        }

        Assert.NotEqual(0, found);
    }

    [Fact]
    public void Records_pass_all_stages_one_by_one_before_their_sum_is_a_stage()
    {
        Assert.Equal([typeof(ReadOnlySpan<double>)], typeof(RecordAccumulator).GetMethod(nameof(RecordAccumulator.Add))!.GetParameters().Select(p => p.ParameterType));
        Assert.Empty(typeof(RecordAccumulator).GetMethod(nameof(RecordAccumulator.Finish))!.GetParameters());
    }

    [Fact]
    public void Sums_of_leaves_are_made_of_nothing_but_that_stage()
    {
        Assert.Equal([typeof(int), typeof(QuantizedUpdate)], typeof(LeafSums).GetMethod(nameof(LeafSums.Keep))!.GetParameters().Select(p => p.ParameterType));
        Assert.Equal([typeof(int)], typeof(LeafSums).GetMethod(nameof(LeafSums.SumNode))!.GetParameters().Select(p => p.ParameterType));
    }

    [Fact]
    public void The_first_stage_is_checked_when_it_is_made()
    {
        Assert.Empty(typeof(ModelUpdate).GetConstructors(BindingFlags.Public | BindingFlags.Instance));
        MethodInfo only = Assert.Single(PublicMethods(), m => Mentions(m.ReturnType, typeof(ModelUpdate)));
        Assert.Equal("Create", only.Name);
    }

    [Fact]
    public void No_stage_but_the_clients_own_integers_shows_values_in_public_or_in_its_text()
    {
        foreach (Type stage in Stages)
        {
            string[] shown = [.. stage.GetProperties(BindingFlags.Public | BindingFlags.Instance).Select(p => p.Name)];
            string[] harmless = stage == typeof(QuantizedUpdate) ? ["Layout", "Values"] : stage == typeof(NoisedUpdate) ? ["Layout", "ShareVariance"] : ["Layout"];
            Assert.Equal(harmless, shown.Order());
            Assert.Empty(stage.GetFields(BindingFlags.Public | BindingFlags.Instance));
        }

        UpdateLayout layout = new([new UpdateSegment("a", 2, 100, 0)], 32);
        ModelUpdate update = ModelUpdate.Create(layout, [77, 88]);
        ClippedUpdate clipped = Clipper.Clip(update);
        QuantizedUpdate quantized = new Quantizer(Seeded.Source("text")).Quantize(clipped);
        foreach (object stage in (object[])[update, clipped, quantized, NoNoise.Instance.Add(quantized)])
            Assert.Equal($"{stage.GetType().Name}(2 coordinates)", stage.ToString());
    }

    [Fact]
    public void Only_the_assembly_of_the_stages_and_its_tests_see_their_constructors()
    {
        string[] friends = [.. typeof(NoisedUpdate).Assembly.GetCustomAttributes<System.Runtime.CompilerServices.InternalsVisibleToAttribute>().Select(a => a.AssemblyName)];
        Assert.Equal(["SecureFed.Privacy.Tests"], friends);
    }

    private static IEnumerable<MethodInfo> PublicMethods() => typeof(ModelUpdate).Assembly.GetTypes()
        .Where(t => t.IsPublic)
        .SelectMany(t => t.GetMethods(BindingFlags.Public | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly));

    private static bool Mentions(Type returned, Type stage) =>
        returned == stage || (returned.HasElementType && Mentions(returned.GetElementType()!, stage)) || returned.GetGenericArguments().Any(a => Mentions(a, stage));
}
