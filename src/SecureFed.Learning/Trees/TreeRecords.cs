using SecureFed.Learning.Vectors;

namespace SecureFed.Learning.Trees;

/// <summary>Every row's vector of a training round, in the layout of <see cref="TreeVectors"/>, whose bounds hold by construction.</summary>
public sealed class TreeRecords : IRecordVectors
{
    private readonly TreeRows rows;
    private readonly TreeEnsemble model;
    private readonly TreeOptions options;
    private readonly int firstTree;
    private readonly int level;

    /// <param name="rows">The client's rows; brought to the model.</param>
    /// <param name="options">The task's trees.</param>
    /// <param name="parameters">Numbers of the round's model.</param>
    /// <param name="state">State of <see cref="TreeGrower"/> beside it.</param>
    /// <param name="completedRounds">Training rounds behind it.</param>
    /// <param name="seed">The task's public seed.</param>
    /// <exception cref="ArgumentException">Model, state or bins of other trees, or a model that is fully grown.</exception>
    public TreeRecords(TreeRows rows, TreeOptions options, ReadOnlySpan<double> parameters, ReadOnlySpan<double> state, int completedRounds, ulong seed)
    {
        if (completedRounds < 0 || completedRounds >= options.Rounds)
        {
            throw new ArgumentException("The trees are fully grown.", nameof(completedRounds));
        }

        this.rows = rows;
        this.options = options;
        Layout = TreeVectors.Layout(options);
        firstTree = options.TreesAfter(completedRounds);
        level = options.Rule == TreeRule.Histogram ? completedRounds % options.Depth : options.Depth;
        model = new TreeEnsemble(options, TreeGrower.WithDraws(options, rows.Bins, parameters, state, firstTree, seed));
        rows.Follow(model, firstTree);
    }

    /// <inheritdoc/>
    public int Count => rows.Count;

    /// <inheritdoc/>
    public VectorLayout Layout { get; }

    /// <inheritdoc/>
    public void Write(int record, Span<double> vector)
    {
        if (vector.Length != Layout.Dimension)
        {
            throw new ArgumentException($"The vector has {vector.Length} coordinates, the layout {Layout.Dimension}.", nameof(vector));
        }

        vector.Clear();
        Add(record, vector);
    }

    internal void Add(int row, Span<double> vector)
    {
        ReadOnlySpan<double> values = rows.Row(row);
        (double gradient, double hessian) = (rows.Gradients[row], rows.Hessians[row]);
        int half = vector.Length / 2;
        if (options.Rule == TreeRule.Random)
        {
            for (int k = 0; k < options.TreesPerRound; k++)
            {
                int leaf = (k * options.Leaves) + model.LeafOf(firstTree + k, values);
                vector[leaf] += gradient;
                vector[half + leaf] += hessian;
            }

            return;
        }

        int open = model.NodeAfter(firstTree, level, values) - ((1 << level) - 1);
        ReadOnlySpan<byte> bins = rows.BinNumbers.AsSpan(row * options.FeatureCount, options.FeatureCount);
        int cell = open * options.FeatureCount * options.Bins;
        for (int feature = 0; feature < bins.Length; feature++, cell += options.Bins)
        {
            vector[cell + bins[feature]] += gradient;
            vector[half + cell + bins[feature]] += hessian;
        }
    }
}
