// SPDX-License-Identifier: BSD-3-Clause
#include "../support.hpp"

#include <xunmix/constraint/non_negative.hpp>
#include <xunmix/factorize/factorize.hpp>
#include <xunmix/init/given.hpp>
#include <xunmix/matrix/scaled.hpp>
#include <xunmix/runtime/any_constraint.hpp>
#include <xunmix/simulate/silicon_diode.hpp>
#include <xunmix/survey/choose_orthogonality.hpp>
#include <xunmix/update/hals.hpp>
#include <xunmix/update/soft_orthogonal.hpp>

namespace soft_orthogonal_test
{
using namespace support;

namespace
{
using names = std::vector<std::string>;

template <class Solver>
void step(Solver& solver, int times)
{
    for (int t = 0; t < times; ++t)
        solver.step();
}

template <class T>
void check_is_hals(const names& maps, const names& components)
{
    const matrix X = counted(random_matrix(233, 57, 1), 50);
    for (const layout how : {layout::row_major, layout::column_major})
        for (const xu::side on : {xu::side::maps, xu::side::components})
        {
            const xu::options opt{.rank = 4, .tolerance = 0, .seed = 2};
            const auto data = unfold_as<T>(X, how);
            auto plain =
                xu::make_solver(data, opt, xu::hals{}, xu::on_maps(xu::any_constraint(maps)),
                                xu::on_components(xu::any_constraint(components)));
            auto soft = xu::make_solver(data, opt, xu::soft_orthogonal{.weight = 0, .on = on},
                                        xu::on_maps(xu::any_constraint(maps)),
                                        xu::on_components(xu::any_constraint(components)));
            step(plain, 30);
            step(soft, 30);
            CHECK(soft.one_read() == plain.one_read());
            CHECK(soft.state().maps == plain.state().maps);
            CHECK(soft.state().components == plain.state().components);
            CHECK(soft.state().objective == plain.state().objective);
            CHECK(soft.state().momentum == plain.state().momentum);
        }
}

/// Equation 13 of Muto & Shiga 2020, word for word: one round over the columns of F. What comes out
/// is lengthened to where |X - F O^T|^2 is least along it.
void deflected_round(const matrix& X, matrix& F, const matrix& O, double weight)
{
    const matrix rhs = X * O, gram = transposed(O) * O;
    for (std::size_t j = 0; j < F.cols; ++j)
    {
        std::vector<double> others(F.rows, 0), moved(F.rows);
        for (std::size_t l = 0; l < F.cols; ++l)
        {
            double norm = 0;
            for (std::size_t i = 0; i < F.rows; ++i)
                norm += F(i, l) * F(i, l);
            for (std::size_t i = 0; l != j && norm > 0 && i < F.rows; ++i)
                others[i] += F(i, l) / std::sqrt(norm);
        }
        double product = 0, length = 0;
        for (std::size_t i = 0; i < F.rows; ++i)
        {
            double slope = rhs(i, j);
            for (std::size_t l = 0; l < F.cols; ++l)
                slope -= F(i, l) * gram(l, j);
            moved[i] = F(i, j) + slope / gram(j, j);
            product += others[i] * moved[i];
            length += others[i] * others[i];
        }
        for (std::size_t i = 0; i < F.rows; ++i)
            F(i, j) = std::max(0.0, moved[i] - weight * product / length * others[i]);
        double own = 0, wanted = 0;
        for (std::size_t i = 0; weight > 0 && i < F.rows; ++i)
        {
            own += F(i, j) * F(i, j);
            wanted += F(i, j) * moved[i];
        }
        for (std::size_t i = 0; own > 0 && i < F.rows; ++i)
            F(i, j) *= wanted / own;
    }
}

double largest_overlap(const matrix& maps)
{
    const matrix c = cosines(maps, maps);
    double largest = 0;
    for (std::size_t i = 0; i < c.rows; ++i)
        for (std::size_t j = 0; j < i; ++j)
            largest = std::max(largest, c(i, j));
    return largest;
}
}

TEST_CASE_TEMPLATE("soft_orthogonal: weight 0 is hals to the last bit", T, float, double,
                   std::uint16_t)
{
    check_is_hals<T>({"non_negative"}, {"non_negative"});
    check_is_hals<T>({"non_negative", "sparse:0.2"}, {"non_negative", "unit_norm"});
    check_is_hals<T>({"sum_to_one"}, {"ridge:1", "bounded:0:20"});
    check_is_hals<T>({"smooth:0.1", "non_negative"}, {});
}

TEST_CASE("soft_orthogonal: follows equation 13 on either side and in either layout")
{
    const matrix X = random_matrix(71, 43, 5);
    for (const layout how : {layout::row_major, layout::column_major})
        for (const xu::side on : {xu::side::maps, xu::side::components})
        {
            auto solver = xu::make_solver(
                unfold_as<double>(X, how), {.rank = 4, .tolerance = 0, .threads = 1},
                xu::soft_orthogonal{.weight = 0.3, .on = on, .rounds = 1},
                xu::on_maps(xu::non_negative{}), xu::on_components(xu::non_negative{}));
            matrix C = to_matrix(solver.current().maps), S = to_matrix(solver.current().components);
            for (int t = 0; t < 20; ++t)
            {
                solver.step();
                deflected_round(X, C, S, on == xu::side::maps ? 0.3 : 0);
                deflected_round(transposed(X), S, C, on == xu::side::components ? 0.3 : 0);
            }
            CHECK(relative_distance(to_matrix(solver.current().maps), C) < 1e-9);
            CHECK(relative_distance(to_matrix(solver.current().components), S) < 1e-9);
        }
}

TEST_CASE("soft_orthogonal: the result does not depend on how scale is shared at the start")
{
    const matrix X = random_matrix(90, 40, 3), C = random_matrix(90, 3, 4),
                 S = random_matrix(40, 3, 5);
    matrix scaled_maps = C, scaled_components = S;
    for (std::size_t j = 0; j < 3; ++j)
    {
        const double scale = std::pow(16.0, static_cast<double>(j) - 1); // exact
        for (std::size_t i = 0; i < 90; ++i)
            scaled_maps(i, j) *= scale;
        for (std::size_t i = 0; i < 40; ++i)
            scaled_components(i, j) /= scale;
    }
    const auto run = [&](const matrix& maps, const matrix& components)
    {
        return xu::factorize(unfold_as<double>(X), {.rank = 3, .max_iterations = 50},
                             xu::soft_orthogonal{.weight = 0.1}, xu::on_maps(xu::non_negative{}),
                             xu::on_components(xu::non_negative{}),
                             xu::given{to_tensor(maps), to_tensor(components)});
    };
    const auto a = run(C, S), b = run(scaled_maps, scaled_components);
    CHECK(relative_distance(to_matrix(a.maps_matrix()), to_matrix(b.maps_matrix())) < 1e-9);
}

TEST_CASE("soft_orthogonal: weight 1 leaves hardly any overlap of separate phases")
{
    // Three phases side by side, each with a tenth of the next one's spectrum in its own.
    matrix C(90, 3), S = random_matrix(60, 3, 7, 0.2, 1);
    for (std::size_t i = 0; i < 90; ++i)
        C(i, i / 30) = 1 + 0.01 * static_cast<double>(i % 30);
    for (std::uint64_t seed = 1; seed <= 5; ++seed)
    {
        const auto found = xu::factorize(
            unfold_as<double>(C * transposed(S)), {.rank = 3, .max_iterations = 500, .seed = seed},
            xu::soft_orthogonal{.weight = 1}, xu::on_maps(xu::non_negative{}),
            xu::on_components(xu::non_negative{}));
        CHECK(largest_overlap(to_matrix(found.maps_matrix())) < 0.01);
        CHECK(match(to_matrix(found.components_matrix()), S).worst() > 0.999);
    }
}

TEST_CASE("soft_orthogonal: mends the spectra of a silicon diode, and the rule finds a weight")
{
    for (std::uint64_t seed = 1; seed <= 3; ++seed)
    {
        const auto diode = xu::simulate::silicon_diode(
            {.scan = {60, 60}, .channels = 100, .step_ev = 1, .dose = 300, .seed = seed});
        const auto data =
            xu::poisson_scaled(xu::dense(xu::unfold(diode.scan, xu::positions{0, 1})));
        const matrix truth = from_tensor(diode.components);
        double angle[2];
        for (const int soft : {0, 1})
            angle[soft] = mean_angle(
                to_matrix(xu::factorize(data, {.rank = 3, .max_iterations = 500, .seed = seed},
                                        xu::soft_orthogonal{.weight = 0.05 * soft},
                                        xu::on_maps(xu::non_negative{}),
                                        xu::on_components(xu::non_negative{}))
                              .components_matrix()),
                truth);
        CHECK(angle[1] < 0.5 * angle[0]);
        const auto choice = xu::choose_orthogonality(
            data, {.rank = 3, .max_iterations = 500, .seed = seed}, xu::soft_orthogonal{},
            {0.01, 0.05, 0.2}, xu::on_maps(xu::non_negative{}),
            xu::on_components(xu::non_negative{}));
        CHECK(choice.weight == 0.2);
        CHECK(choice.trials.size() == 4);
        CHECK(choice.best.mse <= choice.limit);
        CHECK(mean_angle(to_matrix(choice.best.components_matrix()), truth) < angle[1]);
    }
}

TEST_CASE("soft_orthogonal: the rule keeps away from maps that do overlap")
{
    // Noise of variance 1 on maps that overlap everywhere: any weight suppresses signal.
    matrix C = random_matrix(400, 2, 1, 1, 2), S = random_matrix(80, 2, 2);
    for (std::size_t i = 0; i < 80; ++i)
        S(i, i < 40 ? 0 : 1) = 0;
    matrix X = C * transposed(S);
    std::mt19937_64 engine(3);
    std::normal_distribution<double> noise;
    for (double& x : X.values)
        x = 20 * x + noise(engine);
    const auto choice = xu::choose_orthogonality(
        unfold_as<double>(X), {.rank = 2, .max_iterations = 300}, xu::soft_orthogonal{},
        {0.05, 0.2, 1}, xu::on_maps(xu::non_negative{}), xu::on_components(xu::non_negative{}));
    CHECK(choice.weight == 0);
    CHECK(choice.trials.size() == 2); // the first that was not allowed ended the search
}

TEST_CASE("soft_orthogonal: a resumed solver takes the steps it would have taken")
{
    const auto make = [](std::size_t threads)
    {
        return xu::make_solver(unfold_as<float>(random_matrix(700, 50, 2)),
                               {.rank = 5, .tolerance = 0, .threads = threads},
                               xu::soft_orthogonal{.weight = 0.2}, xu::on_maps(xu::non_negative{}),
                               xu::on_components(xu::non_negative{}));
    };
    auto whole = make(1), first = make(2), second = make(2);
    step(whole, 20);
    step(first, 8);
    second.resume(first.state());
    step(second, 12);
    CHECK(whole.state().maps == second.state().maps);
    CHECK(whole.state().components == second.state().components);
}

TEST_CASE("soft_orthogonal: bad input is refused before any work")
{
    const auto data = unfold_as<double>(random_matrix(20, 10, 1));
    const auto with = [&](double weight)
    { xu::factorize(data, {.rank = 2}, xu::soft_orthogonal{.weight = weight}); };
    CHECK_THROWS_WITH_AS(with(1.5),
                         "soft_orthogonal needs a weight from 0 (none) to 1 (orthogonal), got 1.5",
                         xu::invalid_argument);
    CHECK_THROWS_AS(with(-0.1), xu::invalid_argument);
    CHECK_THROWS_AS(with(std::numeric_limits<double>::quiet_NaN()), xu::invalid_argument);
    const auto choose = [&](const std::vector<double>& weights)
    { xu::choose_orthogonality(data, {.rank = 2}, xu::soft_orthogonal{}, weights); };
    CHECK_THROWS_WITH_AS(choose({0.2, 0.1}),
                         "the weights to choose from must ascend within (0, 1]: number 1 is 0.1",
                         xu::invalid_argument);
    CHECK_THROWS_WITH_AS(choose({}), "choose_orthogonality needs weights to choose from",
                         xu::invalid_argument);
}
}
