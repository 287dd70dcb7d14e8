// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include <xunmix/contract/observer.hpp>
#include <xunmix/model/rank_range.hpp>
#include <xunmix/survey/survey_options.hpp>

namespace xunmix
{
/// What the noise of the data is taken for.
enum class noise_model
{
    automatic, ///< poisson for whole numbers that are not negative, else gaussian
    poisson,   ///< counts: the variance is the mean
    gaussian   ///< normal, of unknown variance: a share of each position times one of each channel
};

constexpr const char* name(noise_model m)
{
    return m == noise_model::automatic ? "automatic"
           : m == noise_model::poisson ? "poisson"
                                       : "gaussian";
}

/// How far one step of a rank report is.
struct rank_progress
{
    enum class step
    {
        starts, ///< non-negative fits of this rank
        draws   ///< scans drawn from a model of this rank, for the noise edge
    };
    step doing = step::starts;
    std::size_t rank = 0, done = 0, total = 0;
};

struct rank_options
{
    std::vector<std::size_t> ranks = rank_range(1, 10);
    noise_model noise = noise_model::automatic;
    std::size_t starts = 10;                ///< at each rank
    std::size_t max_iterations = 100;       ///< of a start
    double tolerance = 1e-5;                ///< a start ends where the objective decreases by less
    std::size_t draws = 10;                 ///< scans drawn for the noise edge
    double held_out = 0.1;                  ///< share of the counts held out
    std::size_t consensus_positions = 1000; ///< of the consensus matrix, at most
    std::uint64_t seed = 0;                 ///< start i has seed + i
    std::size_t threads = 0;                ///< at most so many; never changes the result
    /// Told after every fit and draw, one call at a time, from any of the report's threads.
    std::function<void(const rank_progress&)> observer{};
};

namespace detail
{
/// Tells a report's observer, from several threads, what one step has done.
class step_counter
{
  public:
    step_counter(const std::function<void(const rank_progress&)>& observer, rank_progress begin)
        : observer_(observer)
        , at_(begin)
    {
    }
    void add_one()
    {
        if (!observer_)
            return;
        const std::lock_guard lock(mutex_);
        ++at_.done;
        observer_(at_);
    }

  private:
    const std::function<void(const rank_progress&)>& observer_;
    rank_progress at_;
    std::mutex mutex_;
};
}

/// All starts of one rank.
struct rank_row
{
    std::size_t rank = 0;
    double mse = 0;    ///< of the best start; counts: in units of their variance, about 1 for noise
    double spread = 0; ///< standard deviation of the starts' mse (of compressed data)
    double pca_mse = 0;    ///< the least that any model of this rank can have
    double dispersion = 1; ///< of the consensus matrix
    double cophenetic = 1; ///< coefficient of the consensus matrix
    double stability = 1;  ///< mean cosine of components matched between starts
    std::string warning{}; ///< what to mind about this rank; empty if nothing
};

/// One criterion's opinion.
struct rank_score
{
    std::string name{};
    std::vector<double> values{};      ///< one a row; NaN where there is none
    std::optional<std::size_t> rank{}; ///< nothing where the criterion has no answer
    std::optional<double> threshold{}; ///< that the values are compared with, if there is one
    std::string how{};                 ///< a sentence: how it chooses, or why it cannot
};

/// How many components data have, with reasons.
struct rank_findings
{
    std::size_t recommended = 0;
    std::vector<std::string> reasons{};         ///< a sentence each, the decisive one first
    noise_model noise = noise_model::automatic; ///< what it was taken for
    double noise_variance = 0;    ///< over the variance expected of counts, or as it is: what the
                                  ///< recommended number of principal components leaves
    std::vector<rank_row> rows{}; ///< by rank
    std::vector<rank_score> scores{};

    /// Throws invalid_argument for a criterion that does not exist.
    const rank_score& score(const std::string& criterion) const
    {
        for (const auto& s : scores)
            if (s.name == criterion)
                return s;
        detail::fail<invalid_argument>("there is no criterion ", criterion);
    }
};
}
