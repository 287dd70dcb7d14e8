// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <vector>

namespace xunmix::detail
{
/// How alike k things are, pair by pair: Relation holds `similarity`, and what makes them so.
template <class Relation>
class similarity_matrix
{
  public:
    explicit similarity_matrix(std::size_t count)
        : count_(count)
        , relations_(count * count)
    {
        for (std::size_t a = 0; a < count; ++a)
            relations_[a * count + a].similarity = 1;
    }

    std::size_t count() const
    {
        return count_;
    }
    /// Between -1 and 1, symmetric, 1 with itself.
    double similarity(std::size_t a, std::size_t b) const
    {
        return at(a, b).similarity;
    }

  protected:
    const Relation& at(std::size_t a, std::size_t b) const
    {
        return relations_[a * count_ + b];
    }
    void set_pair(std::size_t a, std::size_t b, const Relation& there, const Relation& back)
    {
        relations_[a * count_ + b] = there;
        relations_[b * count_ + a] = back;
    }
    const std::vector<Relation>& relations() const
    {
        return relations_;
    }

  private:
    std::size_t count_;
    std::vector<Relation> relations_;
};

/// Where, from the middle of three steps, the parabola through them has its maximum.
inline double peak_offset(double before, double at, double after)
{
    const double bend = before - 2 * at + after;
    return bend < 0 ? 0.5 * (before - after) / bend : 0;
}
}
