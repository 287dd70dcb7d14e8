// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cstddef>
#include <limits>
#include <span>
#include <vector>

#include <xunmix/contract/data_matrix.hpp>
#include <xunmix/contract/loss.hpp>
#include <xunmix/core/buffer.hpp>
#include <xunmix/core/parallel.hpp>
#include <xunmix/core/simd.hpp>
#include <xunmix/model/factor.hpp>

namespace xunmix::detail
{
/// A factor's side of the multiplicative update with a loss: numerators and, where the loss needs
/// them, denominators, each rows x k.
template <class F>
struct ratio_parts
{
    factor_ref<F> numerator{}, denominator{};
};

/// One read of X with a loss d(x, y), y = P O^T, P being the factor on the stored rows' side and O
/// the other. With the loss's ratio R and power Q, d' = Q - R, element by element and a strip of
/// columns at a time, it gives any of
///
///     the rows' parts     R O and Q O,
///     the columns' parts  R^T P and Q^T P,
///     the loss itself.
template <class M, class L>
class quotients
{
  public:
    using F = typename M::factor_type;

    struct wanted
    {
        ratio_parts<F> rows{}, columns{}; ///< none where the numerator's rank is 0
        bool value = false;
    };

    /// `least`: the model counts as no smaller.
    quotients(const L& loss, F least, const grid& columns)
        : loss_(loss)
        , least_(least)
    {
        for (std::size_t c = 0; c < columns.size();)
        {
            std::size_t end = c;
            while (end < columns.size() && columns.keeps(end) && end - c < width)
                ++end;
            if (end > c)
                strips_.push_back({c, end - c});
            c = std::max(end, c + 1);
        }
    }

    double operator()(const M& x, factor_ref<const F> P, factor_ref<const F> O, const wanted& out,
                      typename M::workspace& work)
    {
        const std::size_t k = P.rank(), parts = part_count(), size = strips_.size() * k * width;
        const bool columns = out.columns.numerator.rank() > 0;
        F* sums = columns ? sums_.get(M::read_chunks * parts * size) : nullptr;
        if (columns)
            std::fill_n(sums, M::read_chunks * parts * size, F{0});
        pack_strips(O, packed_.get(size));
        const std::size_t room = most * parts * k;
        const std::size_t workers = thread_count(work.threads);
        pack* totals = totals_.get(room * workers);
        F* coefficients = coefficients_.get(most * k * workers);
        double values[M::read_chunks] = {};
        auto visit = [&](const row_group<F>& group)
        {
            const pass here{P, out, columns ? sums + group.chunk * parts * size : nullptr,
                            totals + group.worker * room, coefficients + group.worker * most * k};
            values[group.chunk] += visit_rows(group, here);
        };
        for (const auto f : {out.rows.numerator, out.rows.denominator})
            clear_masked(f); // masked rows are not read
        x.read(visit, work);
        if (columns)
            add_up(sums, out.columns, parts * size, work.threads);
        double total = 0;
        for (double v : values)
            total += v;
        return total;
    }

  private:
    using pack = simd::pack<F>;
    static constexpr std::size_t width = loss_strip, most = row_group<F>::most,
                                 lanes = simd::lanes<F>, packs = width / lanes;
    using strip_values = F[most][width];

    struct strip
    {
        std::size_t first, count;
    };
    /// What one read is for, and where a chunk's and a worker's sums are.
    struct pass
    {
        factor_ref<const F> P;
        const wanted& out;
        F* sums;         ///< of the columns' parts, strip by strip, null where not wanted
        pack* totals;    ///< of the rows' parts, one a component and row
        F* coefficients; ///< of the group's rows in P, one a component and row
    };

    std::size_t part_count() const
    {
        return loss_hook::has_plain_denominators(loss_) ? 1 : 2;
    }
    /// The columns of O strip by strip, each k x width, filled up with zeros: side by side, where
    /// columns a power of two apart would push each other out of the cache.
    void pack_strips(factor_ref<const F> O, F* to) const
    {
        for (const strip s : strips_)
            for (std::size_t j = 0; j < O.rank(); ++j, to += width)
                std::fill(std::copy_n(O.column(j).data() + s.first, s.count, to), to + width, F{0});
    }

    double visit_rows(const row_group<F>& group, const pass& to) const
    {
        const std::size_t k = to.P.rank(), parts = part_count();
        const bool rows = to.out.rows.numerator.rank() > 0;
        if (rows)
            std::fill_n(to.totals, most * parts * k, pack::zero());
        for (std::size_t j = 0; j < k; ++j)
            for (std::size_t r = 0; r < most; ++r)
                to.coefficients[j * most + r] = r < group.count ? to.P(group.rows[r], j) : F{0};
        double value = 0;
        for (std::size_t s = 0; s < strips_.size(); ++s)
            value += strips_[s].count == width ? visit_strip<true>(group, s, to)
                                               : visit_strip<false>(group, s, to);
        for (std::size_t r = 0; rows && r < group.count; ++r)
            for (std::size_t j = 0; j < k; ++j)
            {
                const pack* total = to.totals + (j * parts) * most + r;
                to.out.rows.numerator(group.rows[r], j) = total[0].sum();
                if (parts == 2)
                    to.out.rows.denominator(group.rows[r], j) = total[most].sum();
            }
        return value;
    }

