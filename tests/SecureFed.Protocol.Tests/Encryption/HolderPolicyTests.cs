using SecureFed.Protocol.Encryption;
using SecureFed.Protocol.Policy;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Tasks;
using SecureFed.Protocol.Tests.Simulation;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Tests.Encryption;

/// <summary>What a policy demands of a task's key holders.</summary>
public sealed class HolderPolicyTests
{
    private readonly EncryptedConsortium all = new("holder policy");

    [Fact]
    public void Every_key_holder_of_a_task_must_be_named()
    {
        Assert.Null(all.Policy.Check(all.Task));
        Assert.Null((all.Policy with { KeyHolders = [Identifier.Random(all.Random), .. all.Policy.KeyHolders!] }).Check(all.Task));
        Refuses(all.Policy with { KeyHolders = null }, all.Task, "5 of the task's 5 key holders");
        Refuses(all.Policy with { KeyHolders = [.. all.Policy.KeyHolders!.Skip(1)] }, all.Task, "1 of the task's 5 key holders");
    }

    [Fact]
    public void Threshold_and_corrupt_holders_have_least_values()
    {
        Assert.Null((all.Policy with { LeastHolderThreshold = 4, LeastCorruptHolders = 2 }).Check(all.Task));
        Refuses(all.Policy with { LeastHolderThreshold = 5 }, all.Task, "the policy demands 5");
        Refuses(all.Policy with { LeastCorruptHolders = 3 }, all.Task, "the policy demands 3");
    }

    [Fact]
    public void One_holder_with_one_time_keys_is_refused_unless_the_policy_says_otherwise()
    {
        TaskParameters one = Curious(all.Task with { Encryption = new EncryptionSpecification("A1", 8, [all.Holders[0].Id], 1, 0) });
        Assert.Null(one.FindFault());
        ClientPolicy usual = all.Policy with { AllowsCuriousServer = true, LeastHolderThreshold = ClientPolicy.UsualLeastHolderThreshold, LeastCorruptHolders = 0 };
        Refuses(usual, one, "1 key holder(s) together could read updates");
        Assert.Null((usual with { LeastHolderThreshold = 1 }).Check(one));
    }

    [Fact]
    public void A_single_key_needs_its_protection_allowed_and_its_holder_named_and_no_more()
    {
        TaskParameters single = Curious(all.Task with
        {
            Protection = ProtectionKind.EncryptionSingleKey,
            Encryption = new EncryptionSpecification("S1", 0, [all.Holders[0].Id], 1, 0),
        });
        Assert.Null(single.FindFault());
        ClientPolicy policy = all.Policy with { AllowsCuriousServer = true };
        Refuses(policy, single, "protection EncryptionSingleKey is not allowed");
        policy = policy with { Protections = [ProtectionKind.EncryptionSingleKey] };
        Assert.Null(policy.Check(single));
        Refuses(policy with { KeyHolders = [all.Holders[1].Id] }, single, "1 of the task's 1 key holders");
    }

    [Fact]
    public void Masked_tasks_ask_for_no_key_holders()
    {
        SimulatedConsortium masked = new("masked", new ConsortiumOptions());
        Assert.Null((masked.Policy with { KeyHolders = null, LeastHolderThreshold = 100, LeastCorruptHolders = 50 }).Check(masked.Task));
    }

    private static TaskParameters Curious(TaskParameters task) => task with { Cohort = task.Cohort with { ServerClass = ServerClass.Curious } };

    private static void Refuses(ClientPolicy policy, TaskParameters task, string what)
    {
        Errors.RoundRejection? refusal = policy.Check(task);
        Assert.Equal("policy-violated", refusal?.Code);
        Assert.Contains(what, refusal!.Detail, StringComparison.Ordinal);
    }
}
