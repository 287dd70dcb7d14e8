// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include <xunmix/core/poisson.hpp>
#include <xunmix/core/random.hpp>
#include <xunmix/linalg/dense_small.hpp>
#include <xunmix/model/factor.hpp>
#include <xunmix/rank/count_floor.hpp>
#include <xunmix/rank/spectrum_of.hpp>

namespace xunmix::detail
{
/// Independent Poisson counts with these means: the events of a process of rate 1 along a line cut
/// into pieces as long as the means. Where most counts are zero, it takes fewer random numbers than
/// a draw for each; where they are not, they are drawn alone.
inline void draw_counts(std::span<const double> means, std::span<double> counts,
                        random_engine& engine)
{
    constexpr double many = 10;
    const auto gap = [&] { return -std::log(1 - uniform01(engine)); };
    double next = gap(); // from the start of the piece to the next event
    for (std::size_t c = 0; c < means.size(); ++c)
    {
        counts[c] = 0;
        if (means[c] > many)
        {
            counts[c] = static_cast<double>(simulate::poisson(engine, means[c]));
            continue;
        }
        for (; next < means[c]; next += gap())
            ++counts[c];
        next -= means[c];
    }
}

/// Scans of counts with the means C S^T, never held as a whole: drawn line by line, a line being a
/// row or a column of X, whichever there are more of, and summed into the smaller Gram matrix. Of
/// the other side at most `most` places are drawn, evenly spread, which bounds the Gram matrix to
/// 32 MiB; the singular values are then those of noise of the whole size where they bear the same
/// ratio to sqrt(n) + sqrt(m).
class simulated_counts
{
  public:
    template <class F>
    simulated_counts(factor_ref<const F> maps, factor_ref<const F> components,
                     const count_floor& least, std::size_t most = 2048)
        : rank_(maps.rank())
        , line_floor_(least.positions)
        , place_floor_(least.channels)
    {
        auto c = kept_rows(maps), s = kept_rows(components);
        if (c.size() < s.size())
        {
            c.swap(s);
            std::swap(line_floor_, place_floor_);
        }
        lines_ = std::move(c);
        places_ = std::move(s);
        take_part(most);
    }

    /// Of W^(1/2) X' V^(1/2) for draw number `draw`, Poisson-scaled by its own sums.
    std::vector<double> squared_singular_values(std::size_t count, std::uint64_t seed,
                                                std::size_t draw) const
    {
        const auto gram = scaled_gram(seed, draw);
        const std::size_t m = places_.size() / rank_;
        const auto apply = [&](std::span<const double> v, std::span<double> out)
        {
            for (std::size_t a = 0; a < m; ++a)
                out[a] = linalg::dot(gram.data() + a * m, v.data(), m);
        };
        auto values = leading_eigenvalues(m, count, apply);
        for (double& x : values)
            x *= to_whole_ * to_whole_;
        return values;
    }

  private:
    static constexpr std::size_t block = 64; ///< lines with a random engine of their own

    template <class F>
    static std::vector<double> kept_rows(factor_ref<const F> f)
    {
        std::vector<double> out;
        for (std::size_t i = 0; i < f.rows(); ++i)
            for (std::size_t j = 0; f.keeps(i) && j < f.rank(); ++j)
                out.push_back(static_cast<double>(f(i, j)));
        return out;
    }
    void take_part(std::size_t most)
    {
        const std::size_t n = lines_.size() / rank_, m = places_.size() / rank_;
        if (m <= most)
            return;
        std::vector<double> part;
        for (std::size_t c = 0; c < most; ++c)
            for (std::size_t j = 0; j < rank_; ++j)
                part.push_back(places_[c * m / most * rank_ + j]);
        places_ = std::move(part);
        line_floor_ *= static_cast<double>(most) / static_cast<double>(m);
        to_whole_ = marchenko_pastur_edge(n, m) / marchenko_pastur_edge(n, most);
    }
    void means_of(std::size_t line, std::span<double> means) const
    {
        const double* a = lines_.data() + line * rank_;
        for (std::size_t c = 0; c < means.size(); ++c)
        {
            double sum = 0;
            for (std::size_t j = 0; j < rank_; ++j)
                sum += a[j] * places_[c * rank_ + j];
            means[c] = sum;
        }
    }

    /// Y^T Y for Y_ic = X'_ic sqrt(N / (g_i h_c)), g and h the sums of lines and places (or their
    /// floors), N that of all.
    std::vector<double> scaled_gram(std::uint64_t seed, std::size_t draw) const
    {
        const std::size_t n = lines_.size() / rank_, m = places_.size() / rank_;
        std::vector<double> gram(m * m), means(m), counts(m), sums(m);
        std::vector<std::size_t> lit;
        random_engine engine;
        for (std::size_t i = 0; i < n; ++i)
        {
            if (i % block == 0)
                engine.seed(seed + 0x9e3779b97f4a7c15u * (draw * n + i + 1));
            means_of(i, means);
            draw_counts(means, counts, engine);
            add_line(counts, lit, gram, sums);
        }
        double all = 0;
        for (double& h : sums)
        {
            all += h;
            h = std::max(h, place_floor_);
        }
        for (std::size_t a = 0; a < m; ++a)
            for (std::size_t b = 0; b <= a; ++b)
            {
                const double h = sums[a] * sums[b];
                gram[a * m + b] *= h > 0 ? all / std::sqrt(h) : 0;
                gram[b * m + a] = gram[a * m + b];
            }
        return gram;
    }
    /// Adds x x^T / sum(x), of which most is zero where counts are few, to the lower triangle.
    void add_line(const std::vector<double>& x, std::vector<std::size_t>& lit,
                  std::vector<double>& gram, std::vector<double>& sums) const
    {
        lit.clear();
        double all = 0;
        for (std::size_t c = 0; c < x.size(); ++c)
            if (x[c] > 0)
            {
                lit.push_back(c);
                all += x[c];
                sums[c] += x[c];
            }
        for (std::size_t a = 0; a < lit.size(); ++a)
        {
            double* row = gram.data() + lit[a] * x.size();
            const double by = x[lit[a]] / std::max(all, line_floor_);
            for (std::size_t b = 0; b <= a; ++b)
                row[lit[b]] += by * x[lit[b]];
        }
    }

    std::size_t rank_;
    double line_floor_, place_floor_;
    double to_whole_ = 1;                ///< edge of the whole over that of the part drawn
    std::vector<double> lines_, places_; ///< a factor row after the other
};
}
