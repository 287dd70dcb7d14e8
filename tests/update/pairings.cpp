// SPDX-License-Identifier: BSD-3-Clause
// The table of updates and constraints in contract/README.md is what the concepts say.
#include "../support.hpp"

#include <fstream>
#include <sstream>

#include <xunmix/constraint/bounded.hpp>
#include <xunmix/constraint/decaying.hpp>
#include <xunmix/constraint/fixed.hpp>
#include <xunmix/constraint/non_negative.hpp>
#include <xunmix/constraint/resolution_limit.hpp>
#include <xunmix/constraint/ridge.hpp>
#include <xunmix/constraint/scheduled.hpp>
#include <xunmix/constraint/smooth.hpp>
#include <xunmix/constraint/sparse.hpp>
#include <xunmix/constraint/sum_to_one.hpp>
#include <xunmix/constraint/unit_norm.hpp>
#include <xunmix/contract/all_of.hpp>
#include <xunmix/contract/update.hpp>
#include <xunmix/diffraction/no_downward_convex_peak.hpp>
#include <xunmix/factorize/factorize.hpp>
#include <xunmix/factorize/with_loss.hpp>
#include <xunmix/loss/beta_divergence.hpp>
#include <xunmix/update/als.hpp>
#include <xunmix/update/ard.hpp>
#include <xunmix/update/ard_multiplicative.hpp>
#include <xunmix/update/bpp.hpp>
#include <xunmix/update/hals.hpp>
#include <xunmix/update/mals.hpp>
#include <xunmix/update/multiplicative.hpp>
#include <xunmix/update/soft_orthogonal.hpp>

