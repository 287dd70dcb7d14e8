// SPDX-License-Identifier: BSD-3-Clause
#include "options.hpp"
#include "method.hpp"
#include "ranks.hpp"

#include <charconv>
#include <functional>
#include <limits>
#include <string>
#include <system_error>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <xunmix/runtime/any_constraint.hpp>
#include <xunmix/update/soft_orthogonal.hpp>

namespace unmix
{
namespace
{
constexpr std::uint64_t most_threads = 1024, most_draws = 10'000,
                        most_axis = 31; ///< HDF5 and NumPy have arrays of up to 32

/// What the report does with an option.
enum class told
{
    not_at_all,
    of_run,   ///< where it says how the program ran
    of_method ///< the numbers depend on it
};

/// Commands, as bits.
constexpr unsigned for_fit = 1, for_survey = 2, for_rank = 4,
                   for_all = for_fit | for_survey | for_rank;

/// One option.
struct row
{
    const char* name;
    unsigned commands;
    std::function<void(CLI::App&, arguments&)> declare;
    const char* key = nullptr; ///< in the report
    told how = told::not_at_all;
    std::function<json(const arguments&)> value = {}; ///< a discarded one: does not apply
    bool for_pca = true;                              ///< false: of iterations, starts, constraints
};

unsigned command_of(const arguments& a)
{
    return a.survey ? for_survey : a.rank_report ? for_rank : for_fit;
}

/// Checks that a text is a whole number from `least` to `most`, in digits: by itself CLI11 takes -1
/// for the largest number there is.
CLI::Validator whole_number(std::uint64_t least, std::uint64_t most)
{
    const auto check = [least, most](const std::string& text) -> std::string
    {
        const auto value = read_whole(text);
        if (value && *value >= least && *value <= most)
            return {};
        return fmt::format("takes a whole number from {} to {}, got \"{}\"", least, most, text);
    };
    return {check, ""};
}

/// A value that does not apply to this run.
json not_for_this_run()
{
    return json(json::value_t::discarded);
}
/// The value of a member of the arguments, for the report.
template <class Member>
auto member(Member arguments::*which)
{
    return [which](const arguments& a) -> json { return a.*which; };
}
template <class Member>
auto member(Member survey_request::*which)
{
    return [which](const arguments& a) -> json { return (*a.survey).*which; };
}
template <class Member>
auto member(Member rank_request::*which)
{
    return [which](const arguments& a) -> json { return (*a.rank_report).*which; };
}
/// That of one which may not be given.
template <class Member>
auto optional_member(std::optional<Member> arguments::*which)
{
    return [which](const arguments& a) -> json
    { return a.*which ? json(*(a.*which)) : not_for_this_run(); };
}

/// What follows differs where a command says it in other words.
const char* either(const arguments& a, unsigned command, const char* then, const char* otherwise)
{
    return command_of(a) == command ? then : otherwise;
}

void declare_orthogonal_side(CLI::App& app, arguments& a)
{
    const auto to_side = [](std::string& word)
    {
        if (word != "maps" && word != "components")
            return "takes maps or components, got \"" + word + '"';
        word = fmt::to_string(
            static_cast<int>(word == "maps" ? xunmix::side::maps : xunmix::side::components));
        return std::string();
    };
    app.add_option("--orthogonal-side", a.orthogonal_side,
                   "Which factors soft_orthogonal keeps apart: maps or components [maps]")
        ->transform(CLI::Validator(to_side, ""))
        ->type_name("SIDE");
}

std::string known_constraints()
{
    return "none, or from " + xunmix::any_constraint::known_names() + " [non_negative";
}

/// Which scan, and how many components.
std::vector<row> rows_of_scan()
{
    return {
        {"INPUT", for_all,
         [](CLI::App& app, arguments& a)
         {
             app.add_option("INPUT", a.input,
                            "Scan: .npy, or HDF5 (.hspy, EMD 1.0, any file with --dataset). "
                            "Without it a simulated scan is taken");
         }},
        {"--rank", for_fit,
         [](CLI::App& app, arguments& a)
         {
             app.add_option("--rank", a.rank, "Number of components")
                 ->required()
                 ->check(whole_number(1, most_components));
         },
         "rank", told::of_run, member(&arguments::rank)},
        {"--ranks", for_survey,
         [](CLI::App& app, arguments& a)
         {
             app.add_option_function<std::string>(
                    "--ranks",
                    [&ranks = a.survey->ranks](const std::string& text)
                    { ranks = read_ranks(text); },
                    "Numbers of components: first and last as 2:15, one as 7, or a list as 2,4,8")
                 ->default_str("2:15")
                 ->type_name("FIRST:LAST");
         },
         "ranks", told::of_run, member(&survey_request::ranks)},
        {"--ranks", for_rank,
         [](CLI::App& app, arguments& a)
         {
             app.add_option_function<std::string>(
                    "--ranks",
                    [&ranks = a.rank_report->ranks](const std::string& text)
                    { ranks = read_ranks(text); },
                    "Numbers of components: first and last as 1:10, one as 7, or a list as 2,4,8")
                 ->default_str("1:10")
                 ->type_name("FIRST:LAST");
         },
         "ranks", told::of_run, member(&rank_request::ranks)},
        {"--simulate", for_all,
         [](CLI::App& app, arguments& a)
         {
             app.add_option(
                    "--simulate", a.simulate,
                    "The simulated scan that is taken without INPUT. nanosheets: 4D-STEM of "
                    "titanium oxide; silicon_diode, eels: EELS of layers; edx: EDX of particles "
                    "[nanosheets]")
                 ->check(
                     CLI::IsMember({"nanosheets", "silicon_diode", "edx", "eels"}).description(""))
                 ->type_name("NAME");
         }},
        {"--dataset", for_all,
         [](CLI::App& app, arguments& a)
         { app.add_option("--dataset", a.dataset, "Path of the dataset in an HDF5 file"); }},
    };
}

/// How it is looked at and cleaned.
std::vector<row> rows_of_axes()
{
    return {
        {"--positions", for_all,
         [](CLI::App& app, arguments& a)
         {
             app.add_option("--positions", a.positions,
                            "Axes that say where, the slowest first, as 0,1 [what the file says, "
                            "else all but the last axis of 3, the first two of 4, the first of 2]")
                 ->check(whole_number(0, most_axis))
                 ->delimiter(',')
                 ->type_name("AXIS,...");
         }},
        {"--mask-disk", for_all,
         [](CLI::App& app, arguments& a)
         {
             app.add_option_function<std::vector<double>>(
                    "--mask-disk",
                    [&a](const std::vector<double>& v) {
                        a.mask_disk = {v[0], v[1], v[2]};
                    },
                    "Mask a disk of channels, y,x,r in pixels: the direct beam of a diffraction "
                    "pattern")
                 ->delimiter(',')
                 ->expected(3)
                 ->type_name("Y,X,R");
         }},
        {"--clip-negative", for_all,
         [](CLI::App& app, arguments& a)
         {
             app.add_flag("--clip-negative", a.clip_negative,
                          "Set negative values to zero first (mu and ard_mu take none)");
         }},
        {"--despike", for_all,
         [](CLI::App& app, arguments& a)
         {
             app.add_option("--despike", a.despike,
                            "Replace spikes (X-ray hits) first, which stand THRESHOLD standard "
                            "deviations above neighbouring positions and channels; 7 is usual")
                 ->type_name("THRESHOLD");
         }},
        {"--mask-hot", for_all,
         [](CLI::App& app, arguments& a)
         {
             app.add_flag("--mask-hot", a.mask_hot,
                          "Mask channels that stick out of their neighbours at nearly all "
                          "positions");
         }},
    };
}

/// What is subtracted from it.
std::vector<row> rows_of_background()
{
    return {
        {"--background", for_all,
         [](CLI::App& app, arguments& a)
         {
             app.add_option_function<std::vector<double>>(
                    "--background",
                    [&a](const std::vector<double>& v) {
                        a.background = {v[0], v[1]};
                    },
                    "Subtract a power law from every spectrum, fitted between these two energies "
                    "before an edge, in the units of the spectra's axis; all up to there is "
                    "masked")
                 ->delimiter(',')
                 ->expected(2)
                 ->type_name("FROM,TO");
         }},
    };
}

/// What is minimised.
std::vector<row> rows_of_objective()
{
    return {
        {"--algorithm", for_fit | for_survey,
         [](CLI::App& app, arguments& a)
         {
             app.add_option(
                    "--algorithm", a.algorithm,
                    std::string("als, mals, mu, hals or bpp; soft_orthogonal: hals that keeps maps "
                                "or components apart") +
                        either(a, for_survey, "",
                               "; ard (like hals) and ard_mu (like mu): they start with --rank "
                               "components and keep those that the data need; pca: principal "
                               "components, without iterations and constraints, to see how many "
                               "stand out"))
                 ->check(CLI::IsMember({"als", "mals", "mu", "hals", "bpp", "soft_orthogonal",
                                        "ard", "ard_mu", "pca"})
                             .description(""))
                 ->capture_default_str();
         },
         "algorithm", told::of_method, member(&arguments::algorithm)},
        {"--noise", for_all,
         [](CLI::App& app, arguments& a)
         {
             app.add_option("--noise", a.noise,
                            either(a, for_rank,
                                   "gaussian: of unknown variance; poisson: that of counts; auto: "
                                   "poisson for whole numbers that are not negative, else gaussian",
                                   "gaussian: least squares; poisson: weighted by the counts' "
                                   "variance; auto: poisson for integer spectra, gaussian for "
                                   "everything else"))
                 ->check(CLI::IsMember({"auto", "gaussian", "poisson"}))
                 ->capture_default_str();
         },
         "noise", told::of_method, member(&arguments::noise)},
        {"--beta", for_fit | for_survey,
         [](CLI::App& app, arguments& a)
         {
             auto* const option =
                 app.add_option("--beta", a.beta,
                                "Minimise the beta divergence instead of least squares, with mu "
                                "and ard_mu: 0 Itakura-Saito, 1 Kullback-Leibler (Poisson noise), "
                                "2 least squares, or between");
             if (a.survey) // known, to say why not
                 option->group("");
         },
         "beta", told::of_method, optional_member(&arguments::beta), false},
    };
}

/// Under which constraints.
std::vector<row> rows_of_constraints()
{
    return {
        {"--orthogonality", for_fit | for_survey,
         [](CLI::App& app, arguments& a)
         {
             app.add_option(
                    "--orthogonality", a.orthogonality,
                    fmt::format(
                        "Weight of soft_orthogonal{}, from 0, plain, to 1, no overlap [{:g}{}",
                        either(a, for_survey, "", " and ard"), xunmix::soft_orthogonal{}.weight,
                        either(a, for_survey, "]", "; ard: 0]")))
                 ->type_name("WEIGHT");
         },
         "orthogonality", told::of_method,
         [](const arguments& a)
         {
             return a.algorithm == "soft_orthogonal" || a.algorithm == "ard"
                        ? json(orthogonality_of(a))
                        : not_for_this_run();
         },
         false},
        {"--orthogonal-side", for_fit | for_survey, declare_orthogonal_side, "orthogonal_side",
         told::of_method,
         [](const arguments& a) {
             return a.algorithm == "soft_orthogonal" ? json(name(a.orthogonal_side))
                                                     : not_for_this_run();
         },
         false},
        {"--maps", for_fit | for_survey,
         [](CLI::App& app, arguments& a)
         {
             app.add_option("--maps", a.maps,
                            "Constraints on the maps: " + known_constraints() + "]")
                 ->delimiter(',')
                 ->type_name("NAME,...");
         },
         "on_maps", told::of_method,
         [](const arguments& a) { return json(constraint_names(a, xunmix::side::maps)); }, false},
        {"--components", for_fit | for_survey,
         [](CLI::App& app, arguments& a)
         {
             app.add_option("--components", a.components,
                            "Constraints on the components: likewise " + known_constraints() +
                                "; als: and unit_norm]. decaying counts COMPONENT from 0")
                 ->delimiter(',')
                 ->type_name("NAME,...");
         },
         "on_components", told::of_method,
         [](const arguments& a) { return json(constraint_names(a, xunmix::side::components)); },
         false},
        {"--uncentred", for_fit,
         [](CLI::App& app, arguments& a)
         {
             app.add_flag("--uncentred", a.uncentred,
                          "pca leaves the mean in: the best model of its rank, truncated singular "
                          "values");
         },
         "uncentred", told::of_method,
         [](const arguments& a)
         { return a.algorithm == "pca" ? json(a.uncentred) : not_for_this_run(); }},
    };
}

/// From where, how often and how long.
std::vector<row> rows_of_starts()
{
    return {
        {"--init", for_fit | for_survey,
         [](CLI::App& app, arguments& a)
         {
             app.add_option(
                    "--init", a.init,
                    "Where a start comes from. uniform: random numbers; positions: of the scan, at "
                    "random; vca, spa: its purest positions; signal_subspace: what is purer than "
                    "any position; nndsvd: singular vectors, zeros filled with the data's mean "
                    "(nndsvda) or little random numbers (nndsvdar)")
                 ->check(CLI::IsMember({"uniform", "positions", "vca", "spa", "nndsvd", "nndsvda",
                                        "nndsvdar", "signal_subspace"})
                             .description(""))
                 ->capture_default_str();
         },
         "init", told::of_method, member(&arguments::init), false},
        {"--iterations", for_all,
         [](CLI::App& app, arguments& a)
         {
             app.add_option("--iterations", a.iterations, "At most so many a start")
                 ->check(whole_number(0, most_iterations))
                 ->capture_default_str();
         },
         "iterations", told::of_method, member(&arguments::iterations), false},
        {"--tolerance", for_all,
         [](CLI::App& app, arguments& a)
         {
             app.add_option("--tolerance", a.tolerance,
                            "A start ends where the objective's relative decrease is less; 0: "
                            "never")
                 ->capture_default_str();
         },
         "tolerance", told::of_method, member(&arguments::tolerance), false},
        {"--seed", for_all,
         [](CLI::App& app, arguments& a)
         {
             app.add_option("--seed", a.seed, "Of the first start; the next ones count on from it")
                 ->check(whole_number(0, std::numeric_limits<std::uint64_t>::max()))
                 ->capture_default_str();
         },
         "seed", told::of_method, member(&arguments::seed)},
        {"--starts", for_all,
         [](CLI::App& app, arguments& a)
         {
             app.add_option("--starts", a.starts,
                            std::string("Random starts") + either(a, for_fit, "", " at each rank") +
                                either(a, for_rank, ", to see whether they agree",
                                       "; the one with the least mse is kept"))
                 ->check(whole_number(1, most_starts))
                 ->capture_default_str();
         },
         "starts", told::of_method, member(&arguments::starts), false},
    };
}

/// Which starts go on.
std::vector<row> rows_of_screening()
{
    return {
        {"--screening", for_fit | for_survey,
         [](CLI::App& app, arguments& a)
         {
             auto* const option =
                 app.add_option("--screening", a.screening,
                                "All starts run so many iterations; the best of them alone goes on "
                                "to the end")
                     ->check(whole_number(1, most_iterations))
                     ->type_name("N");
             if (a.survey) // known, to say what to take instead
                 option->group("");
         },
         "screening", told::of_method, optional_member(&arguments::screening), false},
    };
}

/// Of clusters, and of surveys.
std::vector<row> rows_of_clusters()
{
    return {
        {"--cluster",
         for_fit,
         [](CLI::App& app, arguments& a)
         {
             app.add_option("--cluster", a.clusters.count,
                            "Gather components that are one diffraction pattern, turned, in so "
                            "many clusters")
                 ->check(whole_number(1, most_components));
         },
         nullptr,
         told::not_at_all,
         {},
         false},
        {"--linkage", for_fit,
         [](CLI::App& app, arguments& a)
         {
             app.add_option("--linkage", a.clusters.linkage,
                            "Distance between clusters: average, complete, single or ward")
                 ->check(CLI::IsMember(linkages()))
                 ->capture_default_str();
         }},
        {"--friedel", for_fit,
         [](CLI::App& app, arguments& a)
         {
             app.add_flag("--friedel", a.clusters.friedel,
                          "For --cluster, a pattern is the same when turned by 180 degrees");
         }},
        {"--exact", for_survey,
         [](CLI::App& app, arguments& a)
         {
             app.add_flag("--exact", a.survey->exact,
                          "Iterate on the scan itself, all starts of a rank sharing each read of "
                          "it, instead of on compressed data: slower, without their approximation");
         },
         "exact", told::of_method, member(&survey_request::exact)},
        {"--halving", for_survey,
         [](CLI::App& app, arguments& a)
         {
             app.add_option("--halving", a.survey->halving,
                            "Drop the worse half of a rank's starts after so many iterations, and "
                            "again after twice as many; 0: never")
                 ->check(whole_number(0, most_iterations))
                 ->capture_default_str();
         },
         "halving", told::of_method, member(&survey_request::halving)},
        {"--compression", for_survey,
         [](CLI::App& app, arguments& a)
         {
             app.add_option("--compression", a.survey->compression,
                            "Directions that compressed data keep; 0: about 25 more than the "
                            "largest rank")
                 ->check(whole_number(0, most_components))
                 ->capture_default_str();
         },
         "compression", told::of_method, member(&survey_request::compression)},
    };
}

/// Of surveys and rank reports.
std::vector<row> rows_of_studies()
{
    return {
        {"--polish", for_survey,
         [](CLI::App& app, arguments& a)
         {
             app.add_option("--polish", a.survey->polish,
                            "Iterations on the scan itself, at most, of the best start of each "
                            "rank")
                 ->check(whole_number(0, most_iterations))
                 ->capture_default_str();
         },
         "polish", told::of_method, member(&survey_request::polish)},
        {"--resume", for_survey,
         [](CLI::App& app, arguments& a)
         {
             app.add_flag("--resume", a.survey->resume,
                          "Go on after the ranks that an earlier survey of the same scan and "
                          "options left in the output folder");
         },
         "resume", told::of_run, member(&survey_request::resume)},
        {"--beside", for_survey,
         [](CLI::App& app, arguments& a)
         {
             app.add_option("--beside", a.survey->beside,
                            "Draw the minima of earlier surveys of the same scan, in these "
                            "folders, in mse_pca.png, too: another algorithm's")
                 ->delimiter(',')
                 ->type_name("FOLDER,...");
         }},
        {"--draws", for_rank,
         [](CLI::App& app, arguments& a)
         {
             app.add_option("--draws", a.rank_report->draws,
                            "Scans drawn to see where the noise of counts ends")
                 ->check(whole_number(1, most_draws))
                 ->capture_default_str();
         },
         "draws", told::of_method, member(&rank_request::draws)},
        {"--held-out", for_rank,
         [](CLI::App& app, arguments& a)
         {
             app.add_option("--held-out", a.rank_report->held_out,
                            "Share of the counts held out, to see how well a model of the others "
                            "foretells them")
                 ->capture_default_str();
         },
         "held_out", told::of_method, member(&rank_request::held_out)},
    };
}

/// How the program runs.
std::vector<row> rows_of_run()
{
    return {
        {"--threads", for_all,
         [](CLI::App& app, arguments& a)
         {
             app.add_option("--threads", a.threads,
                            "At most so many; 0: as many as there are cores")
                 ->check(whole_number(0, most_threads))
                 ->capture_default_str();
         },
         "threads", told::of_run, member(&arguments::threads)},
        {"--output", for_all,
         [](CLI::App& app, arguments& a)
         {
             app.add_option("--output", a.output,
                            "Folder to write to; its files of the same names are replaced")
                 ->capture_default_str();
         }},
        {"--no-pictures", for_all,
         [](CLI::App& app, arguments& a)
         {
             app.add_flag_callback(
                 "--no-pictures", [&a] { a.wanted_pictures = pictures::none; },
                 "Write numbers and the report only: for scripts, which are done sooner");
         }},
    };
}

/// The table, in the order of the help.
const std::vector<row>& table_of_options()
{
    static const std::vector<row> rows = []
    {
        std::vector<row> out;
        for (auto part : {rows_of_scan(), rows_of_axes(), rows_of_background(), rows_of_objective(),
                          rows_of_constraints(), rows_of_starts(), rows_of_screening(),
                          rows_of_clusters(), rows_of_studies(), rows_of_run()})
            out.insert(out.end(), part.begin(), part.end());
        return out;
    }();
    return rows;
}

json describe(const arguments& a, bool whole_run)
{
    auto out = json::object();
    for (const auto& r : table_of_options())
    {
        const bool is_told = r.how == told::of_method || (whole_run && r.how == told::of_run);
        if (!is_told || (r.commands & command_of(a)) == 0 || (a.algorithm == "pca" && !r.for_pca))
            continue;
        if (auto value = r.value(a); !value.is_discarded())
            out[r.key] = std::move(value);
    }
    return out;
}
}

std::optional<std::uint64_t> read_whole(std::string_view text)
{
    std::uint64_t value = 0;
    const char* const end = text.data() + text.size();
    const auto [stop, failure] = std::from_chars(text.data(), end, value);
    if (text.empty() || failure != std::errc{} || stop != end)
        return std::nullopt;
    return value;
}

void declare_options(CLI::App& app, arguments& a)
{
    for (const auto& r : table_of_options())
        if (r.commands & command_of(a))
            r.declare(app, a);
}

std::vector<std::string> options_unknown_to_pca()
{
    std::vector<std::string> out;
    for (const auto& r : table_of_options())
        if ((r.commands & for_fit) != 0 && !r.for_pca)
            out.emplace_back(r.name);
    return out;
}

json describe_method(const arguments& a)
{
    return describe(a, false);
}

json describe_options(const arguments& a)
{
    return describe(a, true);
}
}
