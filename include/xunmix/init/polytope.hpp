// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <utility>
#include <vector>

#include <xunmix/core/finite.hpp>
#include <xunmix/core/random.hpp>
#include <xunmix/linalg/dense_small.hpp>
#include <xunmix/model/factor.hpp>
#include <xunmix/svd/range_finder.hpp>

namespace xunmix::detail
{
/// {t : A t <= b}, bounded, m constraints on d coordinates, with 0 inside (b > 0).
class polytope
{
  public:
    /// Rows of A one after the other; they get unit length, and those without any are left out.
    polytope(std::size_t d, const std::vector<double>& rows, const std::vector<double>& bounds)
        : d_(d)
    {
        for (std::size_t q = 0; q < bounds.size(); ++q)
        {
            const double size = std::sqrt(linalg::dot(rows.data() + q * d, rows.data() + q * d, d));
            if (!(size > 0))
                continue;
            for (std::size_t j = 0; j < d; ++j)
                rows_.push_back(rows[q * d + j] / size);
            bounds_.push_back(bounds[q] / size);
        }
    }

    std::size_t dimensions() const
    {
        return d_;
    }

    /// How far a line from t runs inside: t + s step for s in [first, second].
    std::pair<double, double> chord(const std::vector<double>& t,
                                    const std::vector<double>& step) const
    {
        constexpr double infinity = std::numeric_limits<double>::infinity();
        double low = -infinity, high = infinity;
        for (std::size_t q = 0; q < bounds_.size(); ++q)
        {
            const double rate = along(q, step), room = std::max(0.0, bounds_[q] - along(q, t));
            if (rate > 0)
                high = std::min(high, room / rate);
            else if (rate < 0)
                low = std::max(low, room / rate);
        }
        return {low, high};
    }

    /// `count` points nearly uniform in the polytope, by hit-and-run from 0: a uniform point on the
    /// chord along a uniform direction (Smith 1984), every `thin`-th step. O(m d) a step.
    std::vector<double> samples(std::size_t count, std::size_t thin, random_engine& engine) const
    {
        std::vector<double> t(d_), step(d_), out;
        for (std::size_t taken = 0; taken < count; ++taken)
        {
            for (std::size_t s = 0; s < thin; ++s)
            {
                fill_normal(factor_ref<double>(step.data(), d_, 1, d_), engine);
                const auto [low, high] = chord(t, step);
                const double length = low + (high - low) * uniform01(engine);
                for (std::size_t j = 0; j < d_ && is_finite(length); ++j)
                    t[j] += length * step[j];
            }
            out.insert(out.end(), t.begin(), t.end());
        }
        return out;
    }

    /// The vertex where c^T t is largest: the simplex method on the active constraints, from 0.
    ///
    /// d constraints are active at a time, at first the coordinates' own t_j = 0, which may be left
    /// either way; column l of E, the inverse of their matrix, is the edge along which only the
    /// l-th is left. Many channels may give one and the same facet: bounds are widened by random
    /// amounts up to 1e-9, so that no step has length zero and none comes twice. After too many
    /// steps the point reached, which is in the polytope, is the answer.
    std::vector<double> farthest_vertex(const std::vector<double>& c, random_engine& engine) const
    {
        tableau at{std::vector<double>(d_), std::vector<double>(d_ * d_),
                   std::vector<std::size_t>(d_, none), bounds_};
        for (double& b : at.bounds)
            b += 1e-9 * b * uniform01(engine);
        for (std::size_t j = 0; j < d_; ++j)
            at.edges[j * d_ + j] = 1;
        const std::size_t most = 100 * (d_ + 1);
        for (std::size_t step = 0; step < most && advance(at, c); ++step)
        {
        }
        // What rounding took out comes back.
        const double inside = std::min(1.0, chord(std::vector<double>(d_), at.t).second);
        for (double& x : at.t)
            x *= inside;
        return at.t;
    }

  private:
    static constexpr std::size_t none = static_cast<std::size_t>(-1);

    struct tableau
    {
        std::vector<double> t, edges; ///< edges: d x d, column l the edge of active constraint l
        std::vector<std::size_t> active;
        std::vector<double> bounds;
    };

    double along(std::size_t q, const std::vector<double>& v) const
    {
        double sum = 0;
        for (std::size_t j = 0; j < d_; ++j)
            sum += rows_[q * d_ + j] * v[j];
        return sum;
    }

    /// The active constraint to leave and the way along its edge: a coordinate's own in any case,
    /// then the one that gains most a unit of length; `none` where none gains.
    std::pair<std::size_t, double> leaving(const tableau& at, const std::vector<double>& c) const
    {
        constexpr double rounding = 1e-12;
        std::size_t best = none;
        double most = rounding * std::sqrt(linalg::dot(c.data(), c.data(), d_));
        for (std::size_t l = 0; l < d_; ++l)
        {
            double rate = 0, size = 0; // of c along +E_l, which leads out of the constraint
            for (std::size_t j = 0; j < d_; ++j)
            {
                const double edge = at.edges[j * d_ + l];
                rate += c[j] * edge;
                size += edge * edge;
            }
            if (at.active[l] == none)
                return {l, rate > 0 ? 1 : -1};
            if (-rate / std::sqrt(size) > most)
                best = l, most = -rate / std::sqrt(size);
        }
        return {best, -1};
    }

    /// One step along an edge to the next constraint; false at the best vertex.
    bool advance(tableau& at, const std::vector<double>& c) const
    {
        constexpr double rounding = 1e-11;
        const auto [l, sign] = leaving(at, c);
        if (l == none)
            return false;
        std::vector<double> step(d_);
        for (std::size_t j = 0; j < d_; ++j)
            step[j] = sign * at.edges[j * d_ + l];
        const double size = std::sqrt(linalg::dot(step.data(), step.data(), d_));
        double length = std::numeric_limits<double>::infinity();
        std::size_t next = none;
        for (std::size_t q = 0; q < bounds_.size(); ++q)
            if (const double rate = along(q, step); rate > rounding * size)
            {
                const double room = std::max(0.0, at.bounds[q] - along(q, at.t));
                if (room / rate < length)
                    length = room / rate, next = q;
            }
        if (next == none)
            return false;
        for (std::size_t j = 0; j < d_; ++j)
            at.t[j] += length * step[j];
        exchange(at, l, next);
        return true;
    }

    /// Constraint `next` becomes active for the l-th, and E the inverse of the new matrix.
    void exchange(tableau& at, std::size_t l, std::size_t next) const
    {
        std::vector<double> onto(d_);
        for (std::size_t e = 0; e < d_; ++e)
            for (std::size_t j = 0; j < d_; ++j)
                onto[e] += rows_[next * d_ + j] * at.edges[j * d_ + e];
        for (std::size_t j = 0; j < d_; ++j)
        {
            const double edge = at.edges[j * d_ + l] / onto[l];
            for (std::size_t e = 0; e < d_; ++e)
                at.edges[j * d_ + e] -= e == l ? 0 : onto[e] * edge;
            at.edges[j * d_ + l] = edge;
        }
        at.active[l] = next;
    }

    std::size_t d_;
    std::vector<double> rows_, bounds_;
};
}
