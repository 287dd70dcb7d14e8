// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <limits>

#include <xunmix/contract/data_matrix.hpp>
#include <xunmix/contract/loss.hpp>
#include <xunmix/model/factor.hpp>
#include <xunmix/model/options.hpp>

namespace xunmix::detail
{
/// Twice the sum of d(x, y), y = C S^T, over the unmasked elements, formed and summed in double:
/// what is reported of a result. (The iterations compute as float, where x log(x / y) - x + y of
/// large values has no digits left, and with models of a least size.) Where the model is zero and d
/// is infinite it counts as `instead`. One read of X.
template <class M, class L>
double exact_loss(const M& x, const L& loss, factor_ref<const typename M::factor_type> maps,
                  factor_ref<const typename M::factor_type> components, double instead,
                  std::size_t threads)
{
    using F = typename M::factor_type;
    constexpr std::size_t width = loss_strip;
    constexpr double smallest = std::numeric_limits<F>::min();
    const bool by_maps = x.sweep_side() == side::maps;
    const auto rows = by_maps ? maps : components, columns = by_maps ? components : maps;
    const grid& places = x.shape().of(other(x.sweep_side()));
    std::array<double, M::read_chunks> sums{};
    typename M::workspace work{};
    work.threads = threads;
    x.read(
        [&](const row_group<F>& group)
        {
            std::array<double, width> data, model, ratio, power;
            for (std::size_t r = 0; r < group.count; ++r)
                for (std::size_t first = 0; first < columns.rows(); first += width)
                {
                    std::size_t count = 0;
                    const std::size_t last = std::min(first + width, columns.rows());
                    for (std::size_t c = first; c < last; ++c)
                        if (places.keeps(c))
                        {
                            double y = 0;
                            for (std::size_t j = 0; j < columns.rank(); ++j)
                                y += static_cast<double>(rows(group.rows[r], j)) *
                                     static_cast<double>(columns(c, j));
                            data[count] = static_cast<double>(group.values[r][c]);
                            model[count++] =
                                y < smallest && !loss_hook::is_finite_at_zero(loss) ? instead : y;
                        }
                    loss.weigh(data.data(), model.data(), count, ratio.data(), power.data());
                    sums[group.chunk] +=
                        loss.value(data.data(), model.data(), count, ratio.data(), power.data());
                }
        },
        work);
    double total = 0;
    for (const double sum : sums)
        total += sum;
    return total;
}
}
