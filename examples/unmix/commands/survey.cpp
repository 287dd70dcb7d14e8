// SPDX-License-Identifier: BSD-3-Clause
#include "survey.hpp"
#include "data.hpp"
#include "interrupts.hpp"
#include "method.hpp"
#include "options.hpp"
#include "stopwatch.hpp"
#include "survey_progress.hpp"
#include "survey_report.hpp"

#include <algorithm>
#include <fstream>
#include <iostream>
#include <iterator>
#include <limits>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <xunmix/runtime/any_constraint.hpp>
#include <xunmix/runtime/any_start.hpp>
#include <xunmix/runtime/any_update.hpp>
#include <xunmix/survey/survey.hpp>

namespace unmix
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
                       out << text_of(describe_method(a));
                   });
}

/// Throws invalid_argument, beginning with `refusal`, for the first option that differs.
void check_options(const json& then, const json& now, const std::string& refusal,
                   const std::string& remedy)
{
    const auto words = [](const json& value)
    { return value.is_string() ? value.get<std::string>() : text_of(value); };
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
template <class T>
xu::survey_state<T> read_state(const std::filesystem::path& path, const xu::any_matrix<T>& data,
                               const arguments& a)
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
    const auto then = parse_json(std::string(std::istreambuf_iterator<char>(file), {}));
    check_options(then, describe_method(a), refusal, remedy);
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
    run_folder place(folder / fmt::format("rank_{}", found.rank));
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

template <class T>
survey_outcome survey_matrix(const xu::any_matrix<T>& data, const arguments& a,
                             const run_folder& folder)
{
    const auto path = folder / "survey.state";
    std::optional<xu::survey_state<T>> earlier;
    if (a.survey->resume && std::filesystem::exists(path))
        earlier = read_state(path, data, a);
    xu::surveyor study(
        data, survey_options_of(a), update_of(a), start_of(a),
        xu::on_maps(xu::any_constraint(constraint_names(a, xu::side::maps))),
        xu::on_components(xu::any_constraint(constraint_names(a, xu::side::components))));
    const std::size_t resumed = earlier ? earlier->ranks.size() : 0;
    if (earlier)
        study.resume(std::move(*earlier));
    const auto& ranks = study.state().ranks;
    for (const auto& found : ranks)
        write_best(folder, found);
    {
        survey_progress progress(a.survey->ranks, a.starts, resumed);
        const interrupt_watch watch;
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

survey_outcome survey(const input& in, const arguments& a, const run_folder& folder)
{
    const stopwatch watch;
    const auto data = weigh(in, a);
    auto out = std::visit([&](const auto& x) { return survey_matrix(x, a, folder); }, data.x);
    out.noise = data.noise;
    // Weighted counts are scaled already: PCA is the scaled one.
    if (out.noise == "poisson")
        drop_scaled_pca(out);
    out.seconds = watch.seconds();
    return out;
}

void run_survey(const arguments& a)
{
    run_folder folder(a.output, a.wanted_pictures);
    const auto in = open_input(a);
    std::cout << describe(in) << std::endl;
    end_on_signals();
    auto others = read_others(a, in);
    const auto out = survey(in, a, folder);
    if (out.ranks.empty())
        throw xu::error("stopped before the first rank was done: nothing was written");
    folder.write_csv("survey.csv", starts_table(out));
    folder.write_csv("ranks.csv", ranks_table(out));
    folder.write_json("report.json", report(a, in, out));
    std::cout << summary(a, out) << std::flush;
    const auto study = study_of(a, in, out, std::move(others));
    folder.write_picture("mse_scatter.png",
                         [&](const auto& path) { draw_mse_scatter(path, study); });
    folder.write_picture("mse_pca.png", [&](const auto& path) { draw_mse_pca(path, study); });
    std::cout << folder.summary() << "and survey.state; in rank_K: maps.npy components.npy\n";
}
}
