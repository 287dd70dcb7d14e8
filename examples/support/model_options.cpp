// SPDX-License-Identifier: BSD-3-Clause
#include "model_options.hpp"
#include "model.hpp"

#include <algorithm>
#include <charconv>
#include <functional>
#include <limits>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <xunmix/runtime/any_constraint.hpp>

namespace support
{
namespace
{
const std::vector<std::string> algorithms{"als", "mals",   "mu", "hals", "bpp", "soft_orthogonal",
                                          "ard", "ard_mu", "pca"};
const std::vector<std::string> inits{"uniform", "positions", "vca",      "spa",
                                     "nndsvd",  "nndsvda",   "nndsvdar", "signal_subspace"};

[[noreturn]] void refuse(const std::string& option, const std::string& why)
{
    throw CLI::ValidationError(option, why);
}

/// Hides what a survey refuses from its help.
void show_for_one(CLI::Option* option, const arguments& a)
{
    if (a.survey)
        option->group("");
}

void describe_constraints(CLI::App& app, arguments& a)
{
    const std::string known =
        "none, or from " + xunmix::any_constraint::known_names() + " [non_negative";
    app.add_option("--maps", a.maps, "Constraints on the maps: " + known + "]")
        ->delimiter(',')
        ->type_name("NAME,...");
    app.add_option("--components", a.components,
                   "Constraints on the components: likewise " + known +
                       "; als: and unit_norm]. decaying counts COMPONENT from 0")
        ->delimiter(',')
        ->type_name("NAME,...");
}

void describe_orthogonality(CLI::App& app, arguments& a)
{
    const auto to_side = [](std::string& word)
    {
        if (word != "maps" && word != "components")
            return "takes maps or components, got \"" + word + '"';
        word = std::to_string(
            static_cast<int>(word == "maps" ? xunmix::side::maps : xunmix::side::components));
        return std::string();
    };
    app.add_option("--orthogonality", a.orthogonality,
                   std::string("Weight of soft_orthogonal") + (a.survey ? "" : " and ard") +
                       ", from 0, plain, to 1, no overlap [" +
                       xunmix::detail::text(xunmix::soft_orthogonal{}.weight) +
                       (a.survey ? "]" : "; ard: 0]"))
        ->type_name("WEIGHT");
    app.add_option("--orthogonal-side", a.orthogonal_side,
                   "Which factors soft_orthogonal keeps apart: maps or components [maps]")
        ->transform(CLI::Validator(to_side, ""))
        ->type_name("SIDE");
}

using given_test = std::function<bool(const char*)>;

void check_pca(const given_test& given)
{
    for (const char* option :
         {"--maps", "--components", "--iterations", "--tolerance", "--starts", "--screening",
          "--init", "--orthogonality", "--orthogonal-side", "--beta", "--cluster"})
        if (given(option))
            refuse(option, "pca has no iterations, starts or constraints, and its components are "
                           "no patterns to cluster; leave this option out or take another "
                           "--algorithm");
}

void check_survey(const arguments& a)
{
    if (a.algorithm == "pca")
        refuse("--algorithm", "pca has no starts to survey, and a survey draws what it leaves "
                              "beside every minimum; take another --algorithm");
    if (finds_rank(a.algorithm))
        refuse("--algorithm", a.algorithm +
                                  " finds the number of components itself, so that it "
                                  "cannot be surveyed rank by rank; run it once: unmix "
                                  "INPUT --rank " +
                                  std::to_string(a.survey->ranks.back()) + " --algorithm " +
                                  a.algorithm);
    if (a.beta)
        refuse("--beta",
               "a survey compresses the data and compares with principal components, "
               "which is least squares; leave --beta out (--noise poisson weighs counts), "
               "or run one rank after the other without the word survey");
    if (a.screening)
        refuse("--screening", "a survey drops the worse starts itself: give --halving " +
                                  std::to_string(*a.screening) + " instead");
}

void check_orthogonality(const arguments& a, const given_test& given)
{
    if (a.orthogonality && a.algorithm != "soft_orthogonal" && a.algorithm != "ard")
        refuse("--orthogonality", a.algorithm + " keeps nothing apart; take --algorithm "
                                                "soft_orthogonal or ard, or leave it out");
    if (given("--orthogonal-side") && a.algorithm != "soft_orthogonal")
        refuse("--orthogonal-side",
               a.algorithm == "ard"
                   ? "ard keeps maps apart, never components; leave it out"
                   : a.algorithm +
                         " keeps nothing apart; take --algorithm soft_orthogonal, or leave it out");
}

void check_loss(const arguments& a)
{
    if (a.beta && !is_multiplicative(a.algorithm))
        refuse("--beta", a.algorithm + " minimises least squares; take --algorithm mu or ard_mu, "
                                       "or leave it out");
    if (a.beta && a.noise != "auto")
        refuse("--noise", "it weighs least squares, which --beta replaces by a loss with noise of "
                          "its own (1: Poisson); leave out one of the two");
}

void check_starts(const arguments& a)
{
    if (a.init == "nndsvd" && is_multiplicative(a.algorithm))
        refuse("--init", "nndsvd starts with zeros, and " + a.algorithm +
                             " multiplies, so that they stay; take nndsvda or nndsvdar");
    if (a.starts > 1 && is_the_same_for_all_seeds(a.init))
        refuse("--starts", a.init + " has nothing random, so that all " + std::to_string(a.starts) +
                               " starts are the same; give --starts 1, or another --init");
    if (!a.screening)
        return;
    if (a.starts < 2)
        refuse("--screening", "it chooses among starts; give --starts, 2 or more");
    if (*a.screening < 1 || *a.screening >= a.iterations)
        refuse("--screening", "the starts run so many iterations, from 1 to less than "
                              "--iterations " +
                                  std::to_string(a.iterations) + ", before the best goes on; got " +
                                  std::to_string(*a.screening));
}
}

CLI::Validator whole_number(std::uint64_t least, std::uint64_t most)
{
    const auto check = [least, most](const std::string& text) -> std::string
    {
        std::uint64_t value = 0;
        const char* const end = text.data() + text.size();
        const auto [stop, failure] = std::from_chars(text.data(), end, value);
        const bool whole = !text.empty() && failure == std::errc{} && stop == end;
        if (whole && value >= least && value <= most)
            return {};
        return "takes a whole number from " + std::to_string(least) + " to " +
               std::to_string(most) + ", got \"" + text + '"';
    };
    return {check, ""};
}

void describe_preparation(CLI::App& app, arguments& a)
{
    app.add_option("--despike", a.despike,
                   "Replace spikes (X-ray hits) first, which stand THRESHOLD standard deviations "
                   "above neighbouring positions and channels; 7 is usual")
        ->type_name("THRESHOLD");
    app.add_flag("--mask-hot", a.mask_hot,
                 "Mask channels that stick out of their neighbours at nearly all positions");
    app.add_option_function<std::vector<double>>(
           "--background",
           [&a](const std::vector<double>& v) {
               a.background = {v[0], v[1]};
           },
           "Subtract a power law from every spectrum, fitted between these two energies before an "
           "edge, in the units of the spectra's axis; all up to there is masked")
        ->delimiter(',')
        ->expected(2)
        ->type_name("FROM,TO");
}

void describe_model(CLI::App& app, arguments& a)
{
    app.add_option("--algorithm", a.algorithm,
                   std::string("als, mals, mu, hals or bpp; soft_orthogonal: hals that keeps maps "
                               "or components apart") +
                       (a.survey ? ""
                                 : "; ard (like hals) and ard_mu (like mu): they start with --rank "
                                   "components and keep those that the data need; pca: principal "
                                   "components, without iterations and constraints, to see how "
                                   "many stand out"))
        ->check(CLI::IsMember(algorithms).description(""))
        ->capture_default_str();
    app.add_option("--noise", a.noise,
                   "gaussian: least squares; poisson: weighted by the counts' variance; auto: "
                   "poisson for integer spectra, gaussian for everything else")
        ->check(CLI::IsMember({"auto", "gaussian", "poisson"}))
        ->capture_default_str();
    show_for_one(app.add_option("--beta", a.beta,
                                "Minimise the beta divergence instead of least squares, with mu "
                                "and ard_mu: 0 Itakura-Saito, 1 Kullback-Leibler (Poisson noise), "
                                "2 least squares, or between"),
                 a);
    describe_orthogonality(app, a);
    describe_constraints(app, a);
}

void describe_starts(CLI::App& app, arguments& a)
{
    app.add_option("--starts", a.starts,
                   std::string("Random starts") + (a.survey ? " at each rank" : "") +
                       "; the one with the least mse is kept")
        ->check(whole_number(1, most_starts))
        ->capture_default_str();
    show_for_one(app.add_option("--screening", a.screening,
                                "All starts run so many iterations; the best of them alone goes "
                                "on to the end")
                     ->check(whole_number(1, most_iterations))
                     ->type_name("N"),
                 a);
    app.add_option("--seed", a.seed, "Of the first start; the next ones count on from it")
        ->check(whole_number(0, std::numeric_limits<std::uint64_t>::max()))
        ->capture_default_str();
    app.add_option("--init", a.init,
                   "Where a start comes from. uniform: random numbers; positions: of the scan, at "
                   "random; vca, spa: its purest positions; signal_subspace: what is purer "
                   "than any position; nndsvd: singular vectors, zeros filled with the data's mean "
                   "(nndsvda) or little random numbers (nndsvdar)")
        ->check(CLI::IsMember(inits).description(""))
        ->capture_default_str();
}

void check_model(const CLI::App& app, const arguments& a)
{
    const given_test given = [&](const char* option)
    {
        const CLI::Option* known = app.get_option_no_throw(option);
        return known != nullptr && known->count() > 0;
    };
    for (const auto& [option, names] :
         {std::pair("--maps", &a.maps), {"--components", &a.components}})
        if (names->size() > 1 && std::ranges::find(*names, "none") != names->end())
            refuse(option, "none stands for no constraint at all, so it stands alone; leave out "
                           "either none or the others");
    if (a.survey)
        check_survey(a);
    else if (a.algorithm == "pca")
        check_pca(given);
    check_orthogonality(a, given);
    check_loss(a);
    check_starts(a);
    if (given("--cluster") && finds_rank(a.algorithm))
        refuse("--cluster", a.algorithm + " finds out how many components there are; run it first, "
                                          "then cluster with --rank at that number and another "
                                          "--algorithm");
}
}
