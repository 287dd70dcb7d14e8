// SPDX-License-Identifier: BSD-3-Clause
// What a constraint may see, keep, replace and colour, each by a constraint written for it here.
#include "../support.hpp"

#include <sstream>

#include <xunmix/constraint/fixed.hpp>
#include <xunmix/constraint/non_negative.hpp>
#include <xunmix/constraint/ridge.hpp>
#include <xunmix/constraint/scheduled.hpp>
#include <xunmix/constraint/smooth.hpp>
#include <xunmix/constraint/sparse.hpp>
#include <xunmix/constraint/unit_norm.hpp>
#include <xunmix/contract/check_constraint.hpp>
#include <xunmix/contract/pairing.hpp>
#include <xunmix/factorize/factorize.hpp>
#include <xunmix/init/given.hpp>
#include <xunmix/loss/beta_divergence.hpp>
#include <xunmix/matrix/dense.hpp>
#include <xunmix/matrix/scaled.hpp>
#include <xunmix/runtime/any_constraint.hpp>
#include <xunmix/runtime/any_update.hpp>
#include <xunmix/update/als.hpp>
#include <xunmix/update/ard.hpp>
#include <xunmix/update/bpp.hpp>
#include <xunmix/update/hals.hpp>
#include <xunmix/update/mals.hpp>
#include <xunmix/update/multiplicative.hpp>
#include <xunmix/update/soft_orthogonal.hpp>

namespace hooks_test
{
using namespace support;

namespace
{
const matrix X = random_matrix(30, 24, 1);

/// What prepare() saw, call by call, for the test to look at.
struct seen
{
    std::size_t iteration;
    matrix factor, gram;
    std::vector<double> weights;
};

/// Non-negative, and tells what it sees.
struct watching : xu::non_negative
{
    std::vector<seen>* log = nullptr;

    template <class T>
    void prepare(xu::factor_ref<const T> f, const xu::surroundings& around)
    {
        matrix gram(around.gram.rows, around.gram.cols);
        for (std::size_t i = 0; i < gram.rows; ++i)
            for (std::size_t j = 0; j < gram.cols; ++j)
                gram(i, j) = around.gram(i, j);
        const auto weights = around.product.weights();
        log->push_back({around.iteration, to_matrix(f), gram, {weights.begin(), weights.end()}});
    }
};
static_assert(xu::check_constraint<watching, double>());

xu::options options(std::size_t iterations, std::size_t rank = 3)
{
    return {.rank = rank,
            .max_iterations = iterations,
            .tolerance = 0,
            .threads = 1,
            .scale = xu::scaling::none};
}

/// All objectives of a solver's iterations.
template <class T>
std::vector<double> objectives(xu::solver<T> solver)
{
    std::vector<double> out;
    while (solver.status() == xu::status::running)
    {
        solver.step();
        out.push_back(solver.current().objective);
    }
    return out;
}

void check_descent(const std::vector<double>& objectives, double rounding = 1e-12)
{
    for (std::size_t t = 1; t < objectives.size(); ++t)
        CHECK(objectives[t] <= objectives[t - 1] * (1 + rounding));
}
}

TEST_CASE_TEMPLATE("hooks: prepare sees the factor, the other one's Gram matrix and the iteration",
                   U, xu::hals, xu::als, xu::bpp, xu::multiplicative)
{
    std::vector<seen> log;
    U update;
    if constexpr (requires { update.extrapolate; })
        update.extrapolate = false; // which would move the factor in between
    auto solver =
        xu::make_solver(unfold_as<double>(X), options(5), update, xu::on_maps(xu::non_negative{}),
                        xu::on_components(watching{{}, &log}));
    matrix maps = to_matrix(solver.current().maps),
           components = to_matrix(solver.current().components);
    CHECK(log.empty());
    for (std::size_t t = 1; t <= 5; ++t)
    {
        solver.step();
        REQUIRE(log.size() == t);
        CHECK(log.back().iteration == t);
        CHECK(log.back().factor.values == components.values);
        const matrix& by = U::first == xu::side::maps ? to_matrix(solver.current().maps) : maps;
        CHECK(relative_distance(log.back().gram, transposed(by) * by) < 1e-12);
        CHECK(log.back().weights.empty());
        maps = to_matrix(solver.current().maps);
        components = to_matrix(solver.current().components);
    }
}

TEST_CASE("hooks: prepare sees the weights of its factor's rows")
{
    std::vector<seen> log;
    const auto data = xu::poisson_scaled(xu::dense(unfold_as<double>(counted(X, 50))));
    auto solver = xu::make_solver(data, options(1), xu::hals{}, xu::on_maps(watching{{}, &log}),
                                  xu::on_components(xu::non_negative{}));
    solver.step();
    REQUIRE(!log.empty());
    const auto expected = xu::inner_product_of(data, xu::side::maps).weights();
    CHECK(std::vector<double>(expected.begin(), expected.end()) == log.back().weights);
    CHECK(log.back().weights.size() == X.rows);
}

TEST_CASE("hooks: prepare comes before the step of another loss too")
{
    std::vector<seen> log;
    auto solver = xu::make_solver(unfold_as<double>(X), options(2), xu::multiplicative{},
                                  xu::beta_divergence{1}, xu::on_maps(xu::non_negative{}),
                                  xu::on_components(watching{{}, &log}));
    solver.step();
    const matrix maps = to_matrix(solver.current().maps);
    REQUIRE(log.size() == 1);
    CHECK(log[0].iteration == 1);
    CHECK(relative_distance(log[0].gram, transposed(maps) * maps) < 1e-12);
}

namespace
{
/// A ridge whose weight is 0.1, 0.2, 0.3, ... in its own first, second, third ... iteration: it
/// counts them itself.
class growing_ridge
{
  public:
    static constexpr bool moves = true;

