using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Transparency.Log;

/// <summary>The nodes of a tree that never change again: the roots of perfect subtrees.</summary>
public interface IHashReader
{
    /// <param name="height">0 for leaves; the subtree has 2^height entries.</param>
    /// <param name="index">Place among the subtrees of this height; all its entries are in the tree.</param>
    Digest Read(int height, ulong index);
}
