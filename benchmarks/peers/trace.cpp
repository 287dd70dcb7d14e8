// SPDX-License-Identifier: BSD-3-Clause

// One factorization of a scan from a .npy file, traced: a line "iteration,seconds,relative_error"
// for each iteration, seconds by the solver's own clock and relative_error = |X - C S^T| / |X|
// (with the algorithm kl the Kullback-Leibler divergence instead); before that the resident memory
// once the scan is loaded, after it the peak, and the size of the scan, in bytes. peers.py prints
// the same of other programs, and compare.py compares.
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <CLI/CLI.hpp>

#include <xunmix/io/npy.hpp>
#include <xunmix/xunmix.hpp>

#include "../support.hpp"

namespace
{
namespace xu = xunmix;

struct job
{
    std::filesystem::path scan;
    std::filesystem::path start; ///< folder; empty: a random start by the seed
    std::string algorithm = "hals";
    xu::hals hals;
    std::size_t rank = 7;
    std::size_t iterations = 20;
    std::size_t threads = 0;
    std::uint64_t seed = 0;
    double until = 0; ///< relative error to stop at
};

/// The start in the folder's files, maps (n, k) and components (k, m), or else a random one: an
/// init policy.
class start
{
  public:
    start(const job& what, const xu::unfolding& shape)
    {
        if (what.start.empty())
            return;
        const auto c = xu::read_npy_as<double>(what.start / "start_maps.npy");
        auto s = xu::read_npy_as<double>(what.start / "start_components.npy");
        const std::size_t n = shape.positions.size(), m = shape.channels.size(), k = what.rank;
        xu::detail::require<xu::invalid_data>(
            c.dimension() == 2 && c.shape(0) == n && c.shape(1) == k && s.dimension() == 2 &&
                s.shape(0) == k && s.shape(1) == m,
            "the start must be maps (", n, ", ", k, ") and components (", k, ", ", m, "); in ",
            what.start.string(), " it is for another scan or rank");
        files_.emplace(xu::given{.maps = xu::tensor<double>::from_shape(folded(k, shape.positions)),
                                 .components = s.reshape(folded(k, shape.channels))});
        for (std::size_t i = 0; i < n; ++i)
            for (std::size_t j = 0; j < k; ++j)
                files_->maps->data()[j * n + i] = c(i, j);
    }

    template <class M, class T>
    void operator()(const M& x, xu::factor_ref<T> maps, xu::factor_ref<T> components,
                    xu::random_engine& engine, typename M::workspace& work) const
    {
        if (files_)
            (*files_)(x, maps, components, engine, work);
        else
            xu::random_uniform{}(x, maps, components, engine, work);
    }

  private:
    static std::vector<std::size_t> folded(std::size_t k, const xu::grid& places)
    {
        std::vector<std::size_t> shape{k};
        shape.insert(shape.end(), places.shape.begin(), places.shape.end());
        return shape;
    }

