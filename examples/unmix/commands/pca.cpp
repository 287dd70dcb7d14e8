// SPDX-License-Identifier: BSD-3-Clause
#include "pca.hpp"
#include "data.hpp"
#include "report.hpp"
#include "run_folder.hpp"
#include "stopwatch.hpp"

#include <iostream>
#include <limits>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <xunmix/svd/pca.hpp>

namespace unmix
{
namespace
{
std::string title_of(const arguments& a, const decomposition& found)
{
    return fmt::format("{} principal components, {}, {} noise", a.fit->rank,
                       found.centred ? "centred" : "not centred", found.noise);
}
}

decomposition decompose(const arguments& a, const input& in)
{
    const stopwatch watch;
    const auto data = weigh(in, a);
    decomposition out;
    out.noise = data.noise;
    out.centred = !a.fit->uncentred && out.noise != "poisson";
    std::visit(
        [&](const auto& x)
        {
            constexpr double masked = std::numeric_limits<double>::quiet_NaN();
            const auto pca = xunmix::pca(x, {.rank = a.fit->rank,
                                             .centred = out.centred,
                                             .seed = a.seed,
                                             .threads = a.threads});
            out.maps = pca.model.maps(masked);
            out.components = pca.model.components(masked);
            out.mean = pca.mean;
            out.variances = pca.variances;
            out.mse = pca.mse;
            out.negative_data = x.summary().negative;
        },
        data.x);
    out.seconds = watch.seconds();
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

json report(const arguments& a, const input& in, const decomposition& found)
{
    json all = begin_report("unmix", a, in, found.noise);
    all.update({{"centred", found.centred},
                {"mse", found.mse.back()},
                {"seconds", found.seconds},
                {"negative_data", found.negative_data},
                {"variances", found.variances},
                {"mse_of_rank", found.mse}});
    return all;
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
    const double all = found.mse.front();
    std::string text = "component    variance    mse, share of all\n";
    for (std::size_t k = 1; k < found.mse.size(); ++k)
        text += fmt::format("{:9}{:12g}{:21g}\n", k, found.variances[k - 1],
                            all > 0 ? found.mse[k] / all : 0);
    return text;
}

void run_pca(const arguments& a)
{
    run_folder folder(a.output, a.wanted_pictures);
    const auto in = open_input(a);
    std::cout << describe(in) << std::endl;
    const auto out = decompose(a, in);
    folder.write_array("maps.npy", without_nan(out.maps));
    folder.write_array("components.npy", without_nan(out.components));
    folder.write_array("mean.npy", out.mean);
    folder.write_csv("scree.csv", scree_table(out));
    folder.write_json("report.json", report(a, in, out));
    std::cout << summary(out) << std::flush;
    folder.write_picture("montage.png",
                         [&](const auto& path) { draw_montage(path, montage_of(a, in, out)); });
    folder.write_picture("scree.png",
                         [&](const auto& path) { draw_scree(path, scree_of(a, in, out)); });
    std::cout << folder.summary();
}
}
