// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <xunmix/contract/check_model.hpp>
#include <xunmix/contract/data_matrix.hpp>
#include <xunmix/contract/observer.hpp>
#include <xunmix/core/compiled.hpp>
#include <xunmix/core/finite.hpp>
#include <xunmix/core/parallel.hpp>
#include <xunmix/factorize/factorize.hpp>
#include <xunmix/matrix/any_matrix.hpp>
#include <xunmix/model/best_of.hpp>
#include <xunmix/model/factor.hpp>
#include <xunmix/rank/consistency.hpp>
#include <xunmix/rank/criteria.hpp>
#include <xunmix/rank/findings.hpp>
#include <xunmix/rank/noise_edge.hpp>
#include <xunmix/rank/recommend.hpp>
#include <xunmix/rank/spectrum_of.hpp>
#include <xunmix/rank/thinning.hpp>
#include <xunmix/rank/uneven_noise.hpp>
#include <xunmix/unfold/unfold.hpp>

namespace xunmix
{
namespace detail
{
/// Throws invalid_argument and invalid_data for what no report can be made of.
template <class M>
void check_report(const M& x, const rank_options& o)
{
    require<invalid_argument>(!o.ranks.empty(), "a rank report needs at least one rank, got none: "
                                                "is the first of the range above the last?");
    require<invalid_argument>(o.starts >= 1 && o.draws >= 1 && o.max_iterations >= 1,
                              "a rank report needs at least one start, draw and iteration, got ",
                              o.starts, ", ", o.draws, " and ", o.max_iterations);
    require<invalid_argument>(o.consensus_positions >= 2,
                              "a consensus needs at least two positions, got ",
                              o.consensus_positions);
    require<invalid_argument>(o.held_out > 0 && o.held_out < 1,
                              "the share held out must lie between 0 and 1, got ", o.held_out);
    for (const std::size_t rank : o.ranks)
    {
        check_options(x, {.rank = rank, .tolerance = o.tolerance});
        require<invalid_argument>(std::count(o.ranks.begin(), o.ranks.end(), rank) == 1, "rank ",
                                  rank, " is named twice among the report's ranks");
    }
    check_data(x, hals::needs_non_negative_data);
    check_positive(x);
}

/// At most `most` positions that are lit, evenly spread; of all where every
/// sum is zero.
template <class M>
std::vector<std::size_t> spread_positions(const M& x, std::size_t most)
{
    typename M::workspace work{};
    const auto sums = marginal_sums(x, side::maps, work);
    std::vector<std::size_t> lit, out;
    for (std::size_t i = 0; i < sums.size(); ++i)
        if (x.shape().positions.keeps(i) && (sums[i] < 0 || sums[i] > 0))
            lit.push_back(i);
    const bool none = lit.empty();
    for (std::size_t i = 0; none && i < sums.size(); ++i)
        if (x.shape().positions.keeps(i))
            lit.push_back(i);
    const std::size_t count = std::min(most, lit.size());
    for (std::size_t i = 0; i < count; ++i)
        out.push_back(lit[i * lit.size() / count]);
    return out;
}

/// All that a report is made from.
template <class M>
class rank_reporter
{
  public:
    using T = typename M::factor_type;

    rank_reporter(const M& x, const rank_options& o, noise_model noise)
        : o_(o)
        , original_(x)
        , x_(noise == noise_model::poisson ? poisson_scaled(x, o.threads) : unscaled(x, o.threads))
        , small_(compress())
        , spectrum_(spectrum_of(x_, std::min(least(), std::max<std::size_t>(highest() + 1, 20)),
                                o.threads))
        , places_(spread_positions(x, o.consensus_positions))
    {
        std::sort(o_.ranks.begin(), o_.ranks.end());
        out_.noise = noise;
        for (const std::size_t rank : o_.ranks)
            run_starts(rank);
        judge_spectrum();
        judge_edge();
        judge_consistency();
    }
    rank_findings take()
    {
        return std::move(out_);
    }

