// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include <xunmix/contract/check_model.hpp>
#include <xunmix/contract/data_matrix.hpp>
#include <xunmix/core/error.hpp>
#include <xunmix/core/finite.hpp>
#include <xunmix/core/random.hpp>
#include <xunmix/init/fit.hpp>
#include <xunmix/init/points.hpp>
#include <xunmix/matrix/dense.hpp>
#include <xunmix/model/factor.hpp>
#include <xunmix/model/options.hpp>
#include <xunmix/svd/range_finder.hpp>
#include <xunmix/unfold/unfold.hpp>

// What searches for endmembers (vca, spa, signal_subspace) have in common. A search is called as
//
//   found = search.find(const M& x, std::size_t rank, random_engine&, M::workspace&)
//
// and gives a detail::found_endmembers<M::factor_type>.
namespace xunmix
{
struct endmember_options
{
    std::size_t rank = 0;    ///< k, number of endmembers; must be set
    std::uint64_t seed = 0;  ///< of whatever is drawn at random
    std::size_t threads = 0; ///< at most so many; 0: what OpenMP takes. Never changes the result
};

/// The patterns or spectra of which all others are mixtures.
template <class F>
struct endmembers
{
    /// The purest positions, one a component, numbered in C order of the scan; empty where the
    /// search makes its own patterns.
    std::vector<std::size_t> positions;
    tensor<F> components; ///< (k, channels...), X's units, masked channels 0
};

namespace detail
{
template <class F>
struct found_endmembers
{
    std::vector<std::size_t> positions;
    factor<F> components; ///< m x k
};

/// The rows of the model at the given positions, in X's units; `mean` may be empty.
template <class M, class F>
found_endmembers<F> model_rows(const M& x, const truncated_svd<F>& svd,
                               std::span<const std::type_identity_t<F>> mean,
                               const std::vector<std::size_t>& positions, std::size_t d)
{
    const std::size_t m = svd.right.rows(), k = positions.size();
    found_endmembers<F> out{positions, factor<F>(m, k)};
    for (std::size_t e = 0; e < k; ++e)
        for (std::size_t c = 0; c < m; ++c)
        {
            double sum = mean.empty() ? 0 : static_cast<double>(mean[c]);
            for (std::size_t j = 0; j < d; ++j)
                sum += static_cast<double>(svd.left(positions[e], j)) *
                       static_cast<double>(svd.right(c, j));
            out.components(c, e) = static_cast<F>(sum / root_weight(x, positions[e]));
        }
    weigh_by_root(inner_product_of(x, side::components), out.components.view(), true);
    return out;
}

/// Lifts entries to `least` times the mean of their column.
template <class T>
void lift(factor_ref<T> f, double least)
{
    const double kept = static_cast<double>(f.places() ? f.places()->kept() : f.rows());
    for (auto column : f.columns())
    {
        double sum = 0;
        for (T value : column)
            sum += std::abs(static_cast<double>(value));
        for (T& value : column)
            value = std::max(value, static_cast<T>(least * sum / kept));
    }
    clear_masked(f);
}

inline void check_least(double least, const char* who)
{
    require<invalid_argument>(is_finite(least) && least >= 0, who,
                              ": least is a share of a column's mean, 0 or more, got ", least);
}

/// What a search does as an init policy: components as found, negative values set to zero if
/// search.clip; maps by clipped least squares; then no entry below search.least times the mean of
/// its column.
template <class Search, class M, class T>
void start_with(const Search& search, const char* who, const M& x, factor_ref<T> maps,
                factor_ref<T> components, random_engine& engine, typename M::workspace& work)
{
    check_least(search.least, who);
    const auto found = search.find(x, maps.rank(), engine, work);
    copy_factor(found.components.view(), components);
    clear_masked(components);
    for (auto column : components.columns())
        for (T& value : column)
            value = search.clip ? std::max(value, T{0}) : value;
    fit_clipped(x, side::maps, factor_ref<const T>(components), maps, work);
    for (auto f : {maps, components})
        if (search.least > 0)
            lift(f, search.least);
}
}

/// Searches X for the components of which all positions are mixtures:
///
///     const auto found = extract_endmembers(data, vca{}, {.rank = 3, .seed = 1});
///
/// `data` is an unfolded tensor or any data matrix. Where it has weights, the search is made on
/// W^(1/2) X V^(1/2), and the components are scaled back. Throws invalid_argument unless 1 <= rank
/// <= min(positions, channels) unmasked and where the rank of X is lower; invalid_data for NaN,
/// infinities and nothing but zeros.
template <data_matrix M, class Search>
endmembers<typename M::factor_type> extract_endmembers(const M& x, const Search& search,
                                                       const endmember_options& opt)
{
    detail::check_options(x, options{.rank = opt.rank});
    detail::check_data(x, false);
    typename M::workspace work{.threads = opt.threads};
    random_engine engine(opt.seed);
    auto found = search.find(x, opt.rank, engine, work);
    return {std::move(found.positions),
            fold(std::as_const(found.components).view(), x.shape().channels)};
}
template <class T, class Search>
auto extract_endmembers(const unfolded<T>& x, const Search& search, const endmember_options& opt)
{
    return extract_endmembers(dense<T>(x, opt.threads), search, opt);
}
}
