// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "fit.hpp"
#include "fit_families.hpp"
#include "interrupt_watch.hpp"
#include "model.hpp"

#include <cmath>
#include <cstdint>
#include <iostream>
#include <limits>
#include <string>
#include <tuple>
#include <utility>

#include <xunmix/factorize/factorize.hpp>
#include <xunmix/survey/multi_start.hpp>

namespace support
{
/// Copies a result into what the program keeps of it.
template <class T>
void keep_result(const xunmix::result<T>& result, const xunmix::relevance_trace& trace,
                 outcome& out)
{
    constexpr double masked = std::numeric_limits<double>::quiet_NaN();
    out.maps = result.maps(masked);
    out.components = result.components(masked);
    out.negative_data = result.negative_data;
    out.one_read = result.one_read;
    out.relevances = trace.values;
}

/// All starts of one update on one matrix; `loss` is nothing or a loss. With --screening they run
/// inside the library, and the best one alone counts as a run.
template <class M, class Update, class... Loss>
class starts
{
  public:
    starts(const M& data, const arguments& a, const Update& update, const interrupt_test& stop,
           const Loss&... loss)
        : data_(data)
        , a_(a)
        , update_(update)
        , stop_(stop)
        , loss_(loss...)
        , on_maps_(constraint_names(a, xunmix::side::maps))
        , on_components_(constraint_names(a, xunmix::side::components))
    {
    }

    outcome run()
    {
        if (a_.screening)
        {
            const interrupt_watch watch(stop_);
            const xunmix::multi_start search{.starts = a_.starts, .iterations = *a_.screening};
            add(a_.seed, "", search, watch.token());
        }
        else
            for (std::size_t start = 0; start < a_.starts && (start == 0 || !stop_()); ++start)
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
        return "start " + std::to_string(start + 1) + '/' + std::to_string(a_.starts) + "  ";
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
                    data_, options_with(seed), update_, start_of(a_), xunmix::on_maps(on_maps_),
                    xunmix::on_components(on_components_),
                    xunmix::progress_bar(std::clog, xunmix::progress_bar::style::automatic, label),
                    [&](const auto& it) { return observe(it, trace); }, loss..., more...);
            },
            loss_);
        out_.runs.push_back({seed, name(result.status), result.iterations, result.best_iteration,
                             result.rises(), result.mse, result.divergence, result.seconds,
                             result.history});
        if (out_.runs.size() == 1 ||
            xunmix::detail::improves(result.misfit(), out_.runs[out_.best].misfit()))
        {
            out_.best = out_.runs.size() - 1;
            keep_result(result, trace, out_);
        }
    }

    xunmix::options options_with(std::uint64_t seed) const
    {
        return {.rank = a_.rank,
                .max_iterations = a_.iterations,
                .tolerance = a_.tolerance,
                .seed = seed,
                .threads = a_.threads};
    }

    template <class T>
    xunmix::flow observe(const xunmix::iteration<T>& it, xunmix::relevance_trace& trace) const
    {
        if (finds_rank(a_.algorithm))
            trace(it);
        return stop_() ? xunmix::flow::stop : xunmix::flow::proceed;
    }

    const M& data_;
    const arguments& a_;
    const Update& update_;
    const interrupt_test& stop_;
    std::tuple<Loss...> loss_;
    xunmix::any_constraint on_maps_, on_components_;
    outcome out_;
};

template <class M, class Update, class... Loss>
outcome run_starts(const M& data, const arguments& a, const Update& update,
                   const interrupt_test& stop, const Loss&... loss)
{
    return starts(data, a, update, stop, loss...).run();
}
}
