// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <istream>
#include <limits>
#include <optional>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include <xunmix/core/error.hpp>
#include <xunmix/core/finite.hpp>
#include <xunmix/model/factor.hpp>
#include <xunmix/model/result.hpp>
#include <xunmix/model/state.hpp>
#include <xunmix/model/unfolding.hpp>
#include <xunmix/unfold/unfold.hpp>

namespace xunmix
{
/// How one start of a survey ended.
struct run_record
{
    std::size_t rank = 0;
    std::size_t start = 0;
    std::uint64_t seed = 0;     ///< with which factorize repeats it
    std::size_t iterations = 0; ///< done
    status ended = status::running;
    bool dropped = false; ///< before its end, for others were better
    double mse = 0;       ///< of compressed data unless the survey is exact
    double objective = 0;
};

/// All starts of one rank.
template <class T>
struct rank_survey
{
    std::size_t rank = 0;
    std::vector<run_record> runs; ///< one a start
    std::size_t best_start = 0;
    std::optional<result<T>> best; ///< the best start, polished on X: its mse is exact
    std::string warning;           ///< what to mind about this rank; empty if nothing

    rank_survey() = default;
    rank_survey(std::size_t k, std::size_t starts)
        : rank(k)
        , runs(starts)
    {
    }
    /// The best factorization's mse (Uesugi 2021, Fig. 4a: the minimum).
    double minimum() const
    {
        return best ? best->mse : std::numeric_limits<double>::quiet_NaN();
    }
    /// Over the starts that ran to their end and not into NaN.
    double mean() const
    {
        const auto values = mses();
        double sum = 0;
        for (double x : values)
            sum += x;
        return sum / static_cast<double>(values.size());
    }
    /// Standard deviation over the same starts; 0 for one.
    double spread() const
    {
        const auto values = mses();
        double sum = 0;
        for (double x : values)
            sum += (x - mean()) * (x - mean());
        return values.size() > 1 ? std::sqrt(sum / static_cast<double>(values.size() - 1)) : 0;
    }
    /// Starts within `relative` of the best one's mse.
    std::size_t near_best(double relative = 1e-3) const
    {
        const auto values = mses();
        const double least = values.empty() ? 0 : *std::min_element(values.begin(), values.end());
        return static_cast<std::size_t>(std::count_if(
            values.begin(), values.end(), [&](double x) { return x <= least * (1 + relative); }));
    }

  private:
    std::vector<double> mses() const
    {
        std::vector<double> values;
        for (const auto& run : runs)
            if (!run.dropped && is_finite(run.mse))
                values.push_back(run.mse);
        return values;
    }
};

/// What a survey found, and all it needs to go on.
template <class T>
struct survey_state
{
    unfolding shape{};
    std::size_t entries = 0;          ///< unmasked elements of X
    double squared_norm = 0;          ///< |X|^2
    std::vector<double> spectrum{};   ///< pca_residuals
    std::vector<double> scaled_pca{}; ///< scaled_pca_residuals; empty for negative or weighted data
    std::vector<rank_survey<T>> ranks{}; ///< those done

    /// Throws invalid_argument for a rank that was not surveyed.
    const rank_survey<T>& at(std::size_t rank) const
    {
        const auto found =
            std::find_if(ranks.begin(), ranks.end(), [&](const auto& r) { return r.rank == rank; });
        detail::require<invalid_argument>(found != ranks.end(), "rank ", rank,
                                          " was not surveyed, or not yet");
        return *found;
    }
    const result<T>& best(std::size_t rank) const
    {
        return *at(rank).best;
    }
    /// Mean square error of the k leading singular components: the least that any model of rank k
    /// can have.
    double pca_mse(std::size_t rank) const
    {
        return of(spectrum, rank);
    }
    /// Mean square error of a principal component analysis for counts (scaled_pca_residuals); NaN
    /// for data with negative values.
    double scaled_pca_mse(std::size_t rank) const
    {
        return of(scaled_pca, rank);
    }
    /// The last surveyed rank up to which the factorization's mse is not above that of the
    /// principal component analysis for counts, a hint at the number of components (Uesugi 2021,
    /// Fig. 5); nothing where the two do not cross.
    std::optional<std::size_t> crossing() const
    {
        std::optional<std::size_t> above; // the first rank at which the model leaves more
        for (const auto& r : ranks)
            if (!(r.minimum() <= scaled_pca_mse(r.rank)))
                above = std::min(above.value_or(r.rank), r.rank);
        std::optional<std::size_t> last;
        for (const auto& r : ranks)
            if (above && r.rank < *above)
                last = std::max(last.value_or(r.rank), r.rank);
        return last;
    }

