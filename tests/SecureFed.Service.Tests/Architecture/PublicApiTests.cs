using System.Reflection;
using System.Runtime.CompilerServices;
using SecureFed.Service.Tests.Consortium;

namespace SecureFed.Service.Tests.Architecture;

/// <summary>What is public is a promise: it changes only together with its baseline.</summary>
/// <remarks>To regenerate: run this class with SECUREFED_UPDATE_API=1, then review the difference of Architecture/PublicApi as the breaking change it may be.</remarks>
public class PublicApiTests
{
    public static TheoryData<string> Assemblies() =>
        ["SecureFed.Cryptography", "SecureFed.Privacy", "SecureFed.Protocol", "SecureFed.Learning", "SecureFed.Client", "SecureFed.Server", "securefed"];

    [Theory]
    [MemberData(nameof(Assemblies))]
    public void The_public_surface_is_the_recorded_one(string assembly)
    {
        string path = Path.Combine(Repository.Root, "tests", "SecureFed.Service.Tests", "Architecture", "PublicApi", assembly + ".txt");
        string[] surface = [.. Assembly.Load(assembly).GetExportedTypes().OrderBy(NameOf, StringComparer.Ordinal).SelectMany(Describe)];
        if (Environment.GetEnvironmentVariable("SECUREFED_UPDATE_API") == "1")
            File.WriteAllText(path, string.Join('\n', surface) + "\n");
        string[] recorded = File.Exists(path) ? File.ReadAllLines(path) : [];
        string[] gone = [.. recorded.Except(surface, StringComparer.Ordinal)];
        string[] fresh = [.. surface.Except(recorded, StringComparer.Ordinal)];
        Assert.True(
            recorded.SequenceEqual(surface),
            $"The public surface of {assembly} has changed. If that is meant, run this class with SECUREFED_UPDATE_API=1 and commit the file.\nGone:\n  {string.Join("\n  ", gone)}\nNew:\n  {string.Join("\n  ", fresh)}");
    }

    private static IEnumerable<string> Describe(Type type)
    {
        string name = NameOf(type);
        string kind = type.IsEnum ? "enum" : type.IsInterface ? "interface" : type.IsValueType ? "struct" : typeof(Delegate).IsAssignableFrom(type) ? "delegate" : type.IsAbstract && type.IsSealed ? "static class" : type.IsSealed ? "sealed class" : type.IsAbstract ? "abstract class" : "class";
        string bases = string.Join(", ", new[] { type.BaseType }.Where(b => b is not null && b != typeof(object) && b != typeof(ValueType) && b != typeof(Enum)).Concat(type.GetInterfaces().Except(type.BaseType?.GetInterfaces() ?? [])).Select(t => NameOf(t!)).Order(StringComparer.Ordinal));
        yield return $"{kind} {name}{(bases.Length > 0 ? " : " + bases : "")}";
        const BindingFlags Declared = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;
        foreach (string member in type.GetMembers(Declared).Where(IsPromised).Select(m => Describe(m)).Order(StringComparer.Ordinal))
            yield return $"{name}.{member}";
    }

    private static bool IsPromised(MemberInfo member) =>
        (!member.IsDefined(typeof(CompilerGeneratedAttribute)) || member is PropertyInfo) && member switch
        {
            MethodBase method => IsVisible(method) && !(method.IsSpecialName && (method.Name.StartsWith("get_", StringComparison.Ordinal) || method.Name.StartsWith("set_", StringComparison.Ordinal))),
            PropertyInfo property => property.GetAccessors(nonPublic: true).Any(IsVisible),
            FieldInfo field => field.IsPublic || field.IsFamily || field.IsFamilyOrAssembly,
            EventInfo raised => IsVisible(raised.AddMethod!),
            _ => false,
        };

    private static bool IsVisible(MethodBase method) => method.IsPublic || method.IsFamily || method.IsFamilyOrAssembly;

    private static string Describe(MemberInfo member) => member switch
    {
        ConstructorInfo constructor => $"new({Parameters(constructor)})",
        MethodInfo method => $"{method.Name}{(method.IsGenericMethod ? $"<{string.Join(", ", method.GetGenericArguments().Select(NameOf))}>" : "")}({Parameters(method)}) : {NameOf(method.ReturnType)}{(method.IsStatic ? " static" : "")}",
        PropertyInfo property => $"{property.Name} : {NameOf(property.PropertyType)} {{{(property.GetMethod is { } get && IsVisible(get) ? " get;" : "")}{(property.SetMethod is { } set && IsVisible(set) ? IsInitOnly(set) ? " init;" : " set;" : "")} }}{(property.GetAccessors(nonPublic: true)[0].IsStatic ? " static" : "")}",
        FieldInfo { IsLiteral: true } constant => $"{constant.Name} = {constant.GetRawConstantValue()}",
        FieldInfo field => $"{field.Name} : {NameOf(field.FieldType)}",
        _ => $"{member.MemberType} {member.Name}",
    };

    private static bool IsInitOnly(MethodInfo setter) => setter.ReturnParameter.GetRequiredCustomModifiers().Contains(typeof(IsExternalInit));

    private static string Parameters(MethodBase method) =>
        string.Join(", ", method.GetParameters().Select(p => $"{(p.IsOut ? "out " : "")}{NameOf(p.ParameterType)} {p.Name}{(p.HasDefaultValue ? " = default" : "")}"));

    private static string NameOf(Type type)
    {
        if (type.IsGenericParameter)
            return type.Name;
        if (type.IsByRef)
            return NameOf(type.GetElementType()!) + "&";
        if (type.IsArray)
            return NameOf(type.GetElementType()!) + "[]";
        string name = type.IsNested ? $"{NameOf(type.DeclaringType!)}.{type.Name}" : type.Assembly.GetName().Name!.StartsWith("securefed", StringComparison.OrdinalIgnoreCase) ? type.FullName ?? $"{type.Namespace}.{type.Name}" : type.Name;
        int tick = name.IndexOf('`', StringComparison.Ordinal);
        return tick < 0 ? name : $"{name[..tick]}<{string.Join(", ", type.GetGenericArguments().Select(NameOf))}>";
    }
}
