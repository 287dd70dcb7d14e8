// SPDX-License-Identifier: BSD-3-Clause

// How many components ard keeps of more than there are. Two parts, in one CSV:
//
//   mn3o4  simulated EELS, eels_mn3o4_noisy.npy in the data folder, from rank 9, at three units,
//          with and without orthogonality. The truth has rank 2: the exact factorization of
//          eels_mn3o4_clean.npy. Also tells how unique that is, and what the noise would leave to
//          one who knows half of it.
//   diode  simulate/silicon_diode.hpp, Poisson-scaled, from rank 10, at doses from 50 to 3,000
//          counts a position, with and without orthogonality. The truth has 3.
//
//   right        seeds that keep the true number
//   identical    seeds that keep the same components as at unit 1, to 1e-6
//   cosine       least of components with the truth's, over the seeds that keep the true number
//   correlation  least of maps with the truth's, over the same
//   kept         the number of each seed
//
// Without argument both; "mn3o4" or "diode" one.
//
//   study_relevance [part [seeds [iterations [threads]]]]
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "shared.hpp"

#include <xunmix/compare/agreement.hpp>
#include <xunmix/constraint/non_negative.hpp>
#include <xunmix/core/parallel.hpp>
#include <xunmix/factorize/factorize.hpp>
#include <xunmix/init/given.hpp>
#include <xunmix/io/npy.hpp>
#include <xunmix/matrix/dense.hpp>
#include <xunmix/matrix/scaled.hpp>
#include <xunmix/simulate/silicon_diode.hpp>
#include <xunmix/update/ard.hpp>
#include <xunmix/update/hals.hpp>
#include <xunmix/update/soft_orthogonal.hpp>

