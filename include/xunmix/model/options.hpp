// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>

#include <xunmix/model/result.hpp>

namespace xunmix
{
/// Which iterate is the result where an iteration may raise the objective.
enum class iterate
{
    automatic, ///< the best, or the last with a constraint that moves with the factors: it makes
               ///< components purer at the cost of the objective, and early ones fit best
    best,      ///< that with the least objective
    last
};

/// What every factorization takes.
struct options
{
    std::size_t rank = 0;             ///< k, number of components; must be set
    std::size_t max_iterations = 200; ///< exactly so many unless something ends it earlier
    double tolerance = 1e-5;  ///< ends where the objective's relative decrease is less; 0: never.
                              ///< With a constraint that moves with the factors: its change
    std::size_t patience = 0; ///< ... so many times in a row; 0: once; 3 times where an
                              ///< iteration may raise the objective; 10 with a constraint
                              ///< that moves
    /// Interleaved groups of rows that an iteration reads one after the other, after each of which
    /// the other factor moves as well: fewer reads to the same answer where update and constraints
    /// treat rows one by one and never raise the objective. 1: none; 0: as many as pay.
    std::size_t groups = 0;
    iterate keep = iterate::automatic;
    std::uint64_t seed = 0;  ///< of the random start
    std::size_t threads = 0; ///< at most so many; 0: what OpenMP takes. Never changes the result
    scaling scale = scaling::unit_l2; ///< of the result, where the constraints leave it free
};
}