  private:
    std::size_t least() const
    {
        return x_.shape().smaller_side();
    }
    std::size_t highest() const
    {
        return *std::max_element(o_.ranks.begin(), o_.ranks.end());
    }
    compressed<scaled<M>> compress() const
    {
        constexpr std::size_t more = 25;
        return {x_,
                decompose_weighted(x_, std::min(least(), highest() + more), o_.seed, o_.threads),
                o_.threads};
    }

    /// Every start on compressed data, in parallel; the best is kept.
    void run_starts(std::size_t rank)
    {
        std::vector<std::optional<result<T>>> found(o_.starts);
        step_counter told(o_.observer,
                          {.doing = rank_progress::step::starts, .rank = rank, .total = o_.starts});
        parallel_for(o_.starts, o_.threads,
                     [&](std::size_t start, std::size_t)
                     {
                         found[start] = factorize(small_,
                                                  {.rank = rank,
                                                   .max_iterations = o_.max_iterations,
                                                   .tolerance = o_.tolerance,
                                                   .seed = o_.seed + start,
                                                   .threads = 1},
                                                  hals{}, on_maps(non_negative{}),
                                                  on_components(non_negative{}));
                         told.add_one();
                     });
        best_of ended;
        std::vector<double> mses;
        for (std::size_t s = 0; s < o_.starts; ++s)
        {
            mses.push_back(found[s]->mse);
            ended.offer(found[s]->objective, s);
        }
        const std::size_t best = ended.start();
        require<error>(ended.is_finite(), "no start of rank ", rank,
                       " stayed finite: scale the data");
        out_.rows.push_back(row_of(rank, found, mses, best));
        best_.push_back(std::move(*found[best]));
    }
    rank_row row_of(std::size_t rank, const std::vector<std::optional<result<T>>>& found,
                    const std::vector<double>& mses, std::size_t best) const
    {
        rank_row row{.rank = rank};
        typename scaled<M>::workspace work{.threads = o_.threads};
        row.mse = x_.residual_squared_norm(found[best]->maps_matrix(),
                                           found[best]->components_matrix(), work) /
                  spectrum_.entries();
        row.spread = standard_deviation(mses);
        row.pca_mse = rank <= spectrum_.values.size()
                          ? spectrum_.residual(rank) / spectrum_.entries()
                          : std::numeric_limits<double>::quiet_NaN();
        std::vector<std::vector<std::size_t>> labels;
        std::vector<factor_ref<const T>> components;
        for (const auto& f : found)
        {
            components.push_back(f->components_matrix());
            labels.push_back(
                strongest_components(f->maps_matrix(), f->components_matrix(), places_));
        }
        const auto consensus = consensus_matrix(labels);
        row.dispersion = dispersion(consensus);
        row.cophenetic = cophenetic_coefficient(consensus);
        row.stability = stability(components);
        row.warning = small_.warning(rank);
        return row;
    }

    /// A score whose values are value(rank).
    rank_score scored(std::string name, std::string how, auto&& value) const
    {
        rank_score s{.name = std::move(name), .how = std::move(how)};
        for (const auto& row : out_.rows)
            s.values.push_back(value(row));
        return s;
    }
    /// Its rank is that of the least value.
    void add_least(rank_score s)
    {
        const auto least = std::min_element(s.values.begin(), s.values.end());
        s.rank = out_.rows[static_cast<std::size_t>(least - s.values.begin())].rank;
        out_.scores.push_back(std::move(s));
    }

    void judge_spectrum()
    {
        const bool counts = out_.noise == noise_model::poisson;
        const variance v = counts ? variance::one : variance::unknown;
        const std::string of =
            counts ? "the Poisson-scaled singular values" : "the singular values";
        const auto& s = spectrum_;
        auto elbow = scored("elbow",
                            "The number before the elbow of " + of +
                                ", the point farthest below the line from the first to the last.",
                            [&](const rank_row& r) { return std::sqrt(s.values[r.rank - 1]); });
        if (std::count_if(s.values.begin(), s.values.end(), [](double x) { return x > 0; }) >= 3)
            elbow.rank = scree_elbow(s.values);
        else
            elbow.how = "Not applicable: an elbow needs at least three values above zero.";
        out_.scores.push_back(std::move(elbow));
        add_least(scored("indicator", "The least of Malinowski's indicator function of " + of + ".",
                         [&](const rank_row& r) { return indicator(s, r.rank); }));
        add_least(scored("aic", "The least of Akaike's criterion of " + of + ".",
                         [&](const rank_row& r) { return aic(s, r.rank, v); }));
        add_least(scored("bic", "The least of Schwarz's criterion of " + of + ".",
                         [&](const rank_row& r) { return bic(s, r.rank, v); }));
    }

