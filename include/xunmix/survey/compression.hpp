// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>

#include <xunmix/contract/check_model.hpp>
#include <xunmix/contract/data_matrix.hpp>
#include <xunmix/core/error.hpp>
#include <xunmix/core/simd.hpp>
#include <xunmix/factorize/factorize.hpp>
#include <xunmix/svd/compressed.hpp>

namespace xunmix
{
/// Among the arguments of factorize: iterates on compressed data first and then on X from there, so
/// that the answer is as good as without, and its objective exact.
///
///   factorize(data, {.rank = 7}, hals{}, compression{}, on_maps(non_negative{}), ...)
///
/// Both parts make one history. result.warning tells where compression may have lost signal.
struct compression
{
    using conducts_factorization = void;

    std::size_t size = 0; ///< r, directions kept; 0: 25 more than the rank, in whole registers
    std::size_t power_iterations = 1; ///< each costs two reads of X and sharpens the directions
    std::size_t polish = 20;          ///< iterations on X itself afterwards, at most
    std::uint64_t seed = 0;

    /// r for a model of the given rank and data of which `least` = min(n, m) are unmasked. Throws
    /// invalid_argument for a size below the rank, or above `least`.
    std::size_t size_for(std::size_t rank, std::size_t least) const
    {
        detail::require<invalid_argument>(size == 0 || (rank <= size && size <= least),
                                          "the compression must keep at least as many directions "
                                          "as the model has components, ",
                                          rank, ", and at most min(positions, channels) = ", least,
                                          "; got ", size, " (0 chooses)");
        constexpr std::size_t lanes = simd::lanes<float>, more = 25;
        return size ? size : std::min(least, (rank + more + lanes - 1) / lanes * lanes);
    }

    /// What factorize does when given this.
    template <data_matrix M, class U, class... Args>
    auto factorize(const M& x, const options& opt, U update, Args&... args) const
    {
        using T = typename M::factor_type;
        detail::check_options(x, opt);
        detail::check_before_work(x, opt.rank, update, args...);
        const auto any = detail::as_any_matrix(x);
        const compressed<any_matrix<T>> reduced(any, size_for(opt.rank, x.shape().smaller_side()),
                                                power_iterations, seed, opt.threads);
        options first_part = opt, second_part = opt;
        first_part.scale = scaling::none; // penalties count factors as they were minimised
        auto first = detail::solver_for(reduced, first_part, update, args...);
        const std::size_t total = opt.max_iterations + polish;
        const bool stopped = detail::run<M>(first, {}, total, polish == 0, args...);
        auto found = first.result();
        if (stopped && polish > 0) // even at the end of this part: the whole has not ended
            found.status = status::stopped;
        second_part.max_iterations = stopped || opt.max_iterations == 0 ? 0 : polish;
        auto second = detail::make_solver_from(x, second_part, std::move(update),
                                               as_start<T>(found), args...);
        detail::run<M>(second, {found.iterations, found.seconds}, total, true, args...);
        auto out = second.result();
        out.prepend(found);
        out.warning = reduced.warning(opt.rank);
        return out;
    }
};
}
