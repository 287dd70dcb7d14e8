// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <type_traits>
#include <vector>

#include <xunmix/contract/data_matrix.hpp>
#include <xunmix/core/simd.hpp>
#include <xunmix/linalg/dense_small.hpp>
#include <xunmix/matrix/centred.hpp>
#include <xunmix/matrix/evenly_weighted.hpp>
#include <xunmix/model/factor.hpp>
#include <xunmix/model/options.hpp>

// The smaller Gram matrix, Y^T Y or Y Y^T, summed in double from the elements: float has seven
// digits, and squares of what stands out leave none of them to the rest.
namespace xunmix::detail
{
/// What stands in memory, without weights and means.
template <class M>
const auto& stored_elements(const M& x)
{
    if constexpr (requires { x.elements(); })
        return x.elements();
    else if constexpr (requires { x.unweighted(); })
        return stored_elements(x.unweighted());
    else if constexpr (requires { x.base(); })
        return stored_elements(x.base());
    else
        return x;
}

/// y_ic = scale_i scale_c x_ic - shift_i shift_c: what weights and means make of the elements x.
struct element_map
{
    std::array<std::vector<double>, 2> scale, shift; ///< of positions and of channels

    template <class M>
    explicit element_map(const M& x)
    {
        for (side s : {side::maps, side::components})
        {
            const grid& places = x.shape().of(s);
            auto& unmasked = scale[index(s)];
            for (std::size_t i = 0; i < places.size(); ++i)
                unmasked.push_back(places.keeps(i) ? 1 : 0);
            shift[index(s)].assign(places.size(), 0);
        }
        apply(x);
    }
    static std::size_t index(side s)
    {
        return s == side::maps ? 0 : 1;
    }

  private:
    template <class M>
    void apply(const evenly_weighted<M>& y)
    {
        apply(y.base());
        for (side s : {side::maps, side::components})
        {
            const auto weights = inner_product_of(y.base(), s).weights();
            for (std::size_t i = 0; i < weights.size(); ++i)
            {
                const double root = std::sqrt(weights[i]);
                scale[index(s)][i] *= root;
                shift[index(s)][i] *= root;
            }
        }
    }
    template <class M>
    void apply(const centred<M>& y)
    {
        apply(y.base());
        for (std::size_t c = 0; c < y.cols(); ++c)
            shift[1][c] = static_cast<double>(y.mean()[c]);
        for (std::size_t i = 0; i < y.rows(); ++i)
            shift[0][i] = y.shape().positions.keeps(i) ? 1 : 0;
    }
    template <class M>
    void apply(const M&)
    {
    }
};

/// Sums of products of rows, all of them read from the elements in memory.
template <class X>
class gram_sums
{
  public:
    using F = typename X::factor_type;

    /// Of `stored`, the elements of Y as `elements` says.
    gram_sums(const X& stored, const element_map& elements, std::size_t threads)
        : x_(stored)
        , rows_(elements.scale[element_map::index(stored.sweep_side())],
                elements.shift[element_map::index(stored.sweep_side())])
        , columns_(elements.scale[element_map::index(other(stored.sweep_side()))],
                   elements.shift[element_map::index(other(stored.sweep_side()))])
    {
        work_.threads = threads;
    }

    /// Sums over the stored rows: one number for two columns. One read, more for many columns.
    std::vector<double> of_columns()
    {
        const std::size_t width = padded(columns_.size()), chunk_most = most_memory / chunks,
                          band = std::clamp(chunk_most / width / tile * tile, tile, width);
        std::vector<double> out(width * width), sums(chunks * band * width),
            panels(chunks * depth * width);
        for (std::size_t first = 0; first < width; first += band)
        {
            const std::size_t count = std::min(band, width - first);
            std::array<std::size_t, chunks> filled{};
            std::fill(sums.begin(), sums.end(), 0.0);
            const auto add = [&](std::size_t chunk)
            {
                double* const panel = panels.data() + chunk * depth * width;
                std::fill(panel + filled[chunk] * width, panel + depth * width, 0.0);
                add_products(panel, width, first, count, sums.data() + chunk * band * width);
                filled[chunk] = 0;
            };
            read(
                [&](const row_group<F>& group)
                {
                    for (std::size_t r = 0; r < group.count; ++r)
                    {
                        double* const to =
                            panels.data() + (group.chunk * depth + filled[group.chunk]) * width;
                        element_row(group.rows[r], group.values[r], 0, columns_.size(), to);
                        std::fill(to + columns_.size(), to + width, 0.0);
                        if (++filled[group.chunk] == depth)
                            add(group.chunk);
                    }
                });
            for (std::size_t chunk = 0; chunk < chunks; ++chunk)
            {
                add(chunk);
                for (std::size_t e = 0; e < count * width; ++e)
                    out[first * width + e] += sums[chunk * band * width + e];
            }
        }
        return mirrored(out, width, columns_.size());
    }

