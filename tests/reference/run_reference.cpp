// SPDX-License-Identifier: BSD-3-Clause

// One factorization from a given start, for comparison with other software: prints a line
// "iteration objective mse" after each iteration and writes the last factors as they are, neither
// scaled nor ordered, to FOLDER/maps.npy and FOLDER/components.npy.
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <sstream>
#include <stdexcept>
#include <string>
#include <variant>
#include <vector>

#include <xunmix/io/npy.hpp>
#include <xunmix/xunmix.hpp>

namespace
{
namespace xu = xunmix;

constexpr const char* usage =
    "usage: run_reference SCAN.npy POSITIONS MAPS.npy COMPONENTS.npy als|hals|bpp|multiplicative "
    "ITERATIONS FOLDER [L1_MAPS L2_MAPS L1_COMPONENTS L2_COMPONENTS]\n"
    "POSITIONS are axes of the scan, such as 0,1; MAPS is (k, positions...), COMPONENTS is (k, "
    "channels...)";

/// The weights of xu::sparse and xu::ridge.
struct penalty
{
    double l1 = 0;
    double l2 = 0;
};

struct job
{
    xu::given start;
    std::size_t rank = 0;
    std::string algorithm;
    std::size_t iterations = 0;
    std::filesystem::path folder;
    bool is_penalised = false;
    penalty maps, components;
};

template <class T, class U, class Maps, class Components>
void iterate(const xu::unfolded<T>& data, const job& what, U update, Maps on_maps,
             Components on_components)
{
    const xu::options opt{.rank = what.rank, .max_iterations = what.iterations, .tolerance = 0};
    auto solver = xu::make_solver(data, opt, update, on_maps, on_components, what.start);
    while (solver.status() == xu::status::running)
    {
        solver.step();
        const auto it = solver.current();
        std::printf("%zu %.17g %.17g\n", it.number, it.objective, it.mse);
    }
    xu::detail::require<xu::error>(solver.status() == xu::status::max_iterations,
                                   "ended too early, as ", xu::name(solver.status()));
    const auto last = solver.current();
    xu::write_npy(what.folder / "maps.npy", xu::fold(last.maps, data.shape().positions));
    xu::write_npy(what.folder / "components.npy", xu::fold(last.components, data.shape().channels));
}

template <class T, class U>
void iterate_penalised(const xu::unfolded<T>& data, const job& what, U update)
{
    const xu::non_negative non_negative;
    if (what.is_penalised)
        iterate(data, what, update,
                xu::on_maps(non_negative, xu::sparse{what.maps.l1}, xu::ridge{what.maps.l2}),
                xu::on_components(non_negative, xu::sparse{what.components.l1},
                                  xu::ridge{what.components.l2}));
    else
        iterate(data, what, update, xu::on_maps(non_negative), xu::on_components(non_negative));
}

template <class T>
void run(const xu::unfolded<T>& data, const job& what)
{
    if (what.algorithm == "hals")
        iterate_penalised(data, what, xu::hals{.rounds = 1, .extrapolate = false});
    else if (what.algorithm == "bpp")
        iterate_penalised(data, what, xu::bpp{});
    else if (what.algorithm == "multiplicative")
        iterate_penalised(data, what, xu::multiplicative{});
    else if (what.algorithm == "als" && !what.is_penalised)
        iterate(data, what, xu::als{}, xu::on_maps(xu::non_negative{}),
                xu::on_components(xu::non_negative{}, xu::unit_norm{}));
    else
        throw xu::invalid_argument("no algorithm '" + what.algorithm + "' for these options\n" +
                                   usage);
}

/// The scan itself for the types that are compared, else its values as double: fewer programs to
/// compile.
template <class T>
decltype(auto) as_compared(const xu::tensor<T>& scan)
{
    if constexpr (std::floating_point<T> || std::same_as<T, std::uint16_t>)
        return (scan);
    else
        return xu::tensor<double>(xt::cast<double>(scan));
}

xu::positions read_positions(const std::string& list)
{
    std::vector<std::size_t> axes;
    std::istringstream in(list);
    for (std::string axis; std::getline(in, axis, ',');)
        axes.push_back(std::stoul(axis));
    return xu::positions(axes);
}

job read_job(const std::vector<std::string>& arguments)
{
    job what{.start = {.maps = xu::read_npy_as<double>(arguments[2]),
                       .components = xu::read_npy_as<double>(arguments[3])},
             .algorithm = arguments[4],
             .iterations = std::stoul(arguments[5]),
             .folder = arguments[6],
             .is_penalised = arguments.size() == 11,
             .maps = {},
             .components = {}};
    what.rank = what.start.maps->shape()[0];
    if (what.is_penalised)
    {
        what.maps = {.l1 = std::stod(arguments[7]), .l2 = std::stod(arguments[8])};
        what.components = {.l1 = std::stod(arguments[9]), .l2 = std::stod(arguments[10])};
    }
    return what;
}
}

int main(int count, char** values)
{
    try
    {
        const std::vector<std::string> arguments(values + 1, values + count);
        xu::detail::require<xu::invalid_argument>(arguments.size() == 7 || arguments.size() == 11,
                                                  usage);
        const job what = read_job(arguments);
        const auto positions = read_positions(arguments[1]);
        std::visit([&](const auto& scan) { run(xu::unfold(as_compared(scan), positions), what); },
                   xu::read_npy(arguments[0]));
    }
    catch (const std::logic_error&) // of std::stoul and std::stod
    {
        std::fprintf(stderr, "run_reference: an argument is not the number it should be\n%s\n",
                     usage);
        return EXIT_FAILURE;
    }
    catch (const std::exception& problem)
    {
        std::fprintf(stderr, "run_reference: %s\n", problem.what());
        return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}