    void judge_edge()
    {
        const bool counts = out_.noise == noise_model::poisson;
        const auto edge = counts ? poisson_edge() : gaussian_edge();
        auto s = scored("noise_edge",
                        counts ? "The number of Poisson-scaled singular values that stand clear of "
                                 "those of counts drawn from models with fewer components."
                               : "The number of singular values that stand clear of the edge of "
                                 "noise as uneven over positions and channels as what is left.",
                        [&](const rank_row& r)
                        {
                            return r.rank <= edge.values.size() && edge.edges[r.rank - 1] > 0
                                       ? edge.values[r.rank - 1] / edge.edges[r.rank - 1]
                                       : std::numeric_limits<double>::quiet_NaN();
                        });
        s.rank = edge.rank;
        s.threshold = 1;
        out_.scores.insert(out_.scores.begin(), std::move(s));
        const std::size_t k = std::min(edge.rank, spectrum_.values.size());
        out_.noise_variance = noise_level(spectrum_, k) * noise_level(spectrum_, k);
        recommend(out_, edge);
    }
    edge_count gaussian_edge() const
    {
        return uneven_gaussian_edge(spectrum_, highest(), {original_, small_.svd(), o_.threads});
    }
    edge_count poisson_edge() const
    {
        const model_maker<T> model = [&](std::size_t rank)
        {
            const auto at = std::find(o_.ranks.begin(), o_.ranks.end(), rank);
            return at != o_.ranks.end() ? best_[static_cast<std::size_t>(at - o_.ranks.begin())]
                                        : fit_counts(small_, rank, o_.seed, o_.threads);
        };
        return poisson_noise_edge(x_, spectrum_, model,
                                  {.highest = highest(),
                                   .draws = o_.draws,
                                   .seed = o_.seed,
                                   .threads = o_.threads,
                                   .observer = o_.observer});
    }

    void judge_consistency()
    {
        add_consistency("dispersion", "dispersion of the consensus of all starts",
                        &rank_row::dispersion, 0.9);
        add_consistency("cophenetic", "cophenetic coefficient of the consensus of all starts",
                        &rank_row::cophenetic, 0.98);
        add_consistency("stability", "mean cosine of components matched between starts",
                        &rank_row::stability, 0.95);
    }
    void add_consistency(const char* name, const char* what, double rank_row::*value, double least)
    {
        auto s =
            scored(name, text("The last rank up to which the ", what, " is not below ", least, "."),
                   [&](const rank_row& r) { return r.*value; });
        s.threshold = least;
        if (o_.starts < 2)
            s.how = "Not applicable: consistency needs at least two starts.";
        else
            for (std::size_t i = 0; i < s.values.size() && s.values[i] >= least; ++i)
                s.rank = out_.rows[i].rank;
        out_.scores.push_back(std::move(s));
    }

    rank_options o_;
    const M& original_;
    scaled<M> x_;
    compressed<scaled<M>> small_;
    spectrum spectrum_;
    std::vector<std::size_t> places_;
    std::vector<result<T>> best_; ///< one a row
    rank_findings out_;
};

/// All criteria but the held-out counts.
template <class T>
rank_findings report_on(const any_matrix<T>& x, const rank_options& o, noise_model noise)
{
    return rank_reporter<any_matrix<T>>(x, o, noise).take();
}
}
}

#define XUNMIX_RANK_REPORT(prefix, T)                                                              \
    prefix template xunmix::rank_findings xunmix::detail::report_on<T>(                            \
        const xunmix::any_matrix<T>&, const xunmix::rank_options&, xunmix::noise_model);
#ifdef XUNMIX_COMPILED
XUNMIX_RANK_REPORT(extern, float)
XUNMIX_RANK_REPORT(extern, double)
#endif
