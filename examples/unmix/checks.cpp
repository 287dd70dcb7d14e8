// SPDX-License-Identifier: BSD-3-Clause
#include "checks.hpp"
#include "method.hpp"
#include "options.hpp"

#include <algorithm>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace unmix
{
namespace
{
[[noreturn]] void refuse(const std::string& option, const std::string& why)
{
    throw CLI::ValidationError(option, why);
}

using given_test = std::function<bool(const char*)>;

void check_pca(const given_test& given)
{
    for (const auto& option : options_unknown_to_pca())
        if (given(option.c_str()))
            refuse(option, "pca has no iterations, starts or constraints, and its components are "
                           "no patterns to cluster; leave this option out or take another "
                           "--algorithm");
}

void check_surveyable(const arguments& a)
{
    if (a.algorithm == "pca")
        refuse("--algorithm", "pca has no starts to survey, and a survey draws what it leaves "
                              "beside every minimum; take another --algorithm");
    if (finds_rank(a.algorithm))
        refuse("--algorithm",
               fmt::format(
                   "{0} finds the number of components itself, so that it cannot be "
                   "surveyed rank by rank; run it once: unmix INPUT --rank {1} --algorithm {0}",
                   a.algorithm, a.survey->ranks.back()));
    if (a.beta)
        refuse("--beta",
               "a survey compresses the data and compares with principal components, "
               "which is least squares; leave --beta out (--noise poisson weighs counts), "
               "or run one rank after the other without the word survey");
    if (a.screening)
        refuse("--screening",
               fmt::format("a survey drops the worse starts itself: give --halving {} instead",
                           *a.screening));
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
        refuse("--starts", fmt::format("{} has nothing random, so that all {} starts are the same; "
                                       "give --starts 1, or another --init",
                                       a.init, a.starts));
    if (!a.screening)
        return;
    if (a.starts < 2)
        refuse("--screening", "it chooses among starts; give --starts, 2 or more");
    if (*a.screening < 1 || *a.screening >= a.iterations)
        refuse(
            "--screening",
            fmt::format("the starts run so many iterations, from 1 to less than --iterations {}, "
                        "before the best goes on; got {}",
                        a.iterations, *a.screening));
}

void check_cluster_options(const arguments& a, const given_test& given)
{
    if (given("--cluster") && finds_rank(a.algorithm))
        refuse("--cluster", a.algorithm + " finds out how many components there are; run it first, "
                                          "then cluster with --rank at that number and another "
                                          "--algorithm");
    for (const char* option : {"--linkage", "--friedel"})
        if (given(option) && !given("--cluster"))
            refuse(option, "it says how to cluster; give --cluster, too");
    if (given("--cluster") && a.fit->rank < 2)
        refuse("--cluster",
               fmt::format("{} components can be gathered in no clusters: it takes two at least",
                           a.fit->rank));
    if (given("--cluster") && a.fit->clusters.count > a.fit->rank)
        refuse("--cluster",
               fmt::format("{0} components can be gathered in 1 to {0} clusters, got {1}",
                           a.fit->rank, a.fit->clusters.count));
}

void check_constraints(const arguments& a)
{
    for (const auto& [option, names] :
         {std::pair("--maps", &a.maps), {"--components", &a.components}})
        if (names->size() > 1 && std::ranges::find(*names, "none") != names->end())
            refuse(option, "none stands for no constraint at all, so it stands alone; leave out "
                           "either none or the others");
}

/// What both a factorization and a survey take.
void check_method(const arguments& a, const given_test& given)
{
    check_orthogonality(a, given);
    check_loss(a);
    check_starts(a);
}

void check_fit(const arguments& a, const given_test& given)
{
    check_constraints(a);
    if (a.algorithm == "pca")
        check_pca(given);
    else if (a.fit->uncentred)
        refuse("--uncentred", "only --algorithm pca takes the mean off");
    check_method(a, given);
    check_cluster_options(a, given);
}

void check_survey(const arguments& a, const given_test& given)
{
    check_constraints(a);
    check_surveyable(a);
    check_method(a, given);
    const survey_request& s = *a.survey;
    if (s.exact && s.halving > 0)
        refuse("--halving", "an exact survey runs every start to its end; "
                            "leave out either --exact or --halving");
    if (!s.beside.empty() && a.wanted_pictures == pictures::none)
        refuse("--beside", "it draws earlier surveys in mse_pca.png, and --no-pictures draws none; "
                           "leave out either --beside or --no-pictures");
}
}

void check_options(const CLI::App& app, const arguments& a)
{
    const given_test given = [&](const char* option)
    {
        const CLI::Option* known = app.get_option_no_throw(option);
        return known != nullptr && known->count() > 0;
    };
    if (a.fit)
        check_fit(a, given);
    if (a.survey)
        check_survey(a, given);
}
}
