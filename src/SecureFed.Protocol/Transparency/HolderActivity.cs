namespace SecureFed.Protocol.Transparency;

/// <summary>How many key holders did what in one encrypted round.</summary>
/// <param name="Threshold">t_h: as many must sign the list, and as many give a sum.</param>
/// <param name="Seats">Holders that had a key on offer when the round opened.</param>
/// <param name="Checked">Answered the challenge about all shares; 0 with a single key, which has none.</param>
/// <param name="Signed">Signed the list.</param>
/// <param name="Answered">Gave the sum of their key shares.</param>
public sealed record HolderActivity(int Threshold, int Seats, int Checked, int Signed, int Answered);