    template <class T>
    void prepare(xu::factor_ref<const T>, const xu::surroundings&)
    {
        counted_.resize(1);
        ++counted_[0];
    }
    void add_to_gram(xu::matrix_ref<double> gram, const xu::grid& places) const
    {
        xu::ridge{0.1 * counted_[0]}.add_to_gram(gram, places);
    }
    std::vector<double>& memory()
    {
        return counted_;
    }
    static std::size_t memory_size(const xu::grid&, std::size_t)
    {
        return 1;
    }

  private:
    std::vector<double> counted_;
};
static_assert(xu::check_constraint<growing_ridge, float>());

auto with_memory(std::size_t iterations)
{
    return xu::make_solver(unfold_as<double>(X), options(iterations), xu::mals{},
                           xu::on_maps(xu::non_negative{}, growing_ridge{}),
                           xu::on_components(growing_ridge{}, xu::non_negative{}));
}
}

TEST_CASE("hooks: what a constraint keeps is written with the state, and resumes to the last bit")
{
    auto whole = with_memory(10), first = with_memory(4), second = with_memory(10);
    while (first.status() == xu::status::running)
        first.step();
    const auto& sections = first.state().sections;
    REQUIRE(sections.size() == 4);
    CHECK(sections[0].name == "maps/mals");
    CHECK(sections[1].name.find("growing_ridge") != std::string::npos);
    CHECK(sections[2].name == "components/mals");
    CHECK(sections[1].numbers == std::vector<double>{4});
    CHECK(sections[3].numbers == std::vector<double>{4});
    std::stringstream file;
    xu::write_state(file, first.state());
    second.resume(xu::read_state<double>(file));
    while (second.status() == xu::status::running)
        second.step();
    while (whole.status() == xu::status::running)
        whole.step();
    CHECK(second.state().maps == whole.state().maps);
    CHECK(second.state().components == whole.state().components);
    CHECK(second.state().sections[1].numbers == std::vector<double>{10});
}

TEST_CASE("hooks: sections that are not this solver's are refused")
{
    auto solver = with_memory(4);
    solver.step();
    const auto refused = [&](auto change)
    {
        auto state = solver.state();
        change(state.sections);
        return message_of<xu::invalid_argument>([&] { with_memory(4).resume(state); });
    };
    CHECK(refused([](auto&) {}) == "no exception");
    CHECK(refused([](auto& s) { s[1].numbers.clear(); }) == "no exception");
    CHECK(refused([](auto& s) { s[0].name = "maps/hals"; }) ==
          "the state is damaged: it has no numbers of maps/mals as section 0; start again without "
          "it");
    CHECK(refused([](auto& s) { s.pop_back(); }).find("as section 3") != std::string::npos);
    CHECK(refused(
              [](auto& s) {
                  s.push_back({"more", {}});
              }) == "the state is damaged: it has 5 sections instead of 4; start again without it");
    CHECK(refused([](auto& s) { s[1].numbers.push_back(0); }).find("are 2 instead of 1") !=
          std::string::npos);
}

namespace
{
/// Non-negative least squares for two columns, row by row, the best of all four supports.
struct best_of_supports
{
    static constexpr bool row_separable = true, in_orthant = true, descends = true;

