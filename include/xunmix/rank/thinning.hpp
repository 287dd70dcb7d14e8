// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <utility>
#include <vector>

#include <xunmix/core/buffer.hpp>
#include <xunmix/core/error.hpp>
#include <xunmix/core/finite.hpp>
#include <xunmix/core/parallel.hpp>
#include <xunmix/core/random.hpp>
#include <xunmix/matrix/any_matrix.hpp>
#include <xunmix/matrix/scaled.hpp>
#include <xunmix/model/factor.hpp>
#include <xunmix/model/unfolding.hpp>
#include <xunmix/rank/count_floor.hpp>
#include <xunmix/rank/spectrum_of.hpp>
#include <xunmix/unfold/unfold.hpp>

namespace xunmix
{
struct thin_options
{
    double held_out = 0.1; ///< f, the probability with which a count is held out
    std::uint64_t seed = 0;
    std::size_t every = 1; ///< takes every so many-th position only, to save memory
    std::size_t threads = 0;
};

/// Counts in two parts, each with memory of its own; train + test = X. Masked places hold zeros.
template <class T>
struct thinned
{
    unfolded<T> train, test;
};

namespace detail
{
/// Whether x is a whole number that is not negative.
template <class T>
bool is_count(T x)
{
    if constexpr (std::integral<T>)
        return x >= T{0};
    else
        return x >= T{0} && x <= T{1} / std::numeric_limits<T>::epsilon() && std::floor(x) == x;
}

/// visit(position, channel) at the first unmasked element that is no count; whether there is one.
template <class T>
bool holds_counts(const unfolded<T>& x, auto&& visit)
{
    const auto& shape = x.shape();
    for (std::size_t i = 0; i < x.rows(); ++i)
        for (std::size_t c = 0; shape.positions.keeps(i) && c < x.cols(); ++c)
            if (shape.channels.keeps(c) && !is_count(x(i, c)))
                return visit(i, c), false;
    return true;
}

/// Splits streams of counts: each count is held out with probability f, by the number of counts
/// from one held out to the next.
class count_splitter
{
  public:
    count_splitter(double f, std::uint64_t seed)
        : log_kept_(std::log1p(-f))
        , engine_(seed)
        , to_next_(gap())
    {
    }
    /// How many of `count` are held out.
    std::uint64_t operator()(std::uint64_t count)
    {
        std::uint64_t out = 0;
        for (; to_next_ < static_cast<double>(count); to_next_ = gap())
        {
            count -= static_cast<std::uint64_t>(to_next_) + 1;
            ++out;
        }
        to_next_ -= static_cast<double>(count);
        return out;
    }

  private:
    /// Geometric: infinite for f = 0, zero for f = 1.
    double gap()
    {
        const double u = 1 - uniform01(engine_);
        if (log_kept_ == 0)
            return std::numeric_limits<double>::infinity();
        return is_infinite(log_kept_) ? 0 : std::floor(std::log(u) / log_kept_);
    }

