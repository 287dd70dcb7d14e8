// SPDX-License-Identifier: BSD-3-Clause
#include "fit.hpp"

#include <limits>
#include <type_traits>
#include <utility>
#include <variant>

#include <xunmix/xunmix.hpp>

namespace support
{
namespace
{
namespace xu = xunmix;

/// X of any element type, its elements weighted or not.
template <class F>
using matrix = xu::scaled<xu::any_matrix<F>>;

/// Copies a result into what the program keeps of it.
template <class T>
void keep_result(const xu::result<T>& result, outcome& out)
{
    constexpr double masked = std::numeric_limits<double>::quiet_NaN();
    out.maps = result.maps(masked);
    out.components = result.components(masked);
    out.negative_data = result.negative_data;
    out.one_read = result.one_read;
}

/// The start that --init names.
struct chosen_start
{
    std::string name;

    template <class M, class T>
    void operator()(const M& x, xu::factor_ref<T> maps, xu::factor_ref<T> components,
                    xu::random_engine& engine, typename M::workspace& work) const
    {
        if (name == "positions")
            xu::random_positions{}(x, maps, components, engine, work);
        else
            xu::random_uniform{}(x, maps, components, engine, work);
    }
};

template <class T, class Update>
outcome run_starts(const matrix<T>& data, const arguments& a, const Update& update,
                   const std::function<bool()>& interrupted)
{
    const xu::any_constraint on_maps(constraint_names(a, xu::side::maps));
    const xu::any_constraint on_components(constraint_names(a, xu::side::components));
    outcome out;
    for (std::size_t start = 0; start < a.starts && (start == 0 || !interrupted()); ++start)
    {
        const std::uint64_t seed = a.seed + start;
        const std::string label = a.starts > 1 ? "start " + std::to_string(start + 1) + '/' +
                                                     std::to_string(a.starts) + "  "
                                               : "";
        const auto result = xu::factorize(
            data,
            {.rank = a.rank,
             .max_iterations = a.iterations,
             .tolerance = a.tolerance,
             .seed = seed,
             .threads = a.threads},
            update, chosen_start{a.init}, xu::on_maps(on_maps), xu::on_components(on_components),
            xu::progress_bar(std::clog, xu::progress_bar::style::automatic, label),
            [&](const auto&) { return interrupted() ? xu::flow::stop : xu::flow::proceed; });
        out.runs.push_back({seed, name(result.status), result.iterations, result.best_iteration,
                            result.mse, result.seconds, result.history});
        if (out.runs.size() == 1 || result.mse < out.runs[out.best].mse)
        {
            out.best = out.runs.size() - 1;
            keep_result(result, out);
        }
    }
    return out;
}

template <class T>
outcome run_algorithm(const matrix<T>& data, const arguments& a,
                      const std::function<bool()>& interrupted)
{
    if (a.algorithm == "als")
        return run_starts(data, a, xu::als{}, interrupted);
    if (a.algorithm == "mu")
        return run_starts(data, a, xu::multiplicative{}, interrupted);
    return run_starts(data, a, xu::hals{}, interrupted);
}
}

std::vector<std::string> constraint_names(const arguments& a, xu::side side)
{
    const auto& names = side == xu::side::maps ? a.maps : a.components;
    if (names == std::vector<std::string>{"none"})
        return {};
    if (!names.empty())
        return names;
    if (a.algorithm == "als" && side == xu::side::components)
        return {"non_negative", "unit_norm"};
    return {"non_negative"};
}

outcome fit(const xu::any_tensor& scan, const std::vector<std::size_t>& positions,
            const std::optional<xu::tensor<bool>>& keep, const arguments& a,
            const std::function<bool()>& interrupted)
{
    return std::visit(
        [&]<class T>(const xu::tensor<T>& values)
        {
            auto unfolded = xu::unfold(values, xu::positions(positions));
            if (keep)
                unfolded = unfolded.mask_channels(*keep);
            if (a.clip_negative)
                unfolded = unfolded.clipped(T{0});
            xu::any_matrix<xu::factor_value_t<T>> data(xu::dense<T>(unfolded, a.threads));
            const bool is_counted =
                std::is_integral_v<T> && unfolded.shape().channels.shape.size() == 1;
            const bool weigh = a.noise == "poisson" || (a.noise == "auto" && is_counted);
            auto out = run_algorithm(weigh ? xu::poisson_scaled(std::move(data), a.threads)
                                           : xu::unscaled(std::move(data), a.threads),
                                     a, interrupted);
            out.noise = weigh ? "poisson" : "gaussian";
            return out;
        },
        scan);
}
}