  private:
    double of(const std::vector<double>& residuals, std::size_t rank) const
    {
        return rank < residuals.size() ? residuals[rank] / static_cast<double>(entries)
                                       : std::numeric_limits<double>::quiet_NaN();
    }
};

namespace detail
{
inline constexpr std::array<char, 8> survey_magic{'x', 'u', 'n', 'm', 'i', 'x', 'v', '2'};

template <class Shape, class Vector>
void for_each_vector(Shape& s, Vector&& vector)
{
    vector(s.positions.shape), vector(s.positions.keep);
    vector(s.channels.shape), vector(s.channels.keep), vector(s.axes);
}
template <class Scalar>
void for_each_scalar(auto& r, Scalar&& scalar)
{
    if constexpr (requires { r.history; })
    {
        scalar(r.status), scalar(r.iterations), scalar(r.best_iteration), scalar(r.objective);
        scalar(r.mse), scalar(r.seconds), scalar(r.negative_data), scalar(r.one_read);
    }
    else
    {
        scalar(r.rank), scalar(r.start), scalar(r.seed), scalar(r.iterations);
        scalar(r.ended), scalar(r.dropped), scalar(r.mse), scalar(r.objective);
    }
}

inline void write_text(std::ostream& out, const std::string& text)
{
    write_values(out, std::vector<char>(text.begin(), text.end()));
}
template <class T>
void write_result(std::ostream& out, const result<T>& r)
{
    write_values(out, factor<T>(r.maps_matrix()).values());
    write_values(out, factor<T>(r.components_matrix()).values());
    for_each_scalar(r, [&](const auto& v) { write_value(out, v); });
    write_text(out, r.warning);
    write_values(out, r.history);
}

/// Reads the parts of a survey; all throw io_error where it ends or is damaged.
class survey_reader
{
  public:
    explicit survey_reader(std::istream& in)
        : in_(in)
    {
    }
    template <class V>
    void operator()(V& value)
    {
        read_value(in_, value, "the survey");
    }
    void operator()(bool& value)
    {
        std::uint8_t byte = 0;
        (*this)(byte);
        value = byte != 0;
    }
    void operator()(xunmix::status& value)
    {
        read_value(in_, value, "the survey");
        require<io_error>(value >= status::running && value <= status::non_finite,
                          "the survey is damaged: a status does not exist");
    }
    template <class V>
    void operator()(std::vector<V>& values)
    {
        read_values(in_, values, "the survey");
    }
    void operator()(std::string& text)
    {
        std::vector<char> letters;
        (*this)(letters);
        text.assign(letters.begin(), letters.end());
    }
    void operator()(unfolding& shape)
    {
        for_each_vector(shape, *this);
        for (const grid* g : {&shape.positions, &shape.channels})
        {
            constexpr double most = 1e15; // places, more than fit in any memory
            double places = g->shape.empty() ? 0 : 1;
            for (const std::size_t extent : g->shape)
                places *= static_cast<double>(extent);
            require<io_error>(places >= 1 && places <= most, "the survey is damaged: its shape ",
                              shape_text(g->shape), " cannot be");
        }
        for (const grid* g : {&shape.positions, &shape.channels})
            require<io_error>(g->keep.empty() || g->keep.size() == g->size(),
                              "the survey is damaged: its masks have the wrong size");
    }
    template <class T>
    void operator()(rank_survey<T>& r, const unfolding& shape)
    {
        std::size_t starts = 0;
        (*this)(r.rank), (*this)(r.best_start), (*this)(starts);
        require<io_error>(r.best_start < starts,
                          "the survey is damaged: its best start does not exist");
        for (std::size_t i = 0; i < starts; ++i)
            for_each_scalar(r.runs.emplace_back(), *this);
        (*this)(r.warning);
        std::vector<T> maps, components;
        (*this)(maps), (*this)(components);
        require<io_error>(r.rank > 0 && maps.size() == shape.positions.size() * r.rank &&
                              components.size() == shape.channels.size() * r.rank,
                          "the survey is damaged: its factors have the wrong size");
        r.best.emplace(std::move(maps), std::move(components), shape);
        for_each_scalar(*r.best, *this);
        (*this)(r.best->warning), (*this)(r.best->history);
    }

  private:
    std::istream& in_;
};
}

/// Writes a survey in a binary format for machines of the same kind.
template <class T>
void write_survey(std::ostream& out, const survey_state<T>& s)
{
    using namespace detail;
    write_value(out, survey_magic);
    write_value(out, state_format<T>());
    for_each_vector(s.shape, [&](const auto& v) { write_values(out, v); });
    write_value(out, s.entries), write_value(out, s.squared_norm);
    write_values(out, s.spectrum), write_values(out, s.scaled_pca);
    write_value(out, s.ranks.size());
    for (const auto& r : s.ranks)
    {
        write_value(out, r.rank), write_value(out, r.best_start);
        write_value(out, r.runs.size());
        for (const auto& run : r.runs)
            for_each_scalar(run, [&](const auto& v) { write_value(out, v); });
        write_text(out, r.warning);
        write_result(out, *r.best);
    }
    require<io_error>(static_cast<bool>(out), "the survey could not be written");
}

/// Reads what write_survey wrote. Throws io_error where the stream holds something else, was
/// written for another factor type, is damaged or ends early.
template <class T>
survey_state<T> read_survey(std::istream& in)
{
    using namespace detail;
    survey_reader read(in);
    auto magic = survey_magic;
    std::uint32_t format = 0;
    read(magic);
    require<io_error>(magic == survey_magic, "this is no survey of xunmix");
    read(format);
    require<io_error>(format == state_format<T>(),
                      "the survey is for factors of another type or another machine");
    survey_state<T> s;
    read(s.shape);
    read(s.entries), read(s.squared_norm), read(s.spectrum), read(s.scaled_pca);
    std::size_t count = 0;
    read(count);
    for (std::size_t i = 0; i < count; ++i)
    {
        rank_survey<T> r;
        read(r, s.shape);
        s.ranks.push_back(std::move(r));
    }
    return s;
}
}
