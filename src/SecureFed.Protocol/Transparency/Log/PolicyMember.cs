namespace SecureFed.Protocol.Transparency.Log;

/// <summary>A witness or a group of a <see cref="TlogPolicy"/>.</summary>
/// <param name="Name">Its name within the policy, octets as characters.</param>
/// <param name="Witness">Null for a group.</param>
/// <param name="Threshold">How many members make the group a witness.</param>
/// <param name="Members">Places of earlier members.</param>
internal sealed record PolicyMember(string Name, NoteVerifier? Witness, int Threshold, IReadOnlyList<int> Members);