    /// Sums over the stored columns: one number for two rows. Two reads for as many rows as 256 MB
    /// hold.
    std::vector<double> of_rows()
    {
        const std::size_t side = rows_.size(), length = padded(columns_.size()),
                          band = std::clamp(2 * most_memory / length / tile * tile, tile,
                                            (side + tile - 1) / tile * tile);
        std::vector<double> out(side * side), held(band * length);
        for (std::size_t first = 0; first < side; first += band)
        {
            std::fill(held.begin(), held.end(), 0.0);
            read(
                [&](const row_group<F>& group)
                {
                    for (std::size_t r = 0; r < group.count; ++r)
                        if (group.rows[r] >= first && group.rows[r] < first + band)
                            element_row(group.rows[r], group.values[r], 0, columns_.size(),
                                        held.data() + (group.rows[r] - first) * length);
                });
            read([&](const row_group<F>& group)
                 { dot_products(group, held, length, first, std::min(band, side - first), out); });
        }
        for (std::size_t i = 0; i < side; ++i)
            for (std::size_t j = i + 1; j < side; ++j)
                out[i * side + j] = out[j * side + i];
        return out;
    }

  private:
    using pack = simd::pack<double>;
    static constexpr std::size_t chunks = X::read_chunks, tile = 4, depth = 32,
                                 lanes = simd::lanes<double>, quantum = 2 * lanes, segment = 512,
                                 most_memory = 128 * 1024 * 1024 / sizeof(double);

    /// Scale and shift of the stored rows, or of the columns.
    struct line
    {
        const std::vector<double>&scale, &shift;

        line(const std::vector<double>& scales, const std::vector<double>& shifts)
            : scale(scales)
            , shift(shifts)
        {
        }
        std::size_t size() const
        {
            return scale.size();
        }
    };

    static std::size_t padded(std::size_t count)
    {
        constexpr std::size_t to = quantum > tile ? quantum : tile;
        return (count + to - 1) / to * to;
    }
    template <class Visit>
    void read(const Visit& visit)
    {
        x_.read(visit, work_);
    }
    /// `count` elements of a row of Y from column `first`.
    void element_row(std::size_t i, const F* x, std::size_t first, std::size_t count,
                     double* out) const
    {
        const double scale = rows_.scale[i], shift = rows_.shift[i];
        const double *column_scale = columns_.scale.data() + first,
                     *column_shift = columns_.shift.data() + first;
        for (std::size_t c = 0; c < count; ++c) // anything may stand at masked places, NaN too
            out[c] = column_scale[c] != 0
                         ? scale * column_scale[c] * static_cast<double>(x[first + c]) -
                               shift * column_shift[c]
                         : 0;
    }

    /// sums += the rows `first` to `first + count` of P^T P for a panel P of `depth` rows, from the
    /// diagonal on.
    static void add_products(const double* panel, std::size_t width, std::size_t first,
                             std::size_t count, double* sums)
    {
        for (std::size_t a = first; a < first + count; a += tile)
            for (std::size_t c = a / quantum * quantum; c < width; c += quantum)
            {
                pack sum[tile][2];
                for (auto& of_row : sum)
                    of_row[0] = of_row[1] = pack::zero();
                for (std::size_t r = 0; r < depth; ++r)
                {
                    const double* const row = panel + r * width;
                    const pack left = pack::load(row + c), right = pack::load(row + c + lanes);
                    for (std::size_t t = 0; t < tile; ++t)
                    {
                        const pack factor = pack::broadcast(row[a + t]);
                        sum[t][0].add_product(factor, left);
                        sum[t][1].add_product(factor, right);
                    }
                }
                for (std::size_t t = 0; t < tile; ++t)
                    for (std::size_t h = 0; h < 2; ++h)
                    {
                        double* const to = sums + (a - first + t) * width + c + h * lanes;
                        for (std::size_t l = 0; l < lanes; ++l)
                            to[l] += sum[t][h].value[l];
                    }
            }
    }

