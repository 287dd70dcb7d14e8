// SPDX-License-Identifier: BSD-3-Clause
#include "options.hpp"
#include "method.hpp"
#include "ranks.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <functional>
#include <limits>
#include <string>
#include <system_error>
#include <type_traits>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <xunmix/runtime/any_constraint.hpp>
#include <xunmix/update/soft_orthogonal.hpp>

namespace unmix
{
namespace
{
constexpr std::uint64_t most_threads = 1024, most_groups = 1024, most_draws = 10'000,
                        most_axis = 31; ///< HDF5 and NumPy have arrays of up to 32

/// What the report does with an option.
enum class told
{
    not_at_all,
    of_run,       ///< where it says how the program ran
    of_method,    ///< the numbers depend on it
    of_iterations ///< likewise, but for pca, which has no iterations, starts or constraints
};

/// Commands, as bits.
constexpr unsigned for_fit = 1, for_survey = 2, for_rank = 4,
                   for_all = for_fit | for_survey | for_rank;

unsigned command_of(const arguments& a)
{
    return a.survey ? for_survey : a.rank_report ? for_rank : for_fit;
}

/// Where the value of an option goes.
struct place
{
    /// Adds the option, of this name and help, to a command line.
    std::function<CLI::Option*(CLI::App&, const std::string&, const std::string&, arguments&)>
        declare;
    /// The value for the report; a discarded one where it does not apply to the run.
    std::function<json(const arguments&)> value = {};
};

/// What the help says, where that depends on the command.
struct words
{
    words(const char* always)
        : of([always](const arguments&) { return std::string(always); })
    {
    }
    words(std::function<std::string(const arguments&)> by_command)
        : of(std::move(by_command))
    {
    }

