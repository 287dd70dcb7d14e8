// SPDX-License-Identifier: BSD-3-Clause
#include "survey.hpp"
#include "interrupt_watch.hpp"
#include "model.hpp"
#include "progress_line.hpp"
#include "survey_report.hpp"

#include <algorithm>
#include <chrono>
#include <fstream>
#include <iterator>
#include <limits>
#include <utility>

#include <xunmix/survey/survey.hpp>

namespace support
{
namespace
{
namespace xu = xunmix;
using xunmix::detail::require;

xu::survey_options survey_options_of(const arguments& a)
{
    return {.ranks = a.survey->ranks,
            .starts = a.starts,
            .max_iterations = a.iterations,
            .tolerance = a.tolerance,
            .seed = a.seed,
            .threads = a.threads,
            .exact = a.survey->exact,
            .compress = {.size = a.survey->compression,
                         .power_iterations = xu::survey_options{}.compress.power_iterations,
                         .polish = a.survey->polish},
            .halving = a.survey->halving};
}

/// survey.state: the survey as the library writes it, then the options that its numbers depend on.
template <class T>
void write_state(const std::filesystem::path& path, const xu::survey_state<T>& state,
                 const arguments& a)
{
    xu::write_file(path,
                   [&](std::ostream& out)
                   {
                       xu::write_survey(out, state);
                       out << describe_survey(a).dump();
                   });
}

/// Throws invalid_argument, beginning with `refusal`, for the first option that differs.
void check_options(const nlohmann::ordered_json& then, const nlohmann::ordered_json& now,
                   const std::string& refusal, const std::string& remedy)
{
    const auto words = [](const nlohmann::ordered_json& value)
    { return value.is_string() ? value.get<std::string>() : value.dump(); };
    for (const auto& [option, value] : now.items())
    {
        const bool known = then.is_object() && then.contains(option);
        std::string what = option;
        std::replace(what.begin(), what.end(), '_', ' ');
        require<xu::invalid_argument>(known && then[option] == value, refusal, "that survey had ",
                                      what, " ", known ? words(then[option]) : "unknown",
                                      ", this one has ", words(value), remedy);
    }
}

/// The ranks that an earlier survey of the same data and options has done.
template <class T, class M>
xu::survey_state<T> read_state(const std::filesystem::path& path, const M& data, const arguments& a)
{
    const std::string refusal = "cannot resume from '" + path.string() + "': ";
    const char* const remedy = "; without --resume the survey starts again";
    std::ifstream file(path, std::ios::binary);
    require<xu::io_error>(file.is_open(), refusal, "it cannot be read");
    xu::survey_state<T> state;
    try
    {
        state = xu::read_survey<T>(file);
    }
    catch (const xu::io_error& e)
    {
        throw xu::io_error(refusal + e.what() + remedy);
    }
    const auto then = nlohmann::ordered_json::parse(
        std::string(std::istreambuf_iterator<char>(file), {}), nullptr, false);
    check_options(then, describe_survey(a), refusal, remedy);
    const auto same = [](const xu::grid& one, const xu::grid& other)
    { return one.shape == other.shape && one.keep == other.keep; };
    require<xu::invalid_argument>(same(state.shape.positions, data.shape().positions) &&
                                      same(state.shape.channels, data.shape().channels) &&
                                      state.squared_norm == data.squared_norm(),
                                  refusal, "that survey was of other data or had another mask",
                                  remedy);
    const auto& ranks = a.survey->ranks;
    const auto other =
        std::mismatch(state.ranks.begin(), state.ranks.end(), ranks.begin(), ranks.end(),
                      [](const auto& done, std::size_t rank) { return done.rank == rank; });
    require<xu::invalid_argument>(other.first == state.ranks.end(), refusal,
                                  "that survey had done rank ",
                                  other.first == state.ranks.end() ? 0 : other.first->rank,
                                  ", which is not next among the ranks of this one", remedy);
    return state;
}

template <class T>
void write_best(const run_folder& folder, const xu::rank_survey<T>& found)
{
    run_folder place(folder / ("rank_" + std::to_string(found.rank)));
    place.write_array("maps.npy", found.best->maps());
    place.write_array("components.npy", found.best->components());
}

/// Whether the last rank's best start was interrupted while it was polished.
template <class T>
bool is_unfinished(const xu::survey_state<T>& state)
{
    return !state.ranks.empty() && state.ranks.back().best->status == xu::status::running;
}

template <class T>
rank_numbers numbers_of(const xu::survey_state<T>& state, const xu::rank_survey<T>& found)
{
    return {.rank = found.rank,
            .runs = found.runs,
            .best_start = found.best_start,
            .minimum = found.minimum(),
            .mean = found.mean(),
            .deviation = found.spread(),
            .near_best = found.near_best(),
            .pca = state.pca_mse(found.rank),
            .scaled_pca = state.scaled_pca_mse(found.rank),
            .status = name(found.best->status),
            .iterations = found.best->iterations,
            .warning = found.warning};
}

template <class T>
survey_outcome outcome_of(xu::survey_state<T> state)
{
    if (is_unfinished(state))
        state.ranks.pop_back();
    survey_outcome out;
    for (const auto& found : state.ranks)
        out.ranks.push_back(numbers_of(state, found));
    out.crossing = state.crossing();
    out.compression = state.spectrum.size() - 1;
    if (!state.ranks.empty())
        out.negative_data = state.ranks.front().best->negative_data;
    return out;
}

void drop_scaled_pca(survey_outcome& out)
{
    for (auto& r : out.ranks)
        r.scaled_pca = std::numeric_limits<double>::quiet_NaN();
    out.crossing.reset();
}

template <class M, class Update>
survey_outcome run_survey(const M& data, const Update& update, const arguments& a,
                          const run_folder& folder, const std::function<bool()>& interrupted)
{
    using T = typename M::factor_type;
    const auto path = folder / "survey.state";
    std::optional<xu::survey_state<T>> earlier;
    if (a.survey->resume && std::filesystem::exists(path))
        earlier = read_state<T>(path, data, a);
    xu::surveyor study(
        data, survey_options_of(a), update, start_of(a),
        xu::on_maps(xu::any_constraint(constraint_names(a, xu::side::maps))),
        xu::on_components(xu::any_constraint(constraint_names(a, xu::side::components))));
    const std::size_t resumed = earlier ? earlier->ranks.size() : 0;
    if (earlier)
        study.resume(std::move(*earlier));
    const auto& ranks = study.state().ranks;
    for (const auto& found : ranks)
        write_best(folder, found);
    {
        progress_line progress(a.survey->ranks, a.starts, resumed);
        const interrupt_watch watch(interrupted);
        while (!study.is_done() && !interrupted())
        {
            study.step([&](const xu::survey_progress& p) { progress.start_ended(p.run); },
                       watch.token());
            if (study.is_stopped() || is_unfinished(study.state()))
                break;
            write_best(folder, ranks.back());
            write_state(path, study.state(), a);
            progress.rank_ended(ranks.back().minimum(), ranks.back().near_best());
        }
    }
    auto out = outcome_of(study.state());
    out.resumed = resumed;
    return out;
}
}

survey_outcome survey(const input& in, const arguments& a, const run_folder& folder,
                      const std::function<bool()>& interrupted)
{
    const auto begin = std::chrono::steady_clock::now();
    auto out = with_matrix(in.scan.data, in.positions, in.keep, a,
                           [&](const auto& data, const char* noise)
                           {
                               auto found = with_update(
                                   a, [&](const auto& update)
                                   { return run_survey(data, update, a, folder, interrupted); });
                               found.noise = noise;
                               // Weighted counts are scaled already: PCA is the scaled one.
                               if (found.noise == "poisson")
                                   drop_scaled_pca(found);
                               return found;
                           });
    out.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    return out;
}
}
