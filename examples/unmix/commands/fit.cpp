// SPDX-License-Identifier: BSD-3-Clause
#include "fit.hpp"
#include "clusters.hpp"
#include "data.hpp"
#include "fit_report.hpp"
#include "interrupts.hpp"
#include "method.hpp"
#include "plot/figure.hpp"
#include "report.hpp"
#include "run_folder.hpp"

#include <iostream>
#include <limits>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <xunmix/core/error.hpp>
#include <xunmix/factorize/factorize.hpp>
#include <xunmix/loss/beta_divergence.hpp>
#include <xunmix/model/best_of.hpp>
#include <xunmix/model/observe.hpp>
#include <xunmix/model/relevance_trace.hpp>
#include <xunmix/runtime/any_constraint.hpp>
#include <xunmix/runtime/any_start.hpp>
#include <xunmix/runtime/any_update.hpp>
#include <xunmix/survey/multi_start.hpp>

namespace unmix
{
namespace
{
/// All starts on one matrix; `loss` is nothing or a loss. With --screening they run inside the
/// library, and the best one alone counts as a run.
template <class T, class... Loss>
class starts
{
  public:
    starts(const xunmix::any_matrix<T>& x, const arguments& a, const Loss&... loss)
        : x_(x)
        , a_(a)
        , loss_(loss...)
        , on_maps_(constraint_names(a, xunmix::side::maps))
        , on_components_(constraint_names(a, xunmix::side::components))
    {
    }

    outcome run()
    {
        if (a_.screening)
        {
            const interrupt_watch watch;
            const xunmix::multi_start search{.starts = a_.starts, .iterations = *a_.screening};
            add(a_.seed, "", search, watch.token());
        }
        else
            for (std::size_t start = 0; start < a_.starts && (start == 0 || !interrupted());
                 ++start)
                add(a_.seed + start, a_.starts > 1 ? label(start) : "");
        xunmix::detail::require<xunmix::error>(
            std::isfinite(out_.runs[out_.best].misfit()),
            "the factors became infinite or NaN after ", out_.runs[out_.best].iterations,
            " iterations, and there is nothing to write: ",
            a_.starts > 1 ? "no start stayed finite" : "the start did not stay finite",
            "; take weights nearer to 1 in --maps and --components, another --algorithm or --init, "
            "or scale the data");
        return std::move(out_);
    }

  private:
    std::string label(std::size_t start) const
    {
        return fmt::format("start {}/{}  ", start + 1, a_.starts);
    }

    /// One factorization; `more` are further arguments of factorize.
    template <class... More>
    void add(std::uint64_t seed, const std::string& label, const More&... more)
    {
        xunmix::relevance_trace trace;
        const auto result = std::apply(
            [&](const auto&... loss)
            {
                return xunmix::factorize(
                    x_, options_with(seed), update_of(a_), start_of(a_), xunmix::on_maps(on_maps_),
                    xunmix::on_components(on_components_),
                    xunmix::progress_bar(std::clog, xunmix::progress_bar::style::automatic, label),
                    [&](const auto& it) { return observe(it, trace); }, loss..., more...);
            },
            loss_);
        out_.runs.push_back({seed, name(result.status), result.iterations, result.best_iteration,
                             result.rises(), result.mse, result.divergence, result.seconds,
                             result.history});
        if (ended_.offer(out_.runs.back().misfit(), out_.runs.size() - 1))
        {
            out_.best = ended_.start();
            keep(result, trace);
        }
    }

    xunmix::options options_with(std::uint64_t seed) const
    {
        return {.rank = a_.fit->rank,
                .max_iterations = a_.iterations,
                .tolerance = a_.tolerance,
                .groups = a_.fit->groups,
                .seed = seed,
                .threads = a_.threads};
    }

    xunmix::flow observe(const xunmix::iteration<T>& it, xunmix::relevance_trace& trace) const
    {
        if (finds_rank(a_.algorithm))
            trace(it);
        return interrupted() ? xunmix::flow::stop : xunmix::flow::proceed;
    }

    /// Copies a result into what the program keeps of it.
    void keep(const xunmix::result<T>& result, const xunmix::relevance_trace& trace)
    {
        constexpr double masked = std::numeric_limits<double>::quiet_NaN();
        out_.maps = result.maps(masked);
        out_.components = result.components(masked);
        out_.negative_data = result.negative_data;
        out_.one_read = result.one_read;
        out_.relevances = trace.values;
    }

    const xunmix::any_matrix<T>& x_;
    const arguments& a_;
    std::tuple<Loss...> loss_;
    xunmix::any_constraint on_maps_, on_components_;
    xunmix::best_of ended_;
    outcome out_;
};
}

outcome fit(const input& in, const arguments& a)
{
    if (a.beta)
    {
        const auto x = unfold(in, a);
        const xunmix::beta_divergence loss{*a.beta};
        auto out = std::visit([&](const auto& matrix) { return starts(matrix, a, loss).run(); }, x);
        out.noise = fmt::format("beta divergence {:g}", *a.beta);
        return out;
    }
    const auto data = weigh(in, a);
    auto out = std::visit([&](const auto& matrix) { return starts(matrix, a).run(); }, data.x);
    out.noise = data.noise;
    return out;
}

void run_fit(const arguments& a)
{
    run_folder folder(a.output, a.wanted_pictures);
    const auto in = open_input(a);
    check_clusters(a, in);
    std::cout << describe(in) << std::endl;
    end_on_signals();
    const auto out = fit(in, a);
    folder.write_array("maps.npy", without_nan(out.maps));
    folder.write_array("components.npy", without_nan(out.components));
    folder.write_csv("history.csv", history_table(out));
    json summed = report(a, in, out);
    if (!out.relevances.empty())
        folder.write_csv("relevances.csv", relevances_table(out));
    std::optional<clustering> clusters;
    std::optional<cluster_picture> tree;
    if (a.fit->clusters.count > 0)
    {
        folder.write_json("report.json", summed); // before what may take long, or fail
        clusters = cluster_components(a, in, out);
        tree = clusters_picture(a, in, *clusters);
        write_clusters(folder, *clusters, *tree);
        summed["clusters"] = report(a, *clusters);
    }
    folder.write_json("report.json", summed);
    std::cout << summary(a, out) << (clusters ? summary(*clusters) : "") << std::flush;
    folder.write_picture("montage.png",
                         [&](const auto& path) { draw_montage(path, montage_of(a, in, out)); });
    folder.write_picture("mse.png",
                         [&](const auto& path) { draw_convergence(path, convergence_of(a, out)); });
    if (out.maps.dimension() == 3)
        folder.write_picture("fourier.png",
                             [&](const auto& path) { draw_montage(path, fourier_of(a, in, out)); });
    if (!out.relevances.empty())
        folder.write_picture("relevances.png", [&](const auto& path)
                             { draw_relevances(path, relevances_of(a, in, out)); });
    if (tree)
        folder.write_picture("dendrogram.png",
                             [&](const auto& path) { draw_dendrogram(path, *tree); });
    std::cout << folder.summary();
}
}