    std::function<std::string(const arguments&)> of;
};

/// What a value has to be, and how the help shows it.
using rules = std::function<void(CLI::Option&, const arguments&)>;

/// One option.
struct row
{
    const char* name;
    unsigned commands;
    place to;
    words help;
    rules with = {};
    told how = told::not_at_all;
    const char* key = nullptr;                        ///< in the report
    std::function<json(const arguments&)> value = {}; ///< there, instead of the place's
};

/// A value that does not apply to this run.
json not_for_this_run()
{
    return json(json::value_t::discarded);
}

template <class T>
json json_of(const T& value)
{
    return value;
}
template <class T>
json json_of(const std::optional<T>& value)
{
    return value ? json(*value) : not_for_this_run();
}

/// The place that `find` finds among the arguments; a flag where it is a bool.
template <class Find>
place found_by(Find find)
{
    return {
        .declare =
            [find](CLI::App& app, const std::string& name, const std::string& help, arguments& a)
        {
            auto& value = find(a);
            if constexpr (std::is_same_v<decltype(value), bool&>)
                return app.add_flag(name, value, help);
            else
                return app.add_option(name, value, help);
        },
        .value = [find](const arguments& a) { return json_of(find(a)); }};
}

/// A member of the arguments, or of what one command takes beside them.
template <class Member>
place at(Member arguments::*which)
{
    return found_by([which](auto& a) -> auto& { return a.*which; });
}
template <class Member>
place at(Member fit_request::*which)
{
    return found_by([which](auto& a) -> auto& { return (*a.fit).*which; });
}
template <class Member>
place at(Member cluster_request::*which)
{
    return found_by([which](auto& a) -> auto& { return a.fit->clusters.*which; });
}
template <class Member>
place at(Member survey_request::*which)
{
    return found_by([which](auto& a) -> auto& { return (*a.survey).*which; });
}
template <class Member>
place at(Member rank_request::*which)
{
    return found_by([which](auto& a) -> auto& { return (*a.rank_report).*which; });
}

/// The ranks of a command that studies several.
template <class Request>
place ranks_of(std::optional<Request> arguments::*request)
{
    return {
        .declare =
            [request](CLI::App& app, const std::string& name, const std::string& help, arguments& a)
        {
            return app
                .add_option_function<std::string>(
                    name,
                    [&ranks = (a.*request)->ranks](const std::string& text)
                    { ranks = read_ranks(text); },
                    help)
                ->type_name("FIRST:LAST");
        },
        .value = [request](const arguments& a) { return json((a.*request)->ranks); }};
}

/// So many numbers, with commas between them.
template <std::size_t Count>
place numbers_at(std::optional<std::array<double, Count>> arguments::*which)
{
    return {.declare = [which](CLI::App& app, const std::string& name, const std::string& help,
                               arguments& a)
            {
                return app
                    .add_option_function<std::vector<double>>(
                        name,
                        [&to = a.*which](const std::vector<double>& numbers)
                        { std::copy_n(numbers.begin(), Count, to.emplace().begin()); },
                        help)
                    ->delimiter(',')
                    ->expected(static_cast<int>(Count));
            }};
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

/// A whole number, whose default the help shows.
rules whole(std::uint64_t least, std::uint64_t most)
{
    return [=](CLI::Option& option, const arguments&)
    { option.check(whole_number(least, most))->capture_default_str(); };
}

void anything(CLI::Option&, const arguments&) {}

/// The help shows the default.
void with_default(CLI::Option& option, const arguments&)
{
    option.capture_default_str();
}

/// What the help calls a value.
rules called(const char* type)
{
    return [type](CLI::Option& option, const arguments&) { option.type_name(type); };
}

/// Several values, with commas between them.
rules several(const char* type)
{
    return [type](CLI::Option& option, const arguments&)
    { option.delimiter(',')->type_name(type); };
}

/// One of these words, which the help explains.
CLI::Validator one_of(std::vector<std::string> known)
{
    return CLI::IsMember(std::move(known)).description("");
}

/// What follows differs where a command says it in other words.
const char* either(const arguments& a, unsigned command, const char* then, const char* otherwise)
{
    return command_of(a) == command ? then : otherwise;
}

/// A survey knows the option to say why it does not take it, and does not show it.
void hide_from_survey(CLI::Option& option, const arguments& a)
{
    if (a.survey)
        option.group("");
}

void take_side(CLI::Option& option, const arguments&)
{
    const auto to_side = [](std::string& word)
    {
        if (word != "maps" && word != "components")
            return "takes maps or components, got \"" + word + '"';
        word = fmt::to_string(
            static_cast<int>(word == "maps" ? xunmix::side::maps : xunmix::side::components));
        return std::string();
    };
    option.transform(CLI::Validator(to_side, ""))->type_name("SIDE");
}

std::string known_constraints()
{
    return "none, or from " + xunmix::any_constraint::known_names() + " [non_negative";
}

/// Which scan, and how many components.
std::vector<row> rows_of_scan()
{
    return {
        {"INPUT", for_all, at(&arguments::input),
         "Scan: .npy, or HDF5 (.hspy, EMD 1.0, any file with --dataset). Without it a "
         "simulated scan is taken"},
        {"--rank", for_fit, at(&fit_request::rank), "Number of components",
         [](CLI::Option& option, const arguments&)
         { option.required()->check(whole_number(1, most_components)); },
         told::of_run, "rank"},
        {"--ranks", for_survey, ranks_of(&arguments::survey),
         "Numbers of components: first and last as 2:15, one as 7, or a list as 2,4,8",
         [](CLI::Option& option, const arguments&) { option.default_str(usual_ranks_of_survey); },
         told::of_run, "ranks"},
        {"--ranks", for_rank, ranks_of(&arguments::rank_report),
         "Numbers of components: first and last as 1:10, one as 7, or a list as 2,4,8",
         [](CLI::Option& option, const arguments&) { option.default_str(usual_ranks_of_report); },
         told::of_run, "ranks"},
        {"--simulate", for_all, at(&arguments::simulate),
         "The simulated scan that is taken without INPUT. nanosheets: 4D-STEM of titanium "
         "oxide; silicon_diode, eels: EELS of layers; edx: EDX of particles [nanosheets]",
         [](CLI::Option& option, const arguments&) {
             option.check(one_of({"nanosheets", "silicon_diode", "edx", "eels"}))
                 ->type_name("NAME");
         }},
        {"--dataset", for_all, at(&arguments::dataset), "Path of the dataset in an HDF5 file"},
    };
}

/// How it is looked at and cleaned.
std::vector<row> rows_of_preparation()
{
    return {
        {"--positions", for_all, at(&arguments::positions),
         "Axes that say where, the slowest first, as 0,1 [what the file says, else all but "
         "the last axis of 3, the first two of 4, the first of 2]",
         [](CLI::Option& option, const arguments&)
         { option.check(whole_number(0, most_axis))->delimiter(',')->type_name("AXIS,..."); }},
        {"--mask-disk", for_all, numbers_at(&arguments::mask_disk),
         "Mask a disk of channels, y,x,r in pixels: the direct beam of a diffraction "
         "pattern",
         called("Y,X,R")},
        {"--clip-negative", for_all, at(&arguments::clip_negative),
         "Set negative values to zero first (mu and ard_mu take none)"},
        {"--despike", for_all, at(&arguments::despike),
         "Replace spikes (X-ray hits) first, which stand THRESHOLD standard deviations "
         "above neighbouring positions and channels; 7 is usual",
         called("THRESHOLD")},
        {"--mask-hot", for_all, at(&arguments::mask_hot),
         "Mask channels that stick out of their neighbours at nearly all positions"},
        {"--background", for_all, numbers_at(&arguments::background),
         "Subtract a power law from every spectrum, fitted between these two energies "
         "before an edge, in the units of the spectra's axis; all up to there is masked",
         called("FROM,TO")},
    };
}

/// What is minimised.
std::vector<row> rows_of_objective()
{
    return {
        {"--algorithm", for_fit | for_survey, at(&arguments::algorithm),
         words(
             [](const arguments& a)
             {
                 return std::string("als, mals, mu, hals or bpp; soft_orthogonal: hals that keeps "
                                    "maps or components apart") +
                        either(a, for_survey, "",
                               "; ard (like hals) and ard_mu (like mu): they start with --rank "
                               "components and keep those that the data need; pca: principal "
                               "components, without iterations and constraints, to see how many "
                               "stand out");
             }),
         [](CLI::Option& option, const arguments&)
         {
             option
                 .check(one_of({"als", "mals", "mu", "hals", "bpp", "soft_orthogonal", "ard",
                                "ard_mu", "pca"}))
                 ->capture_default_str();
         },
         told::of_method, "algorithm"},
        {"--noise", for_all, at(&arguments::noise),
         words(
             [](const arguments& a)
             {
                 return either(a, for_rank,
                               "gaussian: of unknown variance; poisson: that of counts; auto: "
                               "poisson for whole numbers that are not negative, else gaussian",
                               "gaussian: least squares; poisson: weighted by the counts' "
                               "variance; auto: poisson for integer spectra, gaussian for "
                               "everything else");
             }),
         [](CLI::Option& option, const arguments&) {
             option.check(CLI::IsMember({"auto", "gaussian", "poisson"}))->capture_default_str();
         },
         told::of_method, "noise"},
        {"--beta", for_fit | for_survey, at(&arguments::beta),
         "Minimise the beta divergence instead of least squares, with mu and ard_mu: 0 "
         "Itakura-Saito, 1 Kullback-Leibler (Poisson noise), 2 least squares, or between",
         hide_from_survey, told::of_iterations, "beta"},
    };
}

/// What keeps maps or components apart.
std::vector<row> rows_of_orthogonality()
{
    return {
        {"--orthogonality", for_fit | for_survey, at(&arguments::orthogonality),
         words(
             [](const arguments& a)
             {
                 return fmt::format("Weight of soft_orthogonal{}, from 0, plain, to 1, no overlap "
                                    "[{:g}{}",
                                    either(a, for_survey, "", " and ard"),
                                    xunmix::soft_orthogonal{}.weight,
                                    either(a, for_survey, "]", "; ard: 0]"));
             }),
         called("WEIGHT"), told::of_iterations, "orthogonality",
         [](const arguments& a)
         {
             return a.algorithm == "soft_orthogonal" || a.algorithm == "ard"
                        ? json(orthogonality_of(a))
                        : not_for_this_run();
         }},
        {"--orthogonal-side", for_fit | for_survey, at(&arguments::orthogonal_side),
         "Which factors soft_orthogonal keeps apart: maps or components [maps]", take_side,
         told::of_iterations, "orthogonal_side",
         [](const arguments& a) {
             return a.algorithm == "soft_orthogonal" ? json(name(a.orthogonal_side))
                                                     : not_for_this_run();
         }},
    };
}

/// Under which constraints.
std::vector<row> rows_of_constraints()
{
    return {
        {"--maps", for_fit | for_survey, at(&arguments::maps),
         words([](const arguments&)
               { return "Constraints on the maps: " + known_constraints() + "]"; }),
         several("NAME,..."), told::of_iterations, "on_maps",
         [](const arguments& a) { return json(constraint_names(a, xunmix::side::maps)); }},
        {"--components", for_fit | for_survey, at(&arguments::components),
         words(
             [](const arguments&)
             {
                 return "Constraints on the components: likewise " + known_constraints() +
                        "; als: and unit_norm]. decaying counts COMPONENT from 0";
             }),
         several("NAME,..."), told::of_iterations, "on_components",
         [](const arguments& a) { return json(constraint_names(a, xunmix::side::components)); }},
        {"--uncentred", for_fit, at(&fit_request::uncentred),
         "pca leaves the mean in: the best model of its rank, truncated singular values", anything,
         told::of_method, "uncentred",
         [](const arguments& a)
         { return a.algorithm == "pca" ? json(a.fit->uncentred) : not_for_this_run(); }},
    };
}

/// From where and how long.
std::vector<row> rows_of_iterations()
{
    return {
        {"--init", for_fit | for_survey, at(&arguments::init),
         "Where a start comes from. uniform: random numbers; positions: of the scan, at "
         "random; vca, spa: its purest positions; signal_subspace: what is purer than "
         "any position; nndsvd: singular vectors, zeros filled with the data's mean "
         "(nndsvda) or little random numbers (nndsvdar)",
         [](CLI::Option& option, const arguments&)
         {
             option
                 .check(one_of({"uniform", "positions", "vca", "spa", "nndsvd", "nndsvda",
                                "nndsvdar", "signal_subspace"}))
                 ->capture_default_str();
         },
         told::of_iterations, "init"},
        {"--iterations", for_all, at(&arguments::iterations), "At most so many a start",
         whole(0, most_iterations), told::of_iterations, "iterations"},
        {"--tolerance", for_all, at(&arguments::tolerance),
         "A start ends where the objective's relative decrease is less; 0: never", with_default,
         told::of_iterations, "tolerance"},
        {"--groups", for_fit, at(&fit_request::groups),
         "Groups of rows that an iteration reads one after the other, moving the other factor "
         "after "
         "each; 1: none, 0: as many as pay",
         whole(0, most_groups), told::of_iterations, "groups"},
    };
}

/// How often.
std::vector<row> rows_of_starts()
{
    return {
        {"--seed", for_all, at(&arguments::seed),
         "Of the first start; the next ones count on from it",
         whole(0, std::numeric_limits<std::uint64_t>::max()), told::of_method, "seed"},
        {"--starts", for_all, at(&arguments::starts),
         words(
             [](const arguments& a)
             {
                 return std::string("Random starts") + either(a, for_fit, "", " at each rank") +
                        either(a, for_rank, ", to see whether they agree",
                               "; the one with the least mse is kept");
             }),
         whole(1, most_starts), told::of_iterations, "starts"},
        {"--screening", for_fit | for_survey, at(&arguments::screening),
         "All starts run so many iterations; the best of them alone goes on to the end",
         [](CLI::Option& option, const arguments& a)
         {
             option.check(whole_number(1, most_iterations))->type_name("N");
             hide_from_survey(option, a);
         },
         told::of_iterations, "screening"},
    };
}

/// Of clusters.
std::vector<row> rows_of_clusters()
{
    return {
        {"--cluster", for_fit, at(&cluster_request::count),
         "Gather components that are one diffraction pattern, turned, in so many clusters",
         [](CLI::Option& option, const arguments&)
         { option.check(whole_number(1, most_components)); },
         told::of_iterations},
        {"--linkage", for_fit, at(&cluster_request::linkage),
         "Distance between clusters: average, complete, single or ward",
         [](CLI::Option& option, const arguments&)
         { option.check(CLI::IsMember(linkages()))->capture_default_str(); }},
        {"--friedel", for_fit, at(&cluster_request::friedel),
         "For --cluster, a pattern is the same when turned by 180 degrees"},
    };
}

/// Of surveys.
std::vector<row> rows_of_survey()
{
    return {
        {"--exact", for_survey, at(&survey_request::exact),
         "Iterate on the scan itself, all starts of a rank sharing each read of it, "
         "instead of on compressed data: slower, without their approximation",
         anything, told::of_method, "exact"},
        {"--halving", for_survey, at(&survey_request::halving),
         "Drop the worse half of a rank's starts after so many iterations, and again after "
         "twice as many; 0: never",
         whole(0, most_iterations), told::of_method, "halving"},
        {"--compression", for_survey, at(&survey_request::compression),
         "Directions that compressed data keep; 0: about 25 more than the largest rank",
         whole(0, most_components), told::of_method, "compression"},
        {"--polish", for_survey, at(&survey_request::polish),
         "Iterations on the scan itself, at most, of the best start of each rank",
         whole(0, most_iterations), told::of_method, "polish"},
        {"--resume", for_survey, at(&survey_request::resume),
         "Go on after the ranks that an earlier survey of the same scan and options left "
         "in the output folder",
         anything, told::of_run, "resume"},
        {"--beside", for_survey, at(&survey_request::beside),
         "Draw the minima of earlier surveys of the same scan, in these folders, in "
         "mse_pca.png, too: another algorithm's",
         several("FOLDER,...")},
    };
}

/// Of rank reports.
std::vector<row> rows_of_rank_report()
{
    return {
        {"--draws", for_rank, at(&rank_request::draws),
         "Scans drawn to see where the noise of counts ends", whole(1, most_draws), told::of_method,
         "draws"},
        {"--held-out", for_rank, at(&rank_request::held_out),
         "Share of the counts held out, to see how well a model of the others foretells "
         "them",
         with_default, told::of_method, "held_out"},
    };
}

CLI::Option* declare_no_pictures(CLI::App& app, const std::string& name, const std::string& help,
                                 arguments& a)
{
    return app.add_flag_callback(
        name, [&a] { a.wanted_pictures = pictures::none; }, help);
}

/// How the program runs.
std::vector<row> rows_of_run()
{
    return {
        {"--threads", for_all, at(&arguments::threads),
         "At most so many; 0: as many as there are cores", whole(0, most_threads), told::of_run,
         "threads"},
        {"--output", for_all, at(&arguments::output),
         "Folder to write to; its files of the same names are replaced", with_default},
        {"--no-pictures", for_all, place{.declare = declare_no_pictures},
         "Write numbers and the report only: for scripts, which are done sooner"},
    };
}

/// The table, in the order of the help.
const std::vector<row>& table_of_options()
{
    static const std::vector<row> rows = []
    {
        std::vector<row> out;
        for (auto part :
             {rows_of_scan(), rows_of_preparation(), rows_of_objective(), rows_of_orthogonality(),
              rows_of_constraints(), rows_of_iterations(), rows_of_starts(), rows_of_clusters(),
              rows_of_survey(), rows_of_rank_report(), rows_of_run()})
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
        const bool is_told = r.how == told::of_method ||
                             (r.how == told::of_iterations && a.algorithm != "pca") ||
                             (r.how == told::of_run && whole_run);
        if (!is_told || r.key == nullptr || (r.commands & command_of(a)) == 0)
            continue;
        if (auto value = r.value ? r.value(a) : r.to.value(a); !value.is_discarded())
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
        {
            CLI::Option* const option = r.to.declare(app, r.name, r.help.of(a), a);
            if (r.with)
                r.with(*option, a);
        }
}

std::vector<std::string> options_unknown_to_pca()
{
    std::vector<std::string> out;
    for (const auto& r : table_of_options())
        if ((r.commands & for_fit) != 0 && r.how == told::of_iterations)
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