    /// What lies beyond the columns of a strip that is not whole counts as zero.
    template <bool Whole>
    double visit_strip(const row_group<F>& group, std::size_t number, const pass& to) const
    {
        const std::size_t k = to.P.rank(), parts = part_count(),
                          count = Whole ? width : strips_[number].count;
        const F* columns = packed_.data() + number * k * width;
        alignas(64) strip_values model;
        alignas(64) strip_values values[2]; // ratio and power
        if (!Whole || group.count < most)
            std::fill_n(&values[0][0][0], 2 * most * width, F{0});
        form(to.coefficients, columns, k, model);
        double value = 0;
        for (std::size_t r = 0; r < group.count; ++r)
        {
            const F* x = group.values[r] + strips_[number].first;
            loss_.weigh(x, model[r], count, values[0][r], values[1][r]);
            if (to.out.value)
                value += loss_.value(x, model[r], count, values[0][r], values[1][r]);
        }
        for (std::size_t j = 0; j < k; ++j)
            for (std::size_t part = 0; part < parts; ++part)
            {
                if (to.out.rows.numerator.rank() > 0)
                    multiply(values[part], columns + j * width,
                             to.totals + (j * parts + part) * most);
                if (to.sums)
                    accumulate(values[part], to.coefficients + j * most,
                               to.sums + ((number * parts + part) * k + j) * width);
            }
        return value;
    }

    /// model = max(rows of P O^T, least), two registers of all rows at once.
    void form(const F* coefficients, const F* columns, std::size_t k, strip_values& model) const
    {
        constexpr std::size_t step = std::min<std::size_t>(2, packs);
        for (std::size_t first = 0; first < width; first += step * lanes)
        {
            pack sum[most * step];
            simd::unrolled<most * step>([&](std::size_t i) { sum[i] = pack::zero(); });
            for (std::size_t j = 0; j < k; ++j)
                simd::unrolled<step>(
                    [&](std::size_t p)
                    {
                        const pack column = pack::load(columns + j * width + first + p * lanes);
                        simd::unrolled<most>(
                            [&](std::size_t r) {
                                sum[r * step + p].add_product(
                                    pack::broadcast(coefficients[j * most + r]), column);
                            });
                    });
            simd::unrolled<most * step>(
                [&](std::size_t i) { sum[i].store(model[i / step] + first + i % step * lanes); });
        }
        for (auto& row : model)
            for (F& y : row)
                y = std::max(y, least_);
    }
    /// totals[r] += values of row r times the column.
    static void multiply(const strip_values& values, const F* column, pack* totals)
    {
        pack sum[2 * most];
        simd::unrolled<most>(
            [&](std::size_t r)
            {
                sum[r] = totals[r];
                sum[most + r] = pack::zero();
            });
        simd::unrolled<packs>(
            [&](std::size_t p)
            {
                const pack c = pack::load(column + p * lanes);
                simd::unrolled<most>(
                    [&](std::size_t r)
                    { sum[p % 2 * most + r].add_product(c, pack::load(values[r] + p * lanes)); });
            });
        simd::unrolled<most>([&](std::size_t r) { totals[r] = sum[r] + sum[most + r]; });
    }
    /// sums += the rows' values times their coefficients.
    static void accumulate(const strip_values& values, const F* coefficients, F* sums)
    {
        pack sum[packs];
        simd::unrolled<packs>([&](std::size_t p) { sum[p] = pack::load(sums + p * lanes); });
        simd::unrolled<most>(
            [&](std::size_t r)
            {
                const pack c = pack::broadcast(coefficients[r]);
                simd::unrolled<packs>(
                    [&](std::size_t p)
                    { sum[p].add_product(c, pack::load(values[r] + p * lanes)); });
            });
        simd::unrolled<packs>([&](std::size_t p) { sum[p].store(sums + p * lanes); });
    }
    /// Adds up the chunks' sums, `size` of each, in their order. Masked columns have none.
    void add_up(const F* sums, const ratio_parts<F>& out, std::size_t size,
                std::size_t threads) const
    {
        const std::size_t k = out.numerator.rank(), parts = part_count();
        for (const auto f : {out.numerator, out.denominator})
            clear_masked(f);
        parallel_for(strips_.size(), threads,
                     [&](std::size_t s, std::size_t)
                     {
                         const F* first = sums + s * parts * k * width;
                         for (std::size_t part = 0; part < parts; ++part)
                             for (std::size_t j = 0; j < k; ++j)
                                 for (std::size_t c = 0; c < strips_[s].count; ++c)
                                 {
                                     const F* from = first + (part * k + j) * width + c;
                                     double sum = 0;
                                     for (std::size_t h = 0; h < M::read_chunks; ++h)
                                         sum += static_cast<double>(from[h * size]);
                                     (part == 0 ? out.numerator : out.denominator)(
                                         strips_[s].first + c, j) = static_cast<F>(sum);
                                 }
                     });
    }

    L loss_;
    F least_;
    std::vector<strip> strips_;
    buffer<F> packed_, sums_, coefficients_;
    buffer<pack> totals_;
};
}