    double log_kept_;
    random_engine engine_;
    double to_next_;
};

/// Every so many-th position of an unfolding.
inline unfolding thinned_shape(const unfolding& whole, std::size_t every)
{
    if (every == 1)
        return whole;
    unfolding out = whole;
    out.positions = {};
    for (std::size_t i = 0; i < whole.positions.size(); i += every)
        out.positions.keep.push_back(whole.positions.keeps(i));
    out.positions.shape = {out.positions.keep.size()};
    out.axes.clear(); // no tensor has this shape
    return out;
}
}

/// Splits counts into two scans that are independent where the counts are Poisson:
///
///     test_ic ~ Binomial(X_ic, f),   train = X - test,
///
/// of means f and 1 - f times X's ("count splitting", Neufeld et al. 2022): an exact hold-out
/// without a mask. The same bits for any number of threads and any order in memory; X stays as it
/// is. Memory: two copies of X in its own type, or of every so many-th position. Throws
/// invalid_argument unless 0 <= f <= 1 and every >= 1, invalid_data for what are not counts.
template <class T>
thinned<T> thin(const unfolded<T>& x, const thin_options& o = {})
{
    using namespace detail;
    require<invalid_argument>(o.held_out >= 0 && o.held_out <= 1 && o.every >= 1,
                              "thinning holds out a share from 0 to 1 of every position or of each "
                              "so many-th; got ",
                              o.held_out, " and ", o.every);
    holds_counts(x,
                 [&](std::size_t i, std::size_t c)
                 {
                     fail<invalid_data>(
                         "thinning needs counts, whole numbers that are not negative: at position ",
                         i, ", channel ", c, " X is ", static_cast<double>(x(i, c)),
                         "; use the data as they were counted, or another criterion");
                 });
    const unfolding shape = thinned_shape(x.shape(), o.every);
    const std::size_t n = shape.positions.size(), m = x.cols();
    auto train = aligned_array<T>(n * m), test = aligned_array<T>(n * m);
    parallel_for(n, o.threads,
                 [&](std::size_t i, std::size_t)
                 {
                     T *kept = train.get() + i * m, *held = test.get() + i * m;
                     std::fill_n(kept, m, T{0});
                     std::fill_n(held, m, T{0});
                     if (!shape.positions.keeps(i))
                         return;
                     count_splitter split(o.held_out, o.seed + 0x9e3779b97f4a7c15u * (i + 1));
                     for (std::size_t c = 0; c < m; ++c)
                     {
                         if (!shape.channels.keeps(c))
                             continue;
                         const T all = x(i * o.every, c);
                         held[c] = static_cast<T>(split(static_cast<std::uint64_t>(all)));
                         kept[c] = static_cast<T>(all - held[c]);
                     }
                 });
    const auto owned = [&](auto& memory)
    {
        const T* first = memory.get();
        return unfolded<T>(first, m, 1, shape, std::shared_ptr<T[]>(std::move(memory)));
    };
    return {owned(train), owned(test)};
}

struct held_out_options
{
    std::size_t highest = 10; ///< components looked at, at most
    double held_out = 0.1;    ///< f
    std::uint64_t seed = 0;
    std::size_t every = 1; ///< as in thin
    std::size_t threads = 0;
};

struct held_out_result
{
    /// [k]: mean square error of k components of the train part on the test part, in units of the
    /// counting variance there: about 1 for the true model
    std::vector<double> error{};
    /// [k]: standard error of what error[k] is above error[least]
    std::vector<double> scatter{};
    std::size_t least = 0; ///< the rank whose error is least
    std::size_t rank = 0;  ///< the smallest one whose error is within its scatter of that
};

namespace detail
{
/// For each of k = 0 ... r the sums over positions of what components k + 1 ... least change.
inline void judge_held_out(held_out_result& out, const std::vector<double>& change, std::size_t n,
                           std::size_t r, double squared, double entries)
{
    out.error.assign(1, squared / entries);
    for (std::size_t l = 0; l < r; ++l)
    {
        double sum = 0;
        for (std::size_t i = 0; i < n; ++i)
            sum += change[l * n + i];
        out.error.push_back(out.error.back() + sum / entries);
    }
    const auto least = std::min_element(out.error.begin() + 1, out.error.end());
    out.least = static_cast<std::size_t>(least - out.error.begin());
    out.scatter.assign(r + 1, 0);
    out.rank = out.least;
    std::vector<double> gain(n);
    for (std::size_t k = out.least; k-- > 1;)
    {
        double mean = 0, square = 0;
        for (std::size_t i = 0; i < n; ++i)
        {
            gain[i] -= change[k * n + i];
            mean += gain[i] / static_cast<double>(n);
        }
        for (const double g : gain)
            square += (g - mean) * (g - mean);
        out.scatter[k] = std::sqrt(square) / entries;
        if (out.error[k] - out.error[out.least] <= out.scatter[k])
            out.rank = k;
    }
}

/// Poisson-scaled counts with the faintest positions and channels weighing no more than their
/// floors.
template <class M>
scaled<M> floor_scaled(const scaled<M>& x, M plain, std::size_t threads)
{
    const auto by = floored(x, floor_for(size_of(x), x.summary().sum));
    entry_weights weights = x.weights();
    for (std::size_t i = 0; i < by.positions.size(); ++i)
        weights.positions[i] *= by.positions[i] * by.positions[i];
    for (std::size_t c = 0; c < by.channels.size(); ++c)
        weights.channels[c] *= by.channels[c] * by.channels[c];
    return scaled<M>(std::move(plain), std::move(weights), threads);
}

/// Of component l at position i, [l n + i]: by how much it changes the squared error of the test
/// part, -2 <test, model> + |model|^2, both parts scaled.
template <class M>
std::vector<double> held_out_changes(const scaled<M>& train, const scaled<M>& test,
                                     const held_out_options& o, double ratio)
{
    using F = typename M::factor_type;
    const std::size_t n = train.rows(), r = o.highest;
    auto svd = decompose_weighted(train, std::min(train.shape().smaller_side(), r + 20), o.seed,
                                  o.threads);
    svd.keep_first(r);
    const auto v = svd.right.view(&train.shape().channels);
    factor<F> product(n, r);
    const auto along = product.view(&train.shape().positions);
    const evenly_weighted<scaled<M>> y(test);
    typename evenly_weighted<scaled<M>>::workspace work{.threads = o.threads};
    y.multiply(factor_ref<const F>(v), along, work);
    std::vector<double> change(n * r);     // V has the lengths sigma
    const double scale = std::sqrt(ratio); // of the model where the test part has variance 1
    for (std::size_t l = 0; l < r; ++l)
        for (std::size_t i = 0; i < n; ++i)
        {
            const double u = scale * static_cast<double>(svd.left(i, l));
            change[l * n + i] =
                train.shape().positions.keeps(i)
                    ? u * (u * svd.squared_lengths[l] - 2 * static_cast<double>(along(i, l)))
                    : 0;
        }
    return change;
}
}

/// How well k components found in one part of the counts explain the other, k = 0 ... highest: thin
/// gives the parts, the components are the leading ones of the Poisson-scaled train part (faint
/// positions and channels weigh less, as in noise_edge), and the error is the squared one in its
/// scale,
///
///     sum_ic w_i v_c (test - f / (1 - f) X_k(train))_ic^2 / (n m).
///
/// Noise fitted in one part is no help in the other, so the error grows beyond the true rank. The
/// rank is that of the one-standard-error rule (Breiman et al. 1984), the error of a difference
/// being that over positions. Throws as thin and poisson_scaled do, and invalid_argument unless 0 <
/// f < 1 and 1 <= highest <= min(n, m).
template <class T>
held_out_result held_out_error(const unfolded<T>& x, const held_out_options& o = {})
{
    using namespace detail;
    const std::size_t side = thinned_shape(x.shape(), o.every).smaller_side();
    require<invalid_argument>(o.held_out > 0 && o.held_out < 1,
                              "the share held out must lie between 0 and 1, got ", o.held_out);
    require<invalid_argument>(o.highest >= 1 && o.highest <= side,
                              "a held-out error takes 1 to min(positions, channels) = ", side,
                              " components, got ", o.highest);
    const auto parts =
        thin(x, {.held_out = o.held_out, .seed = o.seed, .every = o.every, .threads = o.threads});
    const double ratio = o.held_out / (1 - o.held_out);
    const auto counts = as_any_matrix(dense<T>(parts.train, o.threads));
    const auto train = floor_scaled(poisson_scaled(counts, o.threads), counts, o.threads);
    entry_weights weights = train.weights();
    for (double& w : weights.positions)
        w /= ratio; // the variance of the test part
    const scaled test(as_any_matrix(dense<T>(parts.test, o.threads)), std::move(weights),
                      o.threads);

    const std::vector<double> change = held_out_changes(train, test, o, ratio);
    held_out_result out;
    const spectrum size = size_of(train);
    judge_held_out(out, change, train.rows(), o.highest, test.squared_norm(), size.entries());
    return out;
}
}