    /// Products of up to four rows with the `count` rows held from `first` on.
    void dot_products(const row_group<F>& group, const std::vector<double>& held,
                      std::size_t length, std::size_t first, std::size_t count,
                      std::vector<double>& out) const
    {
        static_assert(segment % quantum == 0);
        std::array<double, row_group<F>::most * segment> part{};
        for (std::size_t c = 0; c < length; c += segment)
        {
            const std::size_t here = std::min(segment, length - c),
                              real = std::min(segment, columns_.size() - c);
            for (std::size_t r = 0; r < group.count; ++r)
            {
                double* const to = part.data() + r * segment;
                element_row(group.rows[r], group.values[r], c, real, to);
                std::fill(to + real, to + here, 0.0);
            }
            for (std::size_t j = 0; j < count; ++j)
                for (std::size_t r = 0; r < group.count; ++r)
                    if (group.rows[r] >= first + j)
                        out[group.rows[r] * rows_.size() + first + j] += linalg::dot(
                            part.data() + r * segment, held.data() + j * length + c, here);
        }
    }

    /// The leading side x side part, from its upper triangle.
    static std::vector<double> mirrored(const std::vector<double>& upper, std::size_t width,
                                        std::size_t side)
    {
        std::vector<double> out(side * side);
        for (std::size_t a = 0; a < side; ++a)
            for (std::size_t c = a; c < side; ++c)
                out[a * side + c] = out[c * side + a] = upper[a * width + c];
        return out;
    }

    const X& x_;
    line rows_, columns_;
    typename X::workspace work_{};
};

/// As gram_matrix, of matrices that only multiply: in blocks of 64 columns at two reads each.
template <class Y>
std::vector<double> gram_by_products(const Y& y, side of, std::size_t threads)
{
    using F = typename Y::factor_type;
    constexpr std::size_t width = 64;
    const grid &reduced = y.shape().of(of), &other_side = y.shape().of(other(of));
    const std::size_t size = reduced.size();
    typename Y::workspace work{};
    work.threads = threads;
    std::vector<double> gram(size * size);
    for (std::size_t first = 0; first < size; first += width)
    {
        const std::size_t count = std::min(width, size - first);
        // A block: of the identity, Y of it, and back.
        factor<F> unit(size, count), seen(other_side.size(), count), columns(size, count);
        const auto in = unit.view(&reduced), between = seen.view(&other_side),
                   out = columns.view(&reduced);
        for (std::size_t j = 0; j < count; ++j)
            in(first + j, j) = reduced.keeps(first + j) ? F{1} : F{0};
        if (of == side::components)
            y.multiply(in, between, work), y.multiply_transposed(between, out, work);
        else
            y.multiply_transposed(in, between, work), y.multiply(between, out, work);
        for (std::size_t j = 0; j < count; ++j)
            for (std::size_t i = 0; i < size; ++i)
                gram[i * size + first + j] = static_cast<double>(out(i, j));
    }
    for (std::size_t i = 0; i < size; ++i)
        for (std::size_t j = 0; j < i; ++j)
            gram[i * size + j] = gram[j * size + i] = (gram[i * size + j] + gram[j * size + i]) / 2;
    return gram;
}

/// Y^T Y or, for side::maps, Y Y^T; zero at masked places. The same bits for any number of threads.
template <class Y>
std::vector<double> gram_matrix(const Y& y, side of, std::size_t threads)
{
    const auto& stored = stored_elements(y);
    using X = std::remove_cvref_t<decltype(stored)>;
    if constexpr (readable_matrix<X>)
        if (is_readable(stored))
        {
            const element_map elements(y);
            gram_sums<X> sums(stored, elements, threads);
            return stored.sweep_side() == of ? sums.of_rows() : sums.of_columns();
        }
    return gram_by_products(y, of, threads);
}
}
