// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cstddef>
#include <limits>
#include <span>
#include <vector>

#include <xunmix/core/buffer.hpp>
#include <xunmix/core/factor.hpp>
#include <xunmix/core/parallel.hpp>
#include <xunmix/core/simd.hpp>

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
/// the other. With ratio R = x y^(beta - 2) and power Q = y^(beta - 1), element by element and a
/// strip of columns at a time, it gives any of
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
        const std::size_t k = P.rank(), size = O.rows() * k;
        const bool columns = out.columns.numerator.rank() > 0;
        const std::size_t parts = loss_.has_plain_denominators() ? 1 : 2;
        F* sums = columns ? sums_.get(M::read_chunks * parts * size) : nullptr;
        if (columns)
            std::fill_n(sums, M::read_chunks * parts * size, F{0});
        const std::size_t room = row_group<F>::most * parts * k;
        pack* totals = totals_.get(room * thread_count(work.threads));
        double values[M::read_chunks] = {};
        auto visit = [&](const row_group<F>& group)
        {
            const pass here{P, O, out, columns ? sums + group.chunk * parts * size : nullptr,
                            totals + group.worker * room};
            values[group.chunk] += visit_rows(group, here);
        };
        for (const auto f : {out.rows.numerator, out.rows.denominator})
            clear_masked(f); // masked rows are not read
        x.read(visit, work);
        if (columns)
            add_up(sums, out.columns, size, work.threads);
        double total = 0;
        for (double v : values)
            total += v;
        return total;
    }

  private:
    using pack = simd::pack<F>;
    static constexpr std::size_t width = L::most, most = row_group<F>::most, lanes = simd::lanes<F>,
                                 packs = width / lanes;
    using strip_values = F[most][width];

    struct strip
    {
        std::size_t first, count;
    };
    /// What one read is for, and where a chunk's and a worker's sums are.
    struct pass
    {
        factor_ref<const F> P, O;
        const wanted& out;
        F* sums;      ///< of the columns' parts, null where not wanted
        pack* totals; ///< of the rows' parts, one a row and component
    };

    double visit_rows(const row_group<F>& group, const pass& to) const
    {
        const std::size_t k = to.P.rank(), parts = loss_.has_plain_denominators() ? 1 : 2;
        const bool rows = to.out.rows.numerator.rank() > 0;
        if (rows)
            std::fill_n(to.totals, most * parts * k, pack::zero());
        double value = 0;
        for (const strip s : strips_)
            value +=
                s.count == width ? visit_strip<width>(group, s, to) : visit_strip<0>(group, s, to);
        for (std::size_t r = 0; rows && r < group.count; ++r)
            for (std::size_t j = 0; j < k; ++j)
            {
                const pack* total = to.totals + (r * k + j) * parts;
                to.out.rows.numerator(group.rows[r], j) = total[0].sum();
                if (parts == 2)
                    to.out.rows.denominator(group.rows[r], j) = total[1].sum();
            }
        return value;
    }

    /// Fixed columns, or as many as the strip has where Fixed is 0: then what lies beyond them is
    /// zero.
    template <std::size_t Fixed>
    double visit_strip(const row_group<F>& group, strip s, const pass& to) const
    {
        const std::size_t k = to.P.rank(), parts = loss_.has_plain_denominators() ? 1 : 2;
        alignas(64) F model[width], column[width];
        alignas(64) strip_values values[2]; // ratio and power
        if constexpr (Fixed == 0)
            std::fill_n(&values[0][0][0], 2 * most * width, F{0});
        double value = 0;
        for (std::size_t r = 0; r < group.count; ++r)
        {
            form<Fixed>(to.P, group.rows[r], to.O, s, model);
            const F* x = group.values[r] + s.first;
            const std::size_t count = Fixed ? Fixed : s.count;
            if (to.out.value)
                value += loss_.value(x, model, count);
            loss_.weigh(x, model, count, values[0][r], values[1][r]);
        }
        for (std::size_t j = 0; j < k; ++j)
            for (std::size_t part = 0; part < parts; ++part)
            {
                if (to.out.rows.numerator.rank() > 0)
                    multiply(values[part], group.count, whole<Fixed>(to.O, j, s, column),
                             to.totals + j * parts + part, k * parts);
                if (to.sums)
                    accumulate<Fixed>(values[part], group, to.P, j,
                                      to.sums + (part * k + j) * to.O.rows() + s.first, s.count);
            }
        return value;
    }

    /// A strip of column j, copied and filled up with zeros where it is not a whole one.
    template <std::size_t Fixed>
    static const F* whole(factor_ref<const F> O, std::size_t j, strip s, F* room)
    {
        const F* from = O.column(j).data() + s.first;
        if constexpr (Fixed)
            return from;
        std::fill(std::copy_n(from, s.count, room), room + width, F{0});
        return room;
    }

    /// model = max(row of P O^T, least)
    template <std::size_t Fixed>
    void form(factor_ref<const F> P, std::size_t row, factor_ref<const F> O, strip s,
              F* model) const
    {
        if constexpr (Fixed)
        {
            pack sum[packs];
            simd::unrolled<packs>([&](std::size_t p) { sum[p] = pack::zero(); });
            for (std::size_t j = 0; j < P.rank(); ++j)
            {
                const pack c = pack::broadcast(P(row, j));
                const F* column = O.column(j).data() + s.first;
                simd::unrolled<packs>([&](std::size_t p)
                                      { sum[p].add_product(c, pack::load(column + p * lanes)); });
            }
            simd::unrolled<packs>([&](std::size_t p) { sum[p].store(model + p * lanes); });
        }
        else
        {
            std::fill_n(model, s.count, F{0});
            for (std::size_t j = 0; j < P.rank(); ++j)
                for (std::size_t c = 0; c < s.count; ++c)
                    model[c] += P(row, j) * O(s.first + c, j);
        }
        for (std::size_t c = 0; c < (Fixed ? Fixed : s.count); ++c)
            model[c] = std::max(model[c], least_);
    }
    /// totals[r step] += values of row r times the column.
    static void multiply(const strip_values& values, std::size_t rows, const F* column,
                         pack* totals, std::size_t step)
    {
        for (std::size_t r = 0; r < rows; ++r)
        {
            pack sum[2] = {totals[r * step], pack::zero()};
            simd::unrolled<packs>(
                [&](std::size_t p) {
                    sum[p % 2].add_product(pack::load(values[r] + p * lanes),
                                           pack::load(column + p * lanes));
                });
            totals[r * step] = sum[0] + sum[1];
        }
    }
    /// sums += the rows' values times their coefficients in column j of P.
    template <std::size_t Fixed>
    static void accumulate(const strip_values& values, const row_group<F>& group,
                           factor_ref<const F> P, std::size_t j, F* sums, std::size_t count)
    {
        F weights[most] = {};
        for (std::size_t r = 0; r < group.count; ++r)
            weights[r] = P(group.rows[r], j);
        if constexpr (Fixed == 0)
        {
            for (std::size_t r = 0; r < group.count; ++r)
                for (std::size_t c = 0; c < count; ++c)
                    sums[c] += weights[r] * values[r][c];
            return;
        }
        pack sum[packs];
        simd::unrolled<packs>([&](std::size_t p) { sum[p] = pack::load(sums + p * lanes); });
        for (std::size_t r = 0; r < group.count; ++r)
        {
            const pack c = pack::broadcast(weights[r]);
            simd::unrolled<packs>([&](std::size_t p)
                                  { sum[p].add_product(c, pack::load(values[r] + p * lanes)); });
        }
        simd::unrolled<packs>([&](std::size_t p) { sum[p].store(sums + p * lanes); });
    }
    /// Adds up the chunks' sums in their order.
    static void add_up(const F* sums, const ratio_parts<F>& out, std::size_t size,
                       std::size_t threads)
    {
        const bool has_power = out.denominator.rank() > 0;
        const std::size_t stride = size * (has_power ? 2 : 1);
        parallel_for(out.numerator.rank(), threads,
                     [&](std::size_t j, std::size_t)
                     {
                         const std::size_t rows = out.numerator.rows();
                         for (std::size_t i = 0; i < rows; ++i)
                         {
                             double numerator = 0, denominator = 0;
                             for (std::size_t c = 0; c < M::read_chunks; ++c)
                             {
                                 const F* from = sums + c * stride + j * rows + i;
                                 numerator += static_cast<double>(*from);
                                 if (has_power)
                                     denominator += static_cast<double>(from[size]);
                             }
                             out.numerator(i, j) = static_cast<F>(numerator);
                             if (has_power)
                                 out.denominator(i, j) = static_cast<F>(denominator);
                         }
                     });
    }

    L loss_;
    F least_;
    std::vector<strip> strips_;
    buffer<F> sums_;
    buffer<pack> totals_;
};
}
