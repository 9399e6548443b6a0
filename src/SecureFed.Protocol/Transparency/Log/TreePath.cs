namespace SecureFed.Protocol.Transparency.Log;

/// <summary>The way from a node up to the root: on which side each hash of a proof stands.</summary>
/// <remarks>fn and sn of RFC 9162, sections 2.1.3.2 and 2.1.4.2.</remarks>
internal struct TreePath
{
    private ulong node;
    private ulong last;

    /// <param name="node">fn: index of the node in its level.</param>
    /// <param name="last">sn: index of the last node in that level.</param>
    public TreePath(ulong node, ulong last)
    {
        this.node = node;
        this.last = last;
    }

    public readonly bool IsAtRoot => last == 0;

    /// <summary>Goes up to the parent that the next hash makes; true if that hash is the left child.</summary>
    public bool TurnsLeft()
    {
        bool isLeft = IsOdd || node == last;
        if (isLeft)
        {
            // The last node of a level that has no sibling rises unhashed.
            while (!IsOdd && node != 0)
                Rise();
        }

        Rise();
        return isLeft;
    }

    /// <summary>Goes up as long as the node is a right child.</summary>
    public void SkipRightEdges()
    {
        while (IsOdd)
            Rise();
    }

    private readonly bool IsOdd => (node & 1) == 1;

    private void Rise()
    {
        node >>= 1;
        last >>= 1;
    }
}
