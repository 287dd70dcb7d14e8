// SPDX-License-Identifier: BSD-3-Clause
// Parts chosen at run time do what those chosen in the source do, to the bit.
#include "../support.hpp"

#include <xunmix/factorize/factorize.hpp>
#include <xunmix/loss/beta_divergence.hpp>
#include <xunmix/matrix/dense.hpp>
#include <xunmix/runtime/any_constraint.hpp>
#include <xunmix/runtime/any_start.hpp>
#include <xunmix/runtime/any_update.hpp>
#include <xunmix/survey/survey.hpp>

namespace parts_test
{
using namespace support;

namespace
{
xu::tensor<float> scan()
{
    const matrix X = random_matrix(30, 4, 1) * transposed(random_matrix(25, 4, 2));
    auto out = xu::tensor<float>::from_shape({6, 5, 25});
    std::transform(X.values.begin(), X.values.end(), out.begin(),
                   [](double x) { return static_cast<float>(x); });
    return out;
}

/// All numbers of a factorization with these parts.
template <class U, class... Args>
std::vector<float> numbers(const U& update, const Args&... args)
{
    const auto values = scan();
    const auto r = xu::factorize(xu::unfold(values, xu::positions{0, 1}),
                                 {.rank = 3, .max_iterations = 15, .seed = 3}, update, args...);
    std::vector<float> out{static_cast<float>(r.objective)};
    for (const auto f : {r.maps_matrix(), r.components_matrix()})
        for (const auto column : f.columns())
            out.insert(out.end(), column.begin(), column.end());
    return out;
}

const auto positive_maps = xu::on_maps(xu::non_negative{});
const auto positive_components = xu::on_components(xu::non_negative{});

template <class U>
void check_update(const U& typed, const std::string& text)
{
    CAPTURE(text);
    const auto wanted = numbers(typed, positive_maps, positive_components);
    CHECK(numbers(xu::runtime::update(text), positive_maps, positive_components) == wanted);
    const auto by_name = xu::runtime::constraint("non_negative");
    CHECK(numbers(xu::runtime::update(text), xu::on_maps(by_name), xu::on_components(by_name)) ==
          wanted);
    CHECK(numbers(typed, xu::on_maps(by_name), xu::on_components(by_name)) == wanted);
}

template <class A>
void check_start(const A& typed, const std::string& text)
{
    CAPTURE(text);
    CHECK(numbers(xu::hals{}, positive_maps, positive_components, xu::runtime::start(text)) ==
          numbers(xu::hals{}, positive_maps, positive_components, typed));
}

std::string update_error(const std::string& text)
{
    return message_of<xu::invalid_argument>([&] { xu::runtime::update(text); });
}
}

TEST_CASE("parts: every update by name gives the bits of its type")
{
    check_update(xu::hals{}, "hals");
    check_update(xu::als{}, "als");
    check_update(xu::bpp{}, "bpp");
    check_update(xu::mals{}, "mals");
    check_update(xu::multiplicative{}, "multiplicative");
    check_update(xu::ard_multiplicative{}, "ard_multiplicative");
    check_update(xu::soft_orthogonal{}, "soft_orthogonal");
    check_update(xu::soft_orthogonal{.weight = 0.25}, "soft_orthogonal:0.25");
    check_update(xu::soft_orthogonal{.weight = 0.25, .on = xu::side::components},
                 "soft_orthogonal:0.25:components");
    check_update(xu::ard{}, "ard");
    check_update(xu::ard{.orthogonality = 0.1}, "ard:0.1");
}

TEST_CASE("parts: every start by name gives the bits of its type")
{
    check_start(xu::random_uniform{}, "random_uniform");
    check_start(xu::random_positions{}, "random_positions");
    check_start(xu::vca{}, "vca");
    check_start(xu::vca{.least = 0.01}, "vca:0.01");
    check_start(xu::spa{}, "spa");
    check_start(xu::signal_subspace{.least = 0.02}, "signal_subspace:0.02");
    check_start(xu::nndsvd{.fill = xu::nndsvd_fill::zero}, "nndsvd");
    check_start(xu::nndsvd{.fill = xu::nndsvd_fill::mean}, "nndsvda");
    check_start(xu::nndsvd{.fill = xu::nndsvd_fill::random}, "nndsvdar");
}

TEST_CASE("parts: a loss goes with an update chosen at run time where it goes with its type")
{
    const xu::beta_divergence loss{1};
    CHECK(numbers(xu::runtime::update("multiplicative"), positive_maps, positive_components,
                  loss) == numbers(xu::multiplicative{}, positive_maps, positive_components, loss));
    CHECK(message_of<xu::invalid_argument>(
              [&] { numbers(xu::runtime::update("hals"), positive_maps, loss); }) ==
          "a loss such as beta_divergence goes with multiplicative and ard_multiplicative; hals "
          "minimises least squares, for counts on poisson_scaled data");
}

TEST_CASE("parts: fixed entries and a projection of one's own go into any_constraint")
{
    auto known = xu::tensor<float>::from_shape({1, 25});
    known.fill(0.5F);
    const auto halves = [](auto f)
    {
        for (auto column : f.columns())
            for (auto& x : column)
                x = std::round(2 * x) / 2;
    };
    xu::any_constraint chosen({"non_negative"});
    chosen.add(xu::fixed(known));
    CHECK(numbers(xu::hals{}, positive_maps, xu::on_components(chosen)) ==
          numbers(xu::hals{}, positive_maps,
                  xu::on_components(xu::non_negative{}, xu::fixed(known))));
    xu::any_constraint own({"non_negative"});
    own.add(xu::own_projection(halves));
    CHECK(numbers(xu::hals{}, positive_maps, xu::on_components(own)) ==
          numbers(xu::hals{}, positive_maps, xu::on_components(xu::non_negative{}, halves)));
}

TEST_CASE("parts: what the compiler would refuse is refused before any work")
{
    struct only_gradient
    {
        void split_gradient(xu::factor_ref<const float>, xu::factor_ref<float>,
                            xu::factor_ref<float>) const
        {
        }
    };
    CHECK(message_of<xu::invalid_argument>(
              [] { numbers(xu::runtime::update("hals"), xu::on_maps(only_gradient{})); }) ==
          "the constraint on the maps has no hook this update can use; see the table in "
          "include/xunmix/contract/README.md");
    const auto values = scan();
    CHECK(message_of<xu::invalid_argument>(
              [&]
              {
                  xu::survey(xu::unfold(values, xu::positions{0, 1}), {.ranks = {2}},
                             xu::runtime::update("ard"));
              }) == "a survey runs every rank as it is; ard finds the number of components itself: "
                    "give it to factorize");
}

TEST_CASE("parts: texts that cannot be read are refused with what can be written")
{
    const std::string known = "known are " + xu::any_update::known_names();
    CHECK(update_error("nmf") == "there is no update \"nmf\"; " + known);
    CHECK(update_error("hals:3") == "update \"hals:3\" has 1 numbers; " + known);
    CHECK(update_error("soft_orthogonal:x") ==
          "update \"soft_orthogonal:x\": cannot read the number \"x\"; write one like 0.1");
    CHECK(update_error("soft_orthogonal:0.1:both") ==
          "update \"soft_orthogonal:0.1:both\" has \"both\" where it takes maps or components");
    CHECK(message_of<xu::invalid_argument>([] { xu::runtime::start("zeros"); }) ==
          "there is no start \"zeros\"; known are " + xu::any_start::known_names());
    CHECK(message_of<xu::invalid_argument>([] { xu::runtime::start("nndsvd:1"); }) ==
          "start \"nndsvd:1\" has 1 numbers; known are " + xu::any_start::known_names());
}
}