namespace
{
namespace xu = xunmix;
const auto on_maps = xu::on_maps(xu::non_negative{});
const auto on_components = xu::on_components(xu::non_negative{});

struct job
{
    std::size_t seeds, iterations, threads;
};

struct factors
{
    xu::tensor<double> maps, components;
};

template <class T>
factors factors_of(const xu::result<T>& found)
{
    return {found.maps(), found.components()};
}

struct outcome
{
    std::size_t kept = 0;
    bool identical = true;
    double cosine = 1, correlation = 1;
};

/// Both worst figures, where as many components were kept as the truth has.
outcome judge(const factors& found, const factors& truth)
{
    outcome out{.kept = found.components.shape()[0]};
    if (out.kept == truth.components.shape()[0])
    {
        const auto fit = xu::compare(found.maps, found.components, truth.maps, truth.components);
        out.cosine = fit.worst_cosine, out.correlation = fit.worst_correlation;
    }
    return out;
}

void print(const char* scan, double unit, double dose, double orthogonality,
           const std::vector<outcome>& all, std::size_t truth)
{
    std::size_t right = 0, identical = 0;
    double sum = 0, cosine = 1, correlation = 1;
    std::string kept;
    for (const auto& o : all)
    {
        right += o.kept == truth, identical += o.identical;
        sum += static_cast<double>(o.kept);
        cosine = std::min(cosine, o.cosine), correlation = std::min(correlation, o.correlation);
        kept += (kept.empty() ? "" : " ") + std::to_string(o.kept);
    }
    std::printf("%s,%g,%g,%g,%zu,%zu,%.2f,%zu,%.4f,%.4f,%s\n", scan, unit, dose, orthogonality,
                all.size(), right, sum / static_cast<double>(all.size()), identical, cosine,
                correlation, kept.c_str());
    std::fflush(stdout);
}

template <class M, class U>
auto factorized(const M& x, std::size_t rank, std::uint64_t seed, const job& how, U update)
{
    return xu::factorize(x,
                         {.rank = rank,
                          .max_iterations = how.iterations,
                          .tolerance = 1e-7,
                          .seed = seed,
                          .threads = 1},
                         update, on_maps, on_components);
}

/// Whether two tensors differ by at most 1e-6 of their largest element.
bool same(const xu::tensor<double>& a, const xu::tensor<double>& b)
{
    if (a.shape() != b.shape())
        return false;
    double difference = 0, largest = 0;
    for (std::size_t i = 0; i < a.size(); ++i)
    {
        difference = std::max(difference, std::abs(a.data()[i] - b.data()[i]));
        largest = std::max(largest, std::abs(a.data()[i]));
    }
    return difference <= 1e-6 * largest;
}

/// The exact factorization of the clean scan; of the many that there are, one whose maps hardly
/// overlap. How far that determines it: the agreement with it of what comes out from other starts.
factors exact_factors(const xu::dense<double>& clean, const job& how)
{
    const xu::soft_orthogonal apart{.weight = 0.01};
    const auto truth = factors_of(factorized(clean, 2, 1, how, apart));
    double cosine = 1, correlation = 1;
    for (std::uint64_t seed = 2; seed <= how.seeds; ++seed)
    {
        const auto other = judge(factors_of(factorized(clean, 2, seed, how, apart)), truth);
        cosine = std::min(cosine, other.cosine);
        correlation = std::min(correlation, other.correlation);
    }
    std::fprintf(stderr,
                 "exact factorizations of the clean scan from %zu starts: cosines with the first "
                 "at least %.4f, correlations of maps at least %.4f\n",
                 how.seeds, cosine, correlation);
    return truth;
}

/// What the noise leaves to anyone: how the noisy scan's least-squares components agree with the
/// truth where the true maps are known, and its maps where the components are.
void print_limits(const xu::dense<double>& noisy, const factors& truth)
{
    const auto with = [&](const xu::given& start)
    {
        const auto found = xu::factorize(noisy, {.rank = 2, .max_iterations = 0, .threads = 1},
                                         xu::hals{}, start, on_maps, on_components);
        return judge(factors_of(found), truth);
    };
    std::fprintf(stderr,
                 "noisy scan, given the true maps: least cosine %.4f; given the true components: "
                 "least correlation of maps %.4f\n",
                 with({.maps = truth.maps}).cosine,
                 with({.components = truth.components}).correlation);
}

/// Keeps the number of components whatever the unit of X.
void study_mn3o4(const job& how)
{
    const auto folder = study::data_folder();
    if (!std::filesystem::exists(folder / "eels_mn3o4_noisy.npy") ||
        !std::filesystem::exists(folder / "eels_mn3o4_clean.npy"))
    {
        std::fprintf(stderr,
                     "skipped: %s lacks eels_mn3o4_noisy.npy or eels_mn3o4_clean.npy; give their "
                     "folder with XUNMIX_DATA\n",
                     folder.string().c_str());
        return;
    }
    const auto noisy = xu::read_npy_as<double>(folder / "eels_mn3o4_noisy.npy"),
               exact = xu::read_npy_as<double>(folder / "eels_mn3o4_clean.npy");
    const xu::dense<double> clean(xu::unfold(exact, xu::positions{0, 1}), 1);
    const auto truth = exact_factors(clean, how);
    print_limits(xu::dense<double>(xu::unfold(noisy, xu::positions{0, 1}), 1), truth);
    for (const double orthogonality : {0.0, 0.01})
    {
        std::vector<factors> first;
        for (const double unit : {1.0, 1e-6, 1e6})
        {
            const xu::tensor<double> scan = noisy * unit;
            const xu::dense<double> x(xu::unfold(scan, xu::positions{0, 1}), 1);
            std::vector<outcome> all;
            for (std::size_t s = 0; s < how.seeds; ++s)
            {
                const auto found = factors_of(
                    factorized(x, 9, s + 1, how, xu::ard{.orthogonality = orthogonality}));
                if (unit == 1.0)
                    first.push_back(found);
                all.push_back(judge(found, truth));
                all.back().identical = same(found.components, first[s].components);
            }
            print("mn3o4", unit, 0, orthogonality, all, 2);
        }
    }
}

/// How the kept number depends on the dose.
void study_diode(const job& how)
{
    for (const double orthogonality : {0.0, 0.05, 0.2})
        for (const double dose : {50.0, 100.0, 300.0, 1000.0, 3000.0})
        {
            std::vector<outcome> all(how.seeds);
            const auto try_seed = [&](std::size_t s, std::size_t)
            {
                const auto truth =
                    xu::simulate::silicon_diode({.dose = dose, .seed = s + 1, .threads = 1});
                const auto x = xu::poisson_scaled(
                    xu::dense<std::uint16_t>(xu::unfold(truth.scan, xu::positions{0, 1}), 1), 1);
                const auto found =
                    factorized(x, 10, s + 1, how, xu::ard{.orthogonality = orthogonality});
                all[s] = judge(factors_of(found), {truth.maps, truth.components});
            };
            xu::parallel_for(how.seeds, how.threads, try_seed);
            print("diode", 1, dose, orthogonality, all, 3);
        }
}
}

int main(int argc, char** argv)
{
    const std::string part = argc > 1 ? argv[1] : "all";
    const job how{.seeds = argc > 2 ? std::stoul(argv[2]) : 20,
                  .iterations = argc > 3 ? std::stoul(argv[3]) : 1000,
                  .threads = argc > 4 ? std::stoul(argv[4]) : 2};
    if (part != "all" && part != "mn3o4" && part != "diode")
    {
        std::fprintf(stderr, "usage: study_relevance [all|mn3o4|diode [seeds [iterations "
                             "[threads]]]]\n");
        return 2;
    }
    std::printf("scan,unit,dose,orthogonality,seeds,right,mean_kept,identical,cosine,correlation,"
                "kept\n");
    if (part != "diode")
        study_mn3o4(how);
    if (part != "mn3o4")
        study_diode(how);
}
