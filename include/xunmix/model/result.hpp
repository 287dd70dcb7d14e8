// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numeric>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <xunmix/core/finite.hpp>
#include <xunmix/linalg/dense_small.hpp>
#include <xunmix/model/factor.hpp>
#include <xunmix/model/unfolding.hpp>

namespace xunmix
{
/// Why a factorization ended.
enum class status
{
    running,
    converged,      ///< the relative change fell below options.tolerance
    max_iterations, ///< all iterations were done
    stopped,        ///< an observer or a stop token asked for it
    diverged,       ///< the objective grew a thousandfold above the data's norm
    non_finite      ///< NaN or infinity turned up in the objective
};

constexpr const char* name(status s)
{
    constexpr const char* names[] = {"running", "converged", "max_iterations",
                                     "stopped", "diverged",  "non_finite"};
    return names[static_cast<std::size_t>(s)];
}

/// How the scale is shared at the end.
enum class scaling
{
    unit_l2,  ///< components have |S_j|_2 = 1, the maps carry the scale
    unit_sum, ///< components have sum 1: a map is the total signal of its component
    none
};

/// One line of the history.
struct record
{
    std::size_t iteration = 0;
    double objective = 0;
    double mse = 0; ///< NaN with another loss than least squares
    double relative_change = 0;
    double seconds = 0;
    double divergence = std::numeric_limits<double>::quiet_NaN(); ///< see iteration
};

/// What a factorization found. Copies of everything: it outlives data and solver.
template <class T>
class result
{
  public:
    xunmix::status status = xunmix::status::running;
    std::size_t iterations = 0;     ///< done in all
    std::size_t best_iteration = 0; ///< the one whose factors these are
    double objective = 0;           ///< of these factors, penalties taken before scaling
    /// |X - C S^T|^2 / number of unmasked elements, summed in double from the elements of X and
    /// these very factors; the weighted mean where X has weights.
    double mse = 0;
    /// Of another loss than least squares: it / number of unmasked elements. Else NaN.
    double divergence = std::numeric_limits<double>::quiet_NaN();
    double seconds = 0;
    std::size_t negative_data = 0; ///< elements of X below zero
    std::size_t pruned = 0;        ///< components that were left out as irrelevant, see ard
    bool one_read = false;         ///< whether each iteration read X once
    std::string warning;           ///< what to mind about the answer; empty if nothing
    std::vector<record> history;

    result(factor<T> maps, factor<T> components, unfolding shape)
        : maps_(std::move(maps))
        , components_(std::move(components))
        , shape_(std::move(shape))
    {
    }
    /// The same from plain numbers, one map and one component after the other.
    result(std::vector<T> maps, std::vector<T> components, const unfolding& shape)
        : result(factor<T>(std::move(maps), shape.positions.size()),
                 factor<T>(std::move(components), shape.channels.size()), shape)
    {
    }

    /// mse, or divergence: what this factorization made small.
    double misfit() const
    {
        return is_nan(divergence) ? mse : divergence;
    }
    std::size_t rank() const
    {
        return maps_.rank();
    }
    /// Iterations that raised the objective, by more than rounding: over 1e-6 of it.
    std::size_t rises() const
    {
        return static_cast<std::size_t>(std::count_if(history.begin(), history.end(),
                                                      [](const record& r)
                                                      { return r.relative_change < -1e-6; }));
    }
    /// Maps folded to (k, positions...), masked positions set to `fill`.
    tensor<T> maps(double fill = 0) const
    {
        return fold(maps_matrix(), shape_.positions, fill);
    }
    /// Components folded to (k, channels...), masked channels set to `fill`.
    tensor<T> components(double fill = 0) const
    {
        return fold(components_matrix(), shape_.channels, fill);
    }
    /// The maps C (n x k) as they lie in memory, one map after the other.
    factor_ref<const T> maps_matrix() const
    {
        return maps_.view(&shape_.positions);
    }
    /// The components S (m x k).
    factor_ref<const T> components_matrix() const
    {
        return components_.view(&shape_.channels);
    }
    const unfolding& shape() const
    {
        return shape_;
    }

    /// Counts what an earlier factorization did, from whose factors this one started, as its own.
    void prepend(const result& earlier)
    {
        for (auto& line : history)
        {
            line.iteration += earlier.iterations;
            line.seconds += earlier.seconds;
        }
        history.insert(history.begin(), earlier.history.begin(), earlier.history.end());
        best_iteration =
            iterations == 0 ? earlier.best_iteration : best_iteration + earlier.iterations;
        if (iterations == 0)
            status = earlier.status;
        iterations += earlier.iterations;
        seconds += earlier.seconds;
    }

    /// Moves the scale of every component into its map. Zero columns are left alone.
    void rescale(scaling how)
    {
        if (how == scaling::none)
            return;
        for (std::size_t j = 0; j < rank(); ++j)
        {
            const auto component = components_.column(j);
            double size = 0;
            for (T x : component)
                size += how == scaling::unit_sum ? static_cast<double>(x)
                                                 : static_cast<double>(x) * static_cast<double>(x);
            if (how == scaling::unit_l2)
                size = std::sqrt(size);
            if (!(size > 0))
                continue;
            for (T& x : component)
                x = static_cast<T>(static_cast<double>(x) / size);
            for (T& x : maps_.column(j))
                x = static_cast<T>(static_cast<double>(x) * size);
        }
    }

    /// Orders the components by integrated map intensity, the largest first (Uesugi 2021).
    void order()
    {
        std::vector<double> intensity(rank());
        for (std::size_t j = 0; j < rank(); ++j)
            for (T x : maps_.column(j))
                intensity[j] += static_cast<double>(x);
        for (double& x : intensity)
            x = is_nan(x) ? -std::numeric_limits<double>::infinity() : x;
        std::vector<std::size_t> by_size(rank());
        std::iota(by_size.begin(), by_size.end(), std::size_t{0});
        std::stable_sort(by_size.begin(), by_size.end(),
                         [&](std::size_t a, std::size_t b) { return intensity[a] > intensity[b]; });
        maps_.keep_columns(by_size);
        components_.keep_columns(by_size);
    }

    /// Leaves out components whose map and component together, |C_j| |S_j|, are less than `least`
    /// of the largest; the largest stays. What is left out counts in `pruned`.
    void prune(double least)
    {
        std::vector<double> size(rank());
        for (std::size_t j = 0; j < rank(); ++j)
            size[j] = norm(maps_.column(j)) * norm(components_.column(j));
        const double largest = *std::max_element(size.begin(), size.end());
        std::vector<std::size_t> kept;
        for (std::size_t j = 0; j < rank(); ++j)
            if (size[j] > 0 && size[j] >= least * largest)
                kept.push_back(j);
        if (kept.empty())
            return;
        pruned += rank() - kept.size();
        maps_.keep_columns(kept);
        components_.keep_columns(kept);
    }

    /// Turns signs so that the entry of largest modulus in each component is positive, for models
    /// whose signs mean nothing.
    void make_largest_positive()
    {
        for (std::size_t j = 0; j < rank(); ++j)
            linalg::make_largest_positive(components_.column(j), maps_.column(j));
    }

  private:
    static double norm(std::span<const T> x)
    {
        double sum = 0;
        for (T value : x)
            sum += static_cast<double>(value) * static_cast<double>(value);
        return std::sqrt(sum);
    }

    factor<T> maps_, components_;
    unfolding shape_;
};
}