namespace pairings_test
{
using namespace support;

namespace
{
using kullback_leibler = xu::with_loss<xu::multiplicative, xu::beta_divergence>;

template <class U, class C>
std::string cell()
{
    static_assert(U::template pairing_with<C, float>() == U::template pairing_with<C, double>());
    return name(U::template pairing_with<C, float>());
}

template <class C>
std::string row(const std::string& constraint)
{
    return "| " + constraint + " | " + cell<xu::als, C>() + " | " + cell<xu::multiplicative, C>() +
           " | " + cell<kullback_leibler, C>() + " | " + cell<xu::hals, C>() + " | " +
           cell<xu::bpp, C>() + " |\n";
}

std::string table()
{
    return "| constraint | `als` | `multiplicative` | … with `beta_divergence` | `hals` | `bpp` |\n"
           "|---|---|---|---|---|---|\n" +
           row<xu::non_negative>("`non_negative`") + row<xu::sparse>("`sparse`") +
           row<xu::ridge>("`ridge`") + row<xu::bounded>("`bounded`") +
           row<xu::sum_to_one>("`sum_to_one`") + row<xu::unit_norm>("`unit_norm`") +
           row<xu::fixed>("`fixed`") + row<xu::smooth>("`smooth`") +
           row<xu::resolution_limit>("`resolution_limit`") +
           row<xu::no_downward_convex_peak>("`no_downward_convex_peak`") +
           row<xu::decaying>("`decaying`") +
           row<xu::scheduled<xu::no_downward_convex_peak>>(
               "`scheduled` (another one, at some iterations)") +
           row<xu::unconstrained>("none");
}

std::string table_in_readme()
{
    std::ifstream file(XUNMIX_SOURCE_DIR "/include/xunmix/contract/README.md");
    std::ostringstream text;
    text << file.rdbuf();
    const std::string begin = "<!-- table: pairings -->", end = "<!-- end table -->";
    const auto from = text.str().find(begin), to = text.str().find(end, from);
    if (from == std::string::npos || to == std::string::npos)
        return "no table between " + begin + " and " + end;
    std::string found = text.str().substr(from + begin.size(), to - from - begin.size());
    found.erase(0, found.find_first_not_of('\n'));
    found.erase(found.find_last_not_of('\n') + 1);
    return found + '\n';
}

struct only_value
{
    double value(xu::factor_ref<const float>) const
    {
        return 0;
    }
};
struct only_prox
{
    void prox_column(xu::factor_ref<float>, std::size_t, float) const {}
};
struct only_gradient
{
    void split_gradient(xu::factor_ref<const float>, xu::factor_ref<float>,
                        xu::factor_ref<float>) const
    {
    }
};
struct gram_and_projection
{
    void add_to_gram(xu::matrix_ref<double>, const xu::grid&) const {}
    void project(xu::factor_ref<float>) const {}
};
}

TEST_CASE("pairings: contract/README.md shows the table that the concepts give")
{
    CHECK(table_in_readme() == table());
}

TEST_CASE("pairings: users' own constraints are judged by their hooks")
{
    using enum xu::pairing;
    const auto lambda = [](xu::factor_ref<float>) {};
    using projection = decltype(lambda);
    CHECK(xu::hals::pairing_with<projection, float>() == heuristic);
    CHECK(xu::als::pairing_with<projection, float>() == heuristic);
    CHECK(xu::multiplicative::pairing_with<projection, float>() == heuristic);
    CHECK(xu::hals::pairing_with<projection, double>() == unsupported);
    CHECK(xu::hals::pairing_with<only_value, float>() == unsupported);
    CHECK(xu::hals::pairing_with<only_prox, float>() == descent);
    CHECK(xu::als::pairing_with<only_prox, float>() == unsupported);
    CHECK(xu::multiplicative::pairing_with<only_prox, float>() == unsupported);
    CHECK(xu::multiplicative::pairing_with<only_gradient, float>() == descent);
    CHECK(xu::hals::pairing_with<only_gradient, float>() == unsupported);
    CHECK(xu::bpp::pairing_with<projection, float>() == heuristic);
    CHECK(xu::bpp::pairing_with<only_prox, float>() == unsupported);
    CHECK(xu::bpp::pairing_with<only_gradient, float>() == unsupported);
    CHECK(xu::bpp::pairing_with<only_value, float>() == unsupported);
    CHECK(xu::bpp::pairing_with<gram_and_projection, float>() == heuristic);
    // What projects afterwards is no descent, whatever else it has.
    CHECK(xu::als::pairing_with<gram_and_projection, float>() == heuristic);
    CHECK(xu::hals::pairing_with<gram_and_projection, float>() == heuristic);
}

TEST_CASE("pairings: updates made of others take what those take")
{
    using enum xu::pairing;
    const auto validate = []<class C>(const C&)
    {
        CHECK(xu::mals::pairing_with<C, float>() == xu::als::pairing_with<C, float>());
        CHECK(xu::soft_orthogonal::pairing_with<C, float>() == xu::hals::pairing_with<C, float>());
        CHECK(xu::ard::pairing_with<C, float>() ==
              std::min(heuristic, xu::hals::pairing_with<C, float>()));
        CHECK(xu::ard_multiplicative::pairing_with<C, float>() ==
              xu::multiplicative::pairing_with<C, float>());
    };
    validate(xu::non_negative{});
    validate(xu::sparse{});
    validate(xu::sum_to_one{});
    validate(only_prox{});
    validate(only_gradient{});
    CHECK(xu::update_hook::descends(xu::soft_orthogonal{.weight = 0}));
    CHECK_FALSE(xu::update_hook::descends(xu::soft_orthogonal{.weight = 0.1}));
    CHECK_FALSE(xu::update_hook::descends(xu::ard{}));
}

TEST_CASE("pairings: a list is as good as its weakest member")
{
    using enum xu::pairing;
    const xu::hals update;
    CHECK(xu::pairing_of<float>(update, xu::all_of(xu::non_negative{}, xu::ridge{})) == descent);
    CHECK(xu::pairing_of<float>(update, xu::all_of(xu::non_negative{}, xu::sum_to_one{})) ==
          heuristic);
    CHECK(xu::pairing_of<float>(update, xu::all_of(only_gradient{}, xu::sum_to_one{})) ==
          unsupported);
    CHECK(xu::pairing_of<float>(update, xu::unconstrained{}) == descent);
}

namespace
{
/// A hard constraint that has a term as well: no entry above one half.
struct at_most_half
{
    static constexpr bool row_separable = true, scale_free = false;

    template <class T>
    void split_gradient(xu::factor_ref<const T>, xu::factor_ref<T>, xu::factor_ref<T>) const
    {
    }
    template <class T>
    void project(xu::factor_ref<T> f) const
    {
        for (auto column : f.columns())
            for (T& x : column)
                x = std::min(x, T{0.5});
    }
};
}

TEST_CASE("pairings: multiplicative projects onto a constraint that has a term as well")
{
    CHECK(xu::multiplicative::pairing_with<at_most_half, double>() == xu::pairing::heuristic);
    const matrix X = random_matrix(12, 9, 1, 1, 2);
    const auto scan = to_tensor(X);
    const auto found =
        xu::factorize(xu::unfold(scan, xu::positions{0}), {.rank = 2, .scale = xu::scaling::none},
                      xu::multiplicative{}, xu::on_maps(at_most_half{}));
    for (const auto column : found.maps_matrix().columns())
        CHECK(*std::max_element(column.begin(), column.end()) <= 0.5);
}
}