    std::optional<xu::given> files_;
};

/// Least squares, or the Kullback-Leibler divergence as `loss`.
template <class T, class U, class Maps, class Components, class... Loss>
void trace(const xu::dense<T>& x, const job& what, U update, Maps on_maps, Components on_components,
           Loss... loss)
{
    auto solver = xu::make_solver(x,
                                  {.rank = what.rank,
                                   .max_iterations = what.iterations,
                                   .tolerance = 0,
                                   .seed = what.seed,
                                   .threads = what.threads},
                                  update, on_maps, on_components, start(what, x.shape()), loss...);
    while (solver.status() == xu::status::running)
    {
        solver.step();
        const auto it = solver.current();
        const double error =
            sizeof...(Loss) > 0 ? it.objective / 2 : std::sqrt(it.objective / x.squared_norm());
        std::printf("%zu,%.6f,%.8f\n", it.number, it.seconds, error);
        if (error <= what.until)
            solver.stop();
    }
}

/// As many analyses as iterations, each a line: relative_error is that of all `rank` components.
template <class T>
void trace_pca(const xu::dense<T>& x, const job& what, bool centred)
{
    double seconds = 0;
    for (std::size_t i = 1; i <= what.iterations; ++i)
    {
        double error = 0;
        seconds += bench::seconds_of(
            [&]
            {
                const auto found = xu::pca(x, {.rank = what.rank,
                                               .centred = centred,
                                               .seed = what.seed,
                                               .threads = what.threads});
                error = std::sqrt(found.mse.back() / found.mse.front());
            });
        std::printf("%zu,%.6f,%.8f\n", i, seconds, error);
    }
}

/// The one place that knows the algorithms.
template <class T>
void run(const xu::dense<T>& x, const job& what)
{
    const auto maps = xu::on_maps(xu::non_negative{});
    const auto components = xu::on_components(xu::non_negative{});
    if (what.algorithm == "hals")
        trace(x, what, what.hals, maps, components);
    else if (what.algorithm == "bpp")
        trace(x, what, xu::bpp{}, maps, components);
    else if (what.algorithm == "multiplicative")
        trace(x, what, xu::multiplicative{}, maps, components);
    else if (what.algorithm == "kl")
        trace(x, what, xu::multiplicative{}, maps, components, xu::beta_divergence{.beta = 1});
    else if (what.algorithm == "als")
        trace(x, what, xu::als{}, maps, xu::on_components(xu::non_negative{}, xu::unit_norm{}));
    else if (what.algorithm == "pca" || what.algorithm == "svd")
        trace_pca(x, what, what.algorithm == "pca");
    else
        throw xu::invalid_argument("no algorithm '" + what.algorithm + "'; see --help");
}

void run(const job& what)
{
    std::visit(
        [&]<class T>(const xu::tensor<T>& scan)
        {
            if constexpr (std::same_as<T, float> || std::same_as<T, std::uint16_t>)
            {
                std::printf("loaded_bytes,%.0f\n", bench::resident_memory());
                run(xu::dense<T>(xu::unfold(scan, xu::positions{0, 1}), what.threads), what);
                std::printf("peak_bytes,%.0f\nscan_bytes,%zu\n", bench::peak_memory(),
                            scan.size() * sizeof(T));
            }
            else
                throw xu::invalid_data("scans of float32 and uint16 are compared, not of " +
                                       xu::type_name<T>());
        },
        xu::read_npy(what.scan));
}
}

int main(int argc, char** argv)
{
    job what;
    bool plain = false;
    CLI::App app{"One factorization, traced: iteration,seconds,relative_error"};
    app.add_option("SCAN", what.scan, "Scan (y, x, v, u), .npy of float32 or uint16")->required();
    auto* folder = app.add_option("--start", what.start,
                                  "Folder with start_maps.npy (n, k), start_components.npy (k, m)");
    app.add_option("--seed", what.seed, "Of the random start, without --start")->excludes(folder);
    app.add_option("--algorithm", what.algorithm,
                   "als, hals, bpp, multiplicative or kl; pca or svd")
        ->capture_default_str();
    app.add_option("--rounds", what.hals.rounds, "Of hals, over the columns")
        ->capture_default_str();
    app.add_flag("--plain", plain, "hals without extrapolation and with one round");
    app.add_option("--rank", what.rank)->capture_default_str();
    app.add_option("--iterations", what.iterations, "At most so many")->capture_default_str();
    app.add_option("--threads", what.threads, "0: what OpenMP takes")->capture_default_str();
    app.add_option("--until", what.until, "Stop at this relative error")->capture_default_str();
    CLI11_PARSE(app, argc, argv)
    if (plain)
        what.hals = {.rounds = 1, .extrapolate = false};
    try
    {
        run(what);
    }
    catch (const std::exception& problem)
    {
        std::fprintf(stderr, "trace: %s\n", problem.what());
        return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}
