namespace SecureFed.Protocol.Resources;

/// <summary>What a task's explanation round tells of its model. Every error is one standard deviation of noise and sampling together.</summary>
/// <param name="Round">The round whose sum says so.</param>
/// <param name="Rows">Rows in the sum.</param>
/// <param name="Calibration">Predictions against outcomes, in the tenths of the range in which rows were found.</param>
/// <param name="Importance">By how much the mean loss grows without each feature, features in the model's order.</param>
/// <param name="Dependence">Mean prediction along each feature, features in the model's order.</param>
/// <param name="Coefficients">With 95 % intervals, on standardised features, the intercept last; null for models that have none.</param>
/// <param name="Fairness">Public groups; null if the task names none.</param>
public sealed record ExplanationView(
    int Round,
    EstimateView Rows,
    IReadOnlyList<CalibrationView> Calibration,
    IReadOnlyList<ImportanceView> Importance,
    IReadOnlyList<DependenceView> Dependence,
    CoefficientsView? Coefficients,
    FairnessView? Fairness);

/// <summary>A number with its standard error.</summary>
public sealed record EstimateView(double Value, double Error);

/// <summary>Rows whose prediction lies between two values; of a calibrated model prediction and outcome agree within the errors.</summary>
public sealed record CalibrationView(double Lower, double Upper, double Rows, EstimateView Prediction, EstimateView Outcome);

/// <summary>Increase of the mean loss when the feature's values tell nothing about the row.</summary>
public sealed record ImportanceView(string Feature, EstimateView Increase);

/// <summary>Mean prediction when the feature is set to each value in all rows.</summary>
public sealed record DependenceView(string Feature, IReadOnlyList<DependencePointView> Points);

/// <summary>One place of a dependence curve.</summary>
public sealed record DependencePointView(double Value, EstimateView Prediction);

/// <summary>Coefficients after one Newton step from the released model.</summary>
/// <param name="All">One a feature, the intercept last.</param>
/// <param name="Unresolved">Directions in which noise hides the curvature of the loss.</param>
/// <param name="AssumedDeviation">Standard deviation that coefficients are taken to have in those, around the released ones.</param>
/// <param name="Decrement">How far the released model is from the optimum; from 0.1 on one step is a rough guess, and intervals can miss by more than they say.</param>
public sealed record CoefficientsView(IReadOnlyList<CoefficientView> All, int Unresolved, double AssumedDeviation, double Decrement);

/// <summary>A coefficient.</summary>
/// <param name="Feature">Name, or <c>(intercept)</c>.</param>
/// <param name="Released">Of the released model.</param>
/// <param name="Value">After the step.</param>
/// <param name="Error">Standard error.</param>
/// <param name="Lower">Lower end of the 95 % interval.</param>
/// <param name="Upper">Upper end.</param>
/// <param name="Resolved">False if the interval says little more than what was assumed.</param>
public sealed record CoefficientView(string Feature, double Released, double Value, double Error, double Lower, double Upper, bool Resolved);

/// <summary>Figures of public groups.</summary>
/// <param name="Groups">One a group; rows of no group last, if there are any.</param>
/// <param name="DemographicParityDifference">Greatest less smallest positive rate; null if fewer than two groups are resolved.</param>
/// <param name="EqualOpportunityDifference">The same of the true positive rate.</param>
public sealed record FairnessView(IReadOnlyList<GroupView> Groups, EstimateView? DemographicParityDifference, EstimateView? EqualOpportunityDifference);

/// <summary>Figures of one group, class 1 being predicted from probability ½ on; null where rows are too few to be told from noise.</summary>
/// <param name="Group">Name.</param>
/// <param name="Rows">Rows.</param>
/// <param name="Resolved">Whether they are enough.</param>
/// <param name="BaseRate">Share of positive labels.</param>
/// <param name="PositiveRate">Share predicted positive.</param>
/// <param name="MeanPrediction">Mean probability.</param>
/// <param name="Accuracy">Share predicted correctly.</param>
/// <param name="TruePositiveRate">Share of positive rows predicted positive.</param>
/// <param name="FalsePositiveRate">Share of negative rows predicted positive.</param>
public sealed record GroupView(
    string Group,
    EstimateView Rows,
    bool Resolved,
    EstimateView? BaseRate,
    EstimateView? PositiveRate,
    EstimateView? MeanPrediction,
    EstimateView? Accuracy,
    EstimateView? TruePositiveRate,
    EstimateView? FalsePositiveRate);
