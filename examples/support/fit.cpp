// SPDX-License-Identifier: BSD-3-Clause
#include "fit.hpp"
#include "model.hpp"

#include <limits>

namespace support
{
namespace
{
namespace xu = xunmix;

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
                            result.rises(), result.mse, result.seconds, result.history});
        if (out.runs.size() == 1 || result.mse < out.runs[out.best].mse)
        {
            out.best = out.runs.size() - 1;
            keep_result(result, out);
        }
    }
    return out;
}
}

outcome fit(const xu::any_tensor& scan, const std::vector<std::size_t>& positions,
            const std::optional<xu::tensor<bool>>& keep, const arguments& a,
            const std::function<bool()>& interrupted)
{
    return with_matrix(scan, positions, keep, a,
                       [&](const auto& data, const char* noise)
                       {
                           auto out =
                               with_update(a, [&](const auto& update)
                                           { return run_starts(data, a, update, interrupted); });
                           out.noise = noise;
                           return out;
                       });
}
}
