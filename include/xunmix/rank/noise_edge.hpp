// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include <xunmix/constraint/non_negative.hpp>
#include <xunmix/contract/observer.hpp>
#include <xunmix/core/parallel.hpp>
#include <xunmix/factorize/factorize.hpp>
#include <xunmix/matrix/scaled.hpp>
#include <xunmix/rank/count_floor.hpp>
#include <xunmix/rank/criteria.hpp>
#include <xunmix/rank/findings.hpp>
#include <xunmix/rank/simulated_counts.hpp>
#include <xunmix/rank/spectrum_of.hpp>
#include <xunmix/svd/compressed.hpp>
#include <xunmix/update/hals.hpp>

namespace xunmix
{
struct noise_edge_options
{
    std::size_t highest = 10; ///< components looked at, at most
    std::size_t draws = 10;   ///< scans drawn where the answer is close; one where it is clear
    std::uint64_t seed = 0;
    std::size_t threads = 0;
    std::function<void(const rank_progress&)> observer{}; ///< see rank_options
};

namespace detail
{
/// A non-negative model of Poisson-scaled counts, for its rank.
template <class F>
using model_maker = std::function<result<F>(std::size_t)>;

template <class M>
result<typename M::factor_type> fit_counts(const M& x, std::size_t rank, std::uint64_t seed,
                                           std::size_t threads)
{
    return factorize(
        x,
        {.rank = rank, .max_iterations = 100, .tolerance = 1e-4, .seed = seed, .threads = threads},
        hals{}, on_maps(non_negative{}), on_components(non_negative{}));
}

/// The singular value number rank + 1 of each of some scans drawn from a model of this rank.
template <class F>
std::vector<double> drawn_values(const result<F>& model, std::size_t first, std::size_t count,
                                 const count_floor& least, const noise_edge_options& o)
{
    const simulated_counts simulated(model.maps_matrix(), model.components_matrix(), least);
    std::vector<double> out(count);
    step_counter told(o.observer, {.doing = rank_progress::step::draws,
                                   .rank = model.rank(),
                                   .done = first,
                                   .total = first + count});
    parallel_for(count, o.threads,
                 [&](std::size_t d, std::size_t)
                 {
                     const auto values =
                         simulated.squared_singular_values(model.rank() + 1, o.seed, first + d);
                     out[d] = std::sqrt(values.back());
                     told.add_one();
                 });
    return out;
}

/// Mean + three standard deviations; the deviation is at least `least`.
inline double upper_edge(const std::vector<double>& values, double least)
{
    const double count = static_cast<double>(values.size());
    double mean = 0, square = 0;
    for (const double x : values)
        mean += x / count;
    for (const double x : values)
        square += (x - mean) * (x - mean) / std::max(count - 1, 1.0);
    return mean + 3 * std::max(std::sqrt(square), least);
}

template <class M>
edge_count poisson_noise_edge(const scaled<M>& x, const spectrum& s,
                              const model_maker<typename M::factor_type>& model,
                              const noise_edge_options& o)
{
    constexpr double obvious = 1.5; // times a value drawn: no need to draw more
    const std::size_t least = s.smaller_side(), last = std::min(o.highest, least - 1);
    const double scatter = marchenko_pastur_scatter(s.positions, s.channels);
    const count_floor floor = floor_for(s, x.summary().sum);
    const auto values =
        squared_singular_values(x, std::min(least, last + 1), o.threads, floored(x, floor));
    edge_count out{.rank = least};
    out.values = {std::sqrt(values[0])};
    out.edges = {0}; // the first belongs to the mean
    for (std::size_t k = 1; k <= last; ++k)
    {
        const double next = std::sqrt(values[k]);
        const auto fitted = model(k);
        auto drawn = drawn_values(fitted, 0, 1, floor, o);
        if (next <= obvious * drawn[0] && o.draws > 1)
        {
            const auto more = drawn_values(fitted, 1, o.draws - 1, floor, o);
            drawn.insert(drawn.end(), more.begin(), more.end());
        }
        if (!count_next(out, k, next, upper_edge(drawn, scatter)))
            return out;
    }
    if (last + 1 == least) // all there can be
    {
        out.rank = least;
        out.is_open = false;
    }
    return out;
}
}

/// How many singular values of Poisson-scaled counts (Keenan & Kotula 2004) stand above the noise.
/// The first belongs to the mean and is the root of all counts; from k = 1 up, the answer is the
/// first k whose next value is not larger than counts of k components alone have it:
///
///     sigma_(k+1)(X) <= mean + 3 standard deviations of sigma_(k+1)(X'),
///     X'_ic ~ Poisson((C S^T)_ic), X' scaled by its own sums,
///
/// where C S^T is a non-negative model of rank k of the data: parallel analysis (Horn 1965) with
/// the components found so far in place. Noise of counts is not of one variance where components
/// differ between positions, and few counts have long tails; both move the edge away from sqrt(n) +
/// sqrt(m), by up to a fifth where counts are few, and are in what is drawn. The standard deviation
/// is at least that of Tracy and Widom. The sums that scale have a floor, for X and X' alike
/// (count_floor), and where both sides are longer than 2048 a part of the smaller one is drawn
/// (simulated_counts). Clear of the edge is clear_margin above it.
///
/// `x` is what poisson_scaled gives. Throws invalid_argument unless draws >= 1 and highest >= 1.
template <class M>
edge_count noise_edge(const scaled<M>& x, const noise_edge_options& o = {})
{
    using F = typename M::factor_type;
    detail::require<invalid_argument>(o.draws >= 1 && o.highest >= 1,
                                      "a noise edge needs at least one draw and one component, got "
                                      "draws ",
                                      o.draws, " and highest ", o.highest);
    const std::size_t least = x.shape().smaller_side(), most = std::min(least, o.highest + 1);
    const compressed<scaled<M>> reduced(
        x, detail::decompose_weighted(x, std::min(least, most + 24), o.seed, o.threads), o.threads);
    const detail::model_maker<F> model = [&](std::size_t rank)
    { return detail::fit_counts(reduced, rank, o.seed, o.threads); };
    return detail::poisson_noise_edge(x, detail::size_of(x), model, o);
}
}