    template <class T>
    void solve(xu::factor_ref<T> f, const xu::normal_equations<T>& eq) const
    {
        const double a = eq.gram(0, 0), b = eq.gram(0, 1), d = eq.gram(1, 1);
        for (std::size_t i = 0; i < f.rows(); ++i)
        {
            const double p = eq.rhs(i, 0), q = eq.rhs(i, 1), det = a * d - b * b;
            double best = 0;
            f(i, 0) = f(i, 1) = 0;
            for (const auto& [x, y] : {std::pair{p / a, 0.0}, std::pair{0.0, q / d},
                                       std::pair{(d * p - b * q) / det, (a * q - b * p) / det}})
            {
                const double value = a * x * x / 2 + b * x * y + d * y * y / 2 - p * x - q * y;
                if (x >= 0 && y >= 0 && value < best)
                {
                    best = value;
                    f(i, 0) = static_cast<T>(x);
                    f(i, 1) = static_cast<T>(y);
                }
            }
        }
    }
};
static_assert(xu::check_constraint<best_of_supports, float>());

/// The same, not known to descend, and with negative entries allowed.
struct free_solution
{
    template <class T>
    void solve(xu::factor_ref<T> f, const xu::normal_equations<T>& eq) const
    {
        const double a = eq.gram(0, 0), b = eq.gram(0, 1), d = eq.gram(1, 1), det = a * d - b * b;
        for (std::size_t i = 0; i < f.rows(); ++i)
        {
            const double p = eq.rhs(i, 0), q = eq.rhs(i, 1);
            f(i, 0) = static_cast<T>((d * p - b * q) / det);
            f(i, 1) = static_cast<T>((a * q - b * p) / det);
        }
    }
};

const matrix S = random_matrix(24, 2, 5);
}

TEST_CASE_TEMPLATE("hooks: solve takes the place of any update's step", U, xu::hals, xu::als,
                   xu::mals, xu::bpp, xu::multiplicative)
{
    // With the components known, one iteration is the exact answer: that of bpp.
    const auto fit = [&](auto update, const auto&... constraints)
    {
        auto solver = xu::make_solver(
            unfold_as<double>(X), options(1, 2), update, xu::given{.components = to_tensor(S)},
            xu::on_maps(constraints...), xu::on_components(xu::fixed(to_tensor(S))));
        solver.step();
        return to_matrix(solver.current().maps);
    };
    CHECK(relative_distance(fit(U{}, best_of_supports{}), fit(xu::bpp{}, xu::non_negative{})) <
          1e-12);
    CHECK(relative_distance(fit(U{}, best_of_supports{}, xu::ridge{.weight = 2}),
                            fit(xu::bpp{}, xu::non_negative{}, xu::ridge{.weight = 2})) < 1e-12);
    CHECK(relative_distance(fit(U{}, xu::non_negative{}, best_of_supports{}),
                            fit(xu::bpp{}, xu::non_negative{})) < 1e-12);
    CHECK(relative_distance(fit(U{}, free_solution{}), fit(xu::als{}, xu::unconstrained{})) <
          1e-10);
    // A projection of another constraint comes after the solution.
    matrix clipped = fit(xu::als{}, xu::unconstrained{});
    for (double& x : clipped.values)
        x = std::max(x, 0.0);
    if (xu::update_hook::clips<U>) // refuses what would be clipped
        CHECK_THROWS_AS(fit(U{}, free_solution{}, xu::non_negative{}), xu::invalid_argument);
    else
        CHECK(relative_distance(fit(U{}, free_solution{}, xu::non_negative{}), clipped) < 1e-10);
}

TEST_CASE(
    "hooks: an exact solution descends, in either layout, whatever the update, with penalties")
{
    const auto run = [](auto update, layout how, const auto& more)
    {
        return objectives(xu::make_solver(unfold_as<double>(X, how), options(60, 2), update,
                                          xu::on_maps(best_of_supports{}, more),
                                          xu::on_components(xu::non_negative{})));
    };
    for (const layout how : {layout::row_major, layout::column_major})
    {
        check_descent(run(xu::hals{}, how, xu::ridge{.weight = 1}));
        check_descent(run(xu::bpp{}, how, xu::unconstrained{}));
        check_descent(run(xu::multiplicative{}, how, xu::non_negative{}));
    }
}

TEST_CASE("hooks: how solve goes with an update and with other constraints")
{
    using enum xu::pairing;
    const xu::hals update;
    const auto pairing = [&](const auto&... c)
    { return xu::pairing_of<double>(update, xu::all_of(c...)); };
    CHECK(pairing(best_of_supports{}) == descent);
    CHECK(pairing(best_of_supports{}, xu::non_negative{}) == descent);
    CHECK(pairing(best_of_supports{}, xu::ridge{}) == descent);
    CHECK(pairing(best_of_supports{}, xu::unit_norm{}) == descent);
    CHECK(pairing(free_solution{}) == heuristic);
    CHECK(pairing(free_solution{}, xu::non_negative{}) == heuristic);
    CHECK(pairing(best_of_supports{}, xu::sparse{}) == descent); // by its add_to_rhs
    CHECK(xu::pairing_of<double>(xu::ard{}, best_of_supports{}) == unsupported);
    CHECK(xu::pairing_of<double>(xu::soft_orthogonal{}, best_of_supports{}) == unsupported);

    const auto refused = [](const auto& constraint, auto with)
    {
        return message_of<xu::invalid_argument>(
            [&] {
                xu::make_solver(unfold_as<double>(X), options(1, 2), with, xu::on_maps(constraint));
            });
    };
    CHECK(refused(xu::all_of(best_of_supports{}, free_solution{}), xu::hals{}) ==
          "the maps have 2 constraints that take the place of the update's step, which one can do "
          "at most; leave the others out");
    xu::constraint_list<best_of_supports> chosen;
    chosen.add(best_of_supports{});
    CHECK(refused(chosen, xu::ard{})
              .starts_with("the constraint on the maps has no hook this "
                           "update can use"));
    CHECK(refused(chosen, xu::hals{}) == "no exception");
}

TEST_CASE("hooks: a constraint of one's own among those chosen at run time")
{
    const auto run = [](const auto& c)
    {
        return objectives(xu::make_solver(unfold_as<double>(X), options(20, 2), xu::hals{},
                                          xu::on_maps(c), xu::on_components(xu::non_negative{})));
    };
    xu::constraint_list<best_of_supports, growing_ridge> chosen({"ridge:0.5"});
    chosen.add(best_of_supports{});
    chosen.add(growing_ridge{});
    CHECK(run(chosen) ==
          run(xu::all_of(xu::ridge{.weight = 0.5}, best_of_supports{}, growing_ridge{})));
    CHECK(run(chosen) != run(xu::all_of(xu::ridge{.weight = 0.5}, best_of_supports{})));
}

namespace
{
/// weight sum (f_i - f_(i+2))^2 over the places of a line, two apart: a checkerboard would have
/// both ends of a pair in one colour, so it hands out three colours of its own.
struct two_apart
{
    double weight = 0;

