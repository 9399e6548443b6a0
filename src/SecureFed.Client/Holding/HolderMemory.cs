using System.Security.Cryptography;
using SecureFed.Protocol.Encryption;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Identity;
using SecureFed.Protocol.Tasks;
using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Wire;

namespace SecureFed.Client.Holding;

/// <summary>The key holder of one task with what it goes by now: roster, approved changes, and a place where its state is kept.</summary>
internal sealed class HolderMemory : IDisposable
{
    private readonly TaskFollower follower;
    private readonly IHolderStateStore store;
    private RememberedTask remembered;

    private HolderMemory(TaskFollower follower, IHolderStateStore store, HolderContext context, KeyHolder role, RememberedTask remembered)
    {
        (this.follower, this.store, this.remembered) = (follower, store, remembered);
        (Context, Role) = (context, role);
    }

    public HolderContext Context { get; private set; }

    public KeyHolder Role { get; private set; }

    /// <summary>Loads the state, or begins with an empty one if the server has never had an offer of this holder.</summary>
    /// <param name="follower">Asks the server.</param>
    /// <param name="options">Holder.</param>
    /// <param name="getLastOffered">Number of the last offer that the server has; 0 if there is none.</param>
    /// <param name="cancellationToken">Stops.</param>
    /// <exception cref="RoundRefusedException">The task breaks the policy or has no such holder.</exception>
    /// <exception cref="SecureFedException"><c>state-lost</c>.</exception>
    public static async Task<HolderMemory> OpenAsync(
        TaskFollower follower, SecureFedKeyHolderOptions options, Func<CancellationToken, Task<ulong>> getLastOffered, CancellationToken cancellationToken)
    {
        SavedHolder? saved = await options.StateStore.LoadAsync(options.TaskId, cancellationToken);
        RememberedTask past = RememberedTask.Of(saved);
        Roster roster = await follower.WaitForEnrolmentAsync(past, cancellationToken);
        TaskParameters task = await follower.GetParametersAsync(past, cancellationToken);
        if (task.Encryption?.Holders.Contains(options.HolderId) != true)
            throw new RoundRefusedException(ErrorCodes.UnknownHolder, "The task does not name this identity among its key holders; ask its operator.");
        HolderContext context = new(options.HolderId, options.Signer!, roster, task, options.Policy!, SingleKeys: options.SingleKeys);
        ulong lastOffered = await getLastOffered(cancellationToken);
        if (saved is null && lastOffered > 0 && !options.AcceptsLoss)
            throw Lost($"the server has {lastOffered} offers of this holder, and there is no state");
        KeyHolder role = saved is null
            ? KeyHolder.Create(context, checked(lastOffered + 1))
            : KeyHolder.Restore(context, saved.State.Span) ?? throw Lost("it is of another holder or another version");
        HolderMemory memory = new(follower, options.StateStore, context, role, past);
        if (lastOffered < role.NextNumber)
            return memory;
        memory.Dispose();
        throw Lost($"the server has offer {lastOffered} of this holder, and the state knows of {role.NextNumber - 1}: it is an older copy");
    }

    /// <summary>Durable before this returns.</summary>
    public async Task SaveAsync(CancellationToken cancellationToken)
    {
        byte[] state = Role.Encode();
        remembered = new RememberedTask(Digest.Of(Context.Task.Encode()), Math.Max(remembered.RosterSequence, Context.Roster.Sequence), Context.Roster.Digest);
        try
        {
            await store.SaveAsync(Context.Task.TaskId, new SavedHolder(state, remembered.TaskDigest, remembered.RosterSequence, remembered.RosterDigest), cancellationToken);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(state);
        }
    }

    /// <summary>Goes by the roster and the approved changes by which a round was opened.</summary>
    public async Task FollowAsync(SignedEntry opening, CancellationToken cancellationToken)
    {
        Roster roster = await follower.FollowRosterAsync(Context.Roster, opening, remembered, cancellationToken);
        TaskParameters? changed = await follower.TryGetChangedAsync(Context.Task, roster, cancellationToken) ?? Context.Changed;
        if (roster == Context.Roster && changed == Context.Changed)
            return;
        Context = Context with { Roster = roster, Changed = changed };
        byte[] state = Role.Encode();
        KeyHolder before = Role;
        Role = KeyHolder.Restore(Context, state) ?? throw new System.Diagnostics.UnreachableException("A holder restores what it has just encoded.");
        CryptographicOperations.ZeroMemory(state);
        before.Dispose();
    }

    public void Dispose() => Role.Dispose();

    private static SecureFedException Lost(string how) => new(
        ErrorCodes.StateLost,
        $"The key holder's state cannot be trusted: {how}. A holder without its memory may have answered before, so it says nothing. Find the newest state, or start anew and say that it is lost.");
}
