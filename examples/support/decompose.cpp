// SPDX-License-Identifier: BSD-3-Clause
#include "decompose.hpp"
#include "model.hpp"
#include "report.hpp"

#include <chrono>
#include <limits>
#include <sstream>

#include <xunmix/svd/pca.hpp>
#include <xunmix/version.hpp>

namespace support
{
namespace
{
std::string title_of(const arguments& a, const decomposition& found)
{
    return xunmix::detail::text(a.rank, " principal components, ",
                                found.centred ? "centred" : "not centred", ", ", found.noise,
                                " noise");
}
}

decomposition decompose(const arguments& a, const input& in)
{
    const auto begin = std::chrono::steady_clock::now();
    auto out = with_matrix(in.scan.data, in.positions, in.keep, a,
                           [&](const auto& data, const std::string& noise)
                           {
                               constexpr double masked = std::numeric_limits<double>::quiet_NaN();
                               decomposition found;
                               found.noise = noise;
                               found.centred = !a.uncentred && noise != "poisson";
                               const auto pca = xunmix::pca(data, {.rank = a.rank,
                                                                   .centred = found.centred,
                                                                   .seed = a.seed,
                                                                   .threads = a.threads});
                               found.maps = pca.model.maps(masked);
                               found.components = pca.model.components(masked);
                               found.mean = pca.mean;
                               found.variances = pca.variances;
                               found.mse = pca.mse;
                               found.negative_data = data.summary().negative;
                               return found;
                           });
    out.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    return out;
}

table scree_table(const decomposition& found)
{
    table out{.columns = {"component", "variance", "mse"}};
    for (std::size_t k = 0; k < found.mse.size(); ++k)
        out.rows.push_back(
            {k, k == 0 ? cell(std::string()) : cell(found.variances[k - 1]), found.mse[k]});
    return out;
}

nlohmann::ordered_json report(const arguments& a, const input& in, const decomposition& found)
{
    return {{"program", "unmix"},
            {"version", xunmix::version},
            {"command_line", a.command_line},
            {"data", describe_data(a, in)},
            {"options",
             {{"rank", a.rank},
              {"algorithm", a.algorithm},
              {"noise", a.noise},
              {"uncentred", a.uncentred},
              {"seed", a.seed},
              {"threads", a.threads}}},
            {"noise_model", found.noise},
            {"centred", found.centred},
            {"mse", found.mse.back()},
            {"seconds", found.seconds},
            {"negative_data", found.negative_data},
            {"variances", found.variances},
            {"mse_of_rank", found.mse}};
}

montage montage_of(const arguments& a, const input& in, const decomposition& found)
{
    return {.components = found.components,
            .maps = found.maps,
            .channel_axes = in.channel_axes,
            .position_axes = in.position_axes,
            .title = in.source + ": " + title_of(a, found),
            .component_display = display::linear, // a logarithm would hide what is negative
            .component_name = "loadings",
            .map_name = "scores"};
}

scree scree_of(const arguments& a, const input& in, const decomposition& found)
{
    return {.variances = found.variances,
            .mse = found.mse,
            .title = in.source + ": " + title_of(a, found)};
}

std::string summary(const decomposition& found)
{
    std::ostringstream text;
    const double all = found.mse.front();
    text << "component    variance    mse, share of all\n";
    for (std::size_t k = 1; k < found.mse.size(); ++k)
    {
        text.width(9);
        text << k;
        text.width(12);
        text << found.variances[k - 1];
        text.width(21);
        text << (all > 0 ? found.mse[k] / all : 0) << '\n';
    }
    return text.str();
}
}