    template <class T>
    double value(xu::factor_ref<const T> f) const
    {
        double sum = 0;
        for (auto column : f.columns())
            for (std::size_t i = 0; i + 2 < column.size(); ++i)
                sum += std::pow(static_cast<double>(column[i] - column[i + 2]), 2);
        return weight * sum;
    }
    template <class T>
    void add_curvature(const xu::grid&, std::size_t, std::span<T> d) const
    {
        for (std::size_t i = 0; i + 2 < d.size(); ++i)
        {
            d[i] += static_cast<T>(weight);
            d[i + 2] += static_cast<T>(weight);
        }
    }
    template <class T>
    void add_pull(const xu::grid&, std::size_t, std::span<const T> f, std::span<T> p) const
    {
        for (std::size_t i = 0; i + 2 < f.size(); ++i)
        {
            p[i] += static_cast<T>(weight) * f[i + 2];
            p[i + 2] += static_cast<T>(weight) * f[i];
        }
    }
    static std::size_t colour(const xu::grid&, std::span<std::size_t> colours)
    {
        for (std::size_t i = 0; i < colours.size(); ++i)
            colours[i] = i % 4 / 2;
        return 2;
    }
};
static_assert(xu::check_constraint<two_apart, float>());

/// The gradient of |X - C S^T|^2 / 2 + two_apart / 2 + smooth / 2 along the maps.
matrix gradient_of_maps(const matrix& data, const matrix& C, const matrix& other, double apart,
                        double smooth)
{
    matrix g = C * (transposed(other) * other) - data * other;
    for (std::size_t j = 0; j < C.cols; ++j)
        for (const auto& [distance, weight] : {std::pair{std::size_t{2}, apart}, {1, smooth}})
            for (std::size_t i = 0; i + distance < C.rows; ++i)
            {
                const double difference = C(i, j) - C(i + distance, j);
                g(i, j) += weight * difference;
                g(i + distance, j) -= weight * difference;
            }
    return g;
}
}

TEST_CASE("hooks: with its own colouring a coupling descends to a point where the gradient ends")
{
    const matrix known = random_matrix(24, 3, 6);
    for (const double smooth : {0.0, 1.5})
    {
        auto solver = xu::make_solver(
            unfold_as<double>(X), options(300), xu::hals{},
            xu::given{.components = to_tensor(known)},
            xu::on_maps(xu::non_negative{}, two_apart{.weight = 3}, xu::smooth{.weight = smooth}),
            xu::on_components(xu::fixed(to_tensor(known))));
        std::vector<double> falling;
        while (solver.status() == xu::status::running)
        {
            solver.step();
            falling.push_back(solver.current().objective);
        }
        check_descent(falling);
        const matrix C = to_matrix(solver.current().maps);
        const matrix g = gradient_of_maps(X, C, known, 3, smooth);
        for (std::size_t e = 0; e < C.values.size(); ++e)
        {
            CHECK(g.values[e] > -1e-9);
            CHECK(std::abs(g.values[e] * C.values[e]) < 1e-9);
        }
    }
}

TEST_CASE("hooks: a coupling with its own colouring descends beside an l1 penalty, both factors")
{
    check_descent(objectives(xu::make_solver(
        unfold_as<double>(X), options(100), xu::hals{},
        xu::on_maps(xu::non_negative{}, two_apart{.weight = 3}, xu::sparse{.weight = 0.2}),
        xu::on_components(xu::non_negative{}, two_apart{.weight = 1}))));
}

TEST_CASE("hooks: scheduled hands prepare and memory on to what it holds")
{
    std::vector<seen> log;
    auto solver = xu::make_solver(unfold_as<double>(X), options(6), xu::als{},
                                  xu::on_maps(xu::scheduled(watching{{}, &log}, 3, 2)));
    for (std::size_t t = 1; t <= 6; ++t)
    {
        solver.step();
        CHECK(log.size() == t);
        CHECK(log.back().iteration == t);
    }
    static_assert(xu::hook::memory<xu::scheduled<growing_ridge>>);
    static_assert(!xu::hook::memory<xu::scheduled<xu::non_negative>>);
}

TEST_CASE("hooks: each solver has a copy of the constraint that the others do not see")
{
    const xu::scheduled constraint(xu::non_negative{}, 2, 2);
    const auto make = [&]
    {
        return xu::make_solver(unfold_as<double>(X - matrix(X.rows, X.cols, 0.5)), options(4),
                               xu::als{}, xu::on_maps(constraint));
    };
    auto ahead = make(), behind = make();
    ahead.step();
    ahead.step();
    behind.step();
    const auto least = [](const auto& solver)
    {
        const auto values = to_matrix(solver.current().maps).values;
        return *std::min_element(values.begin(), values.end());
    };
    CHECK(least(ahead) == 0);
    CHECK(least(behind) < 0);
}
}
