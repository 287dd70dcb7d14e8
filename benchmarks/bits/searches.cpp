// SPDX-License-Identifier: BSD-3-Clause
// Starts, many starts, compression, surveys, decompositions and reports on the rank.
#include "problems.hpp"

namespace bits
{
namespace
{
template <class Init>
void from(const std::string& name, const Init& init)
{
    const auto values = scan<float>(10);
    digest sum;
    sum.add_result(xu::factorize(xu::unfold(values, xu::positions{0, 1}), options(), xu::hals{},
                                 xu::on_maps(xu::non_negative{}),
                                 xu::on_components(xu::non_negative{}), init));
    sum.print(name);
}

void surveys(bool exact)
{
    const auto values = scan<float>(10);
    const auto found = xu::survey(
        xu::unfold(values, xu::positions{0, 1}),
        {.ranks = xu::rank_range(2, 4), .starts = 3, .max_iterations = 10, .exact = exact},
        xu::hals{}, xu::on_maps(xu::non_negative{}), xu::on_components(xu::non_negative{}),
        xu::nndsvd{});
    digest sum;
    for (const std::size_t k : {2U, 3U, 4U})
        sum.add_result(found.best(k));
    sum.print(exact ? "survey, exact" : "survey");
}

void ranks(const std::string& name, xu::noise_model noise)
{
    const auto values = scan<std::uint16_t>(60);
    const auto report =
        xu::rank_report(xu::unfold(values, xu::positions{0, 1}), {.ranks = xu::rank_range(1, 5),
                                                                  .noise = noise,
                                                                  .starts = 2,
                                                                  .max_iterations = 20,
                                                                  .draws = 3});
    digest sum;
    sum.add(report.recommended);
    for (const auto& row : report.rows)
        sum.add(row.mse);
    sum.print(name);
}

void decompositions()
{
    const auto values = scan<double>(10);
    const xu::dense matrix(xu::unfold(values, xu::positions{0, 1}));
    const auto add = [](const std::string& name, const auto& x, const xu::pca_options& options)
    {
        const auto found = xu::pca(x, options);
        digest sum;
        sum.add_result(found.model);
        sum.print(name);
    };
    add("pca", matrix, {.rank = rank});
    add("pca, not centred", matrix, {.rank = rank, .centred = false});
}
}

void searches()
{
    from("nndsvd", xu::nndsvd{});
    from("vca", xu::vca{});
    from("spa", xu::spa{});
    from("nndsvd, compression", xu::compression{.polish = 5});
    surveys(false);
    surveys(true);
    ranks("rank report, poisson", xu::noise_model::poisson);
    ranks("rank report, gaussian", xu::noise_model::gaussian);
    decompositions();
}
}
