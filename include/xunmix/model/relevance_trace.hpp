// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cmath>
#include <cstddef>
#include <vector>

#include <xunmix/model/iteration.hpp>

namespace xunmix
{
/// An observer that keeps the relevance of each component, iteration by iteration: the mean of its
/// map times the length of its component (Muto & Shiga 2020, Fig. 5c). To be drawn on a logarithmic
/// scale; pass it by name to factorize and look into `values` afterwards.
struct relevance_trace
{
    std::vector<std::vector<double>> values{};

    template <class T>
    void operator()(const iteration<T>& it)
    {
        auto& line = values.emplace_back();
        for (std::size_t j = 0; j < it.maps.rank(); ++j)
        {
            double sum = 0, squares = 0;
            for (T x : it.maps.column(j))
                sum += static_cast<double>(x);
            for (T x : it.components.column(j))
                squares += static_cast<double>(x) * static_cast<double>(x);
            line.push_back(sum * std::sqrt(squares) / static_cast<double>(it.maps.rows()));
        }
    }
};
}
