using FsCheck;
using FsCheck.Fluent;
using SecureFed.Privacy.Accounting;
using SecureFed.Privacy.Accounting.Loss;
using SecureFed.Privacy.Accounting.Mechanisms;
using SecureFed.Privacy.Accounting.Renyi;

namespace SecureFed.Privacy.Tests.Accounting;

public sealed class AccountingLawTests
{
    private static readonly Gen<double> Noise = Between(0.3, 30);
    private static readonly Gen<double> Rate = Gen.OneOf(Between(1e-6, 1), Gen.Constant(1.0));
    private static readonly Gen<double> Delta = Between(1e-12, 1e-2);
    private static readonly Gen<long> Steps = Between(1, 1e5).Select(t => (long)t);

    [Fact]
    public void Renyi_epsilon_falls_with_noise_and_delta_and_grows_with_rate_and_steps() => ForAll(100, (z, q, t, delta) =>
    {
        double epsilon = Renyi(z, q, t, delta);
        return double.IsFinite(epsilon) && epsilon >= 0
            && Renyi(z * 1.1, q, t, delta) <= epsilon
            && Renyi(z, Math.Min(1, q * 1.1), t, delta) >= epsilon
            && Renyi(z, q, t + 1 + t / 10, delta) >= epsilon
            && Renyi(z, q, t, delta * 1.5) <= epsilon;
    });

    /// <summary>The grid and the cut may differ by a few parts in 10⁴ from one schedule to the next.</summary>
    [Fact]
    public void Loss_epsilon_falls_with_noise_and_delta_and_grows_with_rate_and_steps() => ForAll(8, (z, q, t, delta) =>
    {
        double epsilon = Loss(z, q, t, delta);
        double slack = 1 + 1e-3;
        return double.IsFinite(epsilon) && epsilon >= 0
            && Loss(z * 1.1, q, t, delta) <= epsilon * slack
            && Loss(z, Math.Min(1, q * 1.1), t, delta) * slack >= epsilon
            && Loss(z, q, t + 1 + t / 10, delta) * slack >= epsilon
            && Loss(z, q, t, delta * 1.5) <= epsilon * slack;
    });

    [Fact]
    public void The_loss_figure_is_never_above_the_Renyi_figure_by_more_than_the_grid() => ForAll(20, (z, q, t, delta) =>
        Loss(z, q, t, delta) <= Renyi(z, q, t, delta) * (1 + 1e-4) + 1e-9);

    [Fact]
    public void Without_sampling_the_loss_figure_is_the_exact_Gaussian() => ForAll(30, (z, _, t, delta) =>
    {
        double exact = AnalyticGaussian.Epsilon(z, t, delta);
        double loss = Loss(z, 1, t, delta);
        return loss >= exact * (1 - 1e-9) && loss <= exact * (1 + 1e-3) + 1e-7;
    });

    /// <summary>δ of one sampled step has a closed form: q·P[N > (x−1)/z] − (e^ε − 1 + q)·P[N > x/z] at the x where the loss is ε.</summary>
    [Fact]
    public void One_sampled_step_has_the_delta_of_its_closed_form() => ForAll(30, (z, q, _, delta) =>
    {
        double epsilon = Loss(z, q, 1, delta);
        if (q == 1 || epsilon < 1e-6)
            return true;
        double Exact(double e)
        {
            double x = z * z * Math.Log((Math.Exp(e) - 1 + q) / q) + 0.5;
            return q * Tail((x - 1) / z) - (Math.Exp(e) - 1 + q) * Tail(x / z);
        }

        return Exact(epsilon) <= delta * (1 + 1e-9) && Exact(epsilon * (1 - 1e-3)) >= delta * (1 - 3e-4);
    });

    [Fact]
    public void Composition_adds_step_by_step_and_order_by_order() => ForAll(100, (z, q, t, delta) =>
    {
        RenyiCurve one = SampledGaussian.Curve(z, q, RenyiOrders.Default);
        RenyiCurve split = one.Compose(t).Plus(one.Compose(2 * t));
        double whole = one.Compose(3 * t).Epsilon(delta).Epsilon;
        return Math.Abs(split.Epsilon(delta).Epsilon - whole) <= 1e-12 * whole;
    });

    [Fact]
    public void Divergences_do_not_decrease_in_the_order_where_quadrature_meets_the_exact_sum() => ForAll(100, (z, q, _, _) =>
    {
        double[] orders = [1.1, 1.9, 1.999999, 2, 2.000001, 2.5, 2.999999, 3, 3.000001, 10.9, 10.999999, 11, 63, 64, 1024];
        IReadOnlyList<double> divergences = SampledGaussian.Curve(z, q, orders).Divergences;
        return Enumerable.Range(1, orders.Length - 1).All(i => divergences[i] >= divergences[i - 1] * (1 - 1e-9))
            && Math.Abs(divergences[2] / divergences[3] - 1) < 1e-4 && Math.Abs(divergences[4] / divergences[3] - 1) < 1e-4;
    });

    [Fact]
    public void Calibrated_noise_meets_its_target_and_less_does_not() => ForAll(15, (z, q, t, delta) =>
    {
        double target = Renyi(z, q, t, delta);
        if (target is 0 or > 1e6)
            return true;
        double found = NoiseCalibration.NoiseMultiplier(target, delta, q, t);
        return Renyi(found, q, t, delta) <= target && found <= z * (1 + 1e-6);
    });

    [Fact]
    public void Concentrated_privacy_and_its_inverse_agree() => ForAll(100, (z, _, t, delta) =>
    {
        double rho = t / (2 * z * z);
        double epsilon = ConcentratedPrivacy.Epsilon(rho, delta).Epsilon;
        return epsilon == 0 || (ConcentratedPrivacy.Delta(rho, epsilon) <= delta * (1 + 1e-11) && Math.Abs(ConcentratedPrivacy.Rho(epsilon, delta) / rho - 1) < 1e-8);
    });

    [Fact]
    public void More_clients_or_more_local_noise_never_cost_more() => ForAll(40, (z, q, t, delta) =>
    {
        double Epsilon(int clients, double sigma) => new DistributedDiscreteGaussian(clients, 1000, sigma, 40, 600).Epsilon(q, t, delta).Epsilon;
        return Epsilon(20, 1 + z) <= Epsilon(10, 1 + z) * (1 + 1e-9) && Epsilon(10, 2 + z) <= Epsilon(10, 1 + z);
    });

    private static double Renyi(double z, double q, long t, double delta) => SampledGaussian.Curve(z, q, RenyiOrders.Default).Compose(t).Epsilon(delta).Epsilon;

    private static double Loss(double z, double q, long t, double delta) => PrivacyLossAccountant.Epsilon(z, q, t, delta).Epsilon;

    private static double Tail(double t) => Privacy.Accounting.Numerics.NormalTail.Survival(t);

    private static Gen<double> Between(double least, double greatest) =>
        Gen.Choose(0, 1_000_000).Select(i => least * Math.Pow(greatest / least, i / 1e6));

    private static void ForAll(int tests, Func<double, double, long, double, bool> law) =>
        Prop.ForAll(
            Arb.From(from z in Noise from q in Rate from t in Steps from delta in Delta select (z, q, t, delta)),
            draw => law(draw.z, draw.q, draw.t, draw.delta)).Check(Config.QuickThrowOnFailure.WithMaxTest(tests));
}
