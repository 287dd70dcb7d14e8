// SPDX-License-Identifier: BSD-3-Clause
#pragma once

// What tests of the factorization share: naive double-precision matrices as an independent
// reference, data with a known and unique factorization, the matching of what was found with the
// truth, and optimality measured from X itself.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <xunmix/compare/agreement.hpp>
#include <xunmix/core/error.hpp>
#include <xunmix/model/factor.hpp>
#include <xunmix/unfold/unfold.hpp>

namespace support
{
namespace xu = xunmix;

/// Row-major, all sums one after the other in double.
struct matrix
{
    std::size_t rows = 0;
    std::size_t cols = 0;
    std::vector<double> values;

    matrix() = default;
    matrix(std::size_t row_count, std::size_t col_count, double value = 0)
        : rows(row_count)
        , cols(col_count)
        , values(row_count * col_count, value)
    {
    }
    double& operator()(std::size_t i, std::size_t j)
    {
        return values[i * cols + j];
    }
    double operator()(std::size_t i, std::size_t j) const
    {
        return values[i * cols + j];
    }
};

inline matrix transposed(const matrix& a)
{
    matrix out(a.cols, a.rows);
    for (std::size_t i = 0; i < a.rows; ++i)
        for (std::size_t j = 0; j < a.cols; ++j)
            out(j, i) = a(i, j);
    return out;
}

inline matrix operator*(const matrix& a, const matrix& b)
{
    matrix out(a.rows, b.cols);
    for (std::size_t i = 0; i < a.rows; ++i)
        for (std::size_t l = 0; l < a.cols; ++l)
            for (std::size_t j = 0; j < b.cols; ++j)
                out(i, j) += a(i, l) * b(l, j);
    return out;
}

inline matrix operator-(matrix a, const matrix& b)
{
    for (std::size_t e = 0; e < a.values.size(); ++e)
        a.values[e] -= b.values[e];
    return a;
}

inline double squared_norm(const matrix& a)
{
    return std::inner_product(a.values.begin(), a.values.end(), a.values.begin(), 0.0);
}

/// |a - b| / |b|
inline double relative_distance(const matrix& a, const matrix& b)
{
    return std::sqrt(squared_norm(a - b) / squared_norm(b));
}

/// |X - C S^T|^2
inline double squared_residual(const matrix& X, const matrix& C, const matrix& S)
{
    return squared_norm(X - C * transposed(S));
}

/// Independent entries, uniform between low and high.
inline matrix random_matrix(std::size_t rows, std::size_t cols, std::uint64_t seed, double low = 0,
                            double high = 1)
{
    std::mt19937_64 engine(seed);
    std::uniform_real_distribution<double> draw(low, high);
    matrix out(rows, cols);
    for (double& x : out.values)
        x = draw(engine);
    return out;
}

/// scale X rounded to whole numbers: counts.
inline matrix counted(matrix X, double scale)
{
    for (double& x : X.values)
        x = std::round(scale * x);
    return X;
}

template <class T>
matrix to_matrix(xu::factor_ref<T> f)
{
    matrix out(f.rows(), f.rank());
    for (std::size_t i = 0; i < f.rows(); ++i)
        for (std::size_t j = 0; j < f.rank(); ++j)
            out(i, j) = static_cast<double>(f(i, j));
    return out;
}

/// A factor with memory of its own, as the library lays it out.
template <class T>
struct owned_factor
{
    explicit owned_factor(const matrix& from, xu::grid grid = {})
        : rows(from.rows)
        , rank(from.cols)
        , places(std::move(grid))
    {
        for (std::size_t j = 0; j < rank; ++j)
            for (std::size_t i = 0; i < rows; ++i)
                values.push_back(static_cast<T>(from(i, j)));
    }
    xu::factor_ref<T> ref()
    {
        return {values.data(), rows, rank, rows, places.shape.empty() ? nullptr : &places};
    }
    xu::factor_ref<const T> view()
    {
        return ref();
    }

    std::size_t rows, rank;
    std::vector<T> values;
    xu::grid places;
};

/// How X lies in memory: channels of one position side by side, or positions of one channel.
enum class layout
{
    row_major,
    column_major
};

/// X as the unfolding of a tensor with the given axes; it owns its memory.
template <class T>
xu::unfolded<T> unfold_as(const matrix& X, layout how = layout::row_major,
                          std::vector<std::size_t> positions = {},
                          std::vector<std::size_t> channels = {})
{
    if (positions.empty())
        positions = {X.rows};
    if (channels.empty())
        channels = {X.cols};
    const bool by_row = how == layout::row_major;
    const std::size_t p = positions.size(), c = channels.size();
    auto shape = by_row ? positions : channels;
    const auto& inner = by_row ? channels : positions;
    shape.insert(shape.end(), inner.begin(), inner.end());
    auto tensor = xu::tensor<T>::from_shape(shape);
    const matrix stored = by_row ? X : transposed(X);
    std::transform(stored.values.begin(), stored.values.end(), tensor.data(),
                   [](double x) { return static_cast<T>(x); });
    std::vector<std::size_t> axes(p);
    std::iota(axes.begin(), axes.end(), by_row ? std::size_t{0} : c);
    return xu::unfold(std::move(tensor), xu::positions(axes));
}

/// maps (n x k) or components (m x k) as the tensor that init policies and `fixed` take.
inline xu::tensor<double> to_tensor(const matrix& f, std::vector<std::size_t> places = {})
{
    std::vector<std::size_t> shape{f.cols};
    if (places.empty())
        places = {f.rows};
    shape.insert(shape.end(), places.begin(), places.end());
    auto out = xu::tensor<double>::from_shape(shape);
    for (std::size_t j = 0; j < f.cols; ++j)
        for (std::size_t i = 0; i < f.rows; ++i)
            out.data()[j * f.rows + i] = f(i, j);
    return out;
}

/// The same back: maps (n x k) or components (m x k) from (k, ...).
template <class T>
matrix from_tensor(const xu::tensor<T>& f)
{
    matrix out(f.size() / f.shape(0), f.shape(0));
    for (std::size_t j = 0; j < out.cols; ++j)
        for (std::size_t i = 0; i < out.rows; ++i)
            out(i, j) = static_cast<double>(f.data()[j * out.rows + i]);
    return out;
}

/// Data with a factorization that is unique up to order and scale: for each component a place where
/// it alone is present, in one factor, and zeros in the other, among them for each component a
/// place where it alone is missing. No cone that holds the data can then be widened without leaving
/// the orthant ("boundary close", Laurberg et al. 2008).
struct recipe
{
    std::size_t positions = 60;
    std::size_t channels = 50;
    std::size_t rank = 3;
    bool pure_channels = false; ///< else pure positions
    double zeros = 0.4;         ///< share of zeros in the other factor
    double background = 0;      ///< added where it is not zero: columns resemble each other
    double scale_ratio = 1;     ///< each component is so much stronger than the one before
    std::uint64_t seed = 1;
};

struct planted
{
    matrix maps, components, X;
};

inline planted plant(const recipe& r)
{
    std::mt19937_64 engine(r.seed);
    std::uniform_real_distribution<double> draw(0, 1);
    const std::size_t pure_rows = r.pure_channels ? r.channels : r.positions;
    const std::size_t free_rows = r.pure_channels ? r.positions : r.channels;
    matrix pure(pure_rows, r.rank), other(free_rows, r.rank);
    for (std::size_t i = 0; i < pure_rows; ++i)
        for (std::size_t j = 0; j < r.rank; ++j)
            pure(i, j) = i < r.rank ? (i == j ? 1.0 : 0.0) : draw(engine);
    for (std::size_t i = 0; i < free_rows; ++i)
        for (std::size_t j = 0; j < r.rank; ++j)
            other(i, j) = draw(engine) < r.zeros ? 0 : r.background + draw(engine);
    for (std::size_t j = 0; j < r.rank; ++j) // row j: zero in column j, and only there
        for (std::size_t l = 0; l < r.rank; ++l)
            other(j, l) = j == l ? 0 : r.background + 0.5 + 0.5 * draw(engine);
    for (std::size_t j = 0; j < r.rank; ++j)
        for (std::size_t i = 0; i < free_rows; ++i)
            other(i, j) *= std::pow(r.scale_ratio, static_cast<double>(j));
    planted out;
    out.maps = r.pure_channels ? other : pure;
    out.components = r.pure_channels ? pure : other;
    out.X = out.maps * transposed(out.components);
    return out;
}

/// Cosines between the columns of two factors: (columns of a) x (columns of b).
inline matrix cosines(const matrix& a, const matrix& b)
{
    matrix out = transposed(a) * b;
    const matrix aa = transposed(a) * a, bb = transposed(b) * b;
    for (std::size_t i = 0; i < out.rows; ++i)
        for (std::size_t j = 0; j < out.cols; ++j)
        {
            const double size = std::sqrt(aa(i, i) * bb(j, j));
            out(i, j) = size > 0 ? out(i, j) / size : 0;
        }
    return out;
}

/// Which found column stands for each true one, and how alike the two are.
struct matching
{
    std::vector<std::size_t> found;
    std::vector<double> cosine;

    double worst() const
    {
        return *std::min_element(cosine.begin(), cosine.end());
    }
};

inline matching match(const matrix& found, const matrix& truth)
{
    const matrix alike = cosines(truth, found);
    matching out{xu::best_assignment(alike.values, alike.rows, alike.cols), {}};
    for (std::size_t j = 0; j < truth.cols; ++j)
        out.cosine.push_back(alike(j, out.found[j]));
    return out;
}

/// Angle in rad between column i of a and column j of b.
inline double angle(const matrix& a, std::size_t i, const matrix& b, std::size_t j)
{
    std::vector<double> of_a, of_b;
    for (std::size_t row = 0; row < a.rows; ++row)
        of_a.push_back(a(row, i));
    for (std::size_t row = 0; row < b.rows; ++row)
        of_b.push_back(b(row, j));
    return xu::spectral_angle(std::span(of_a), std::span(of_b));
}

/// Mean angle in rad between the columns and the true ones that stand for them best.
inline double mean_angle(const matrix& found, const matrix& truth)
{
    const auto order = xu::match_components(to_tensor(found), to_tensor(truth));
    double sum = 0;
    for (std::size_t j = 0; j < truth.cols; ++j)
        sum += angle(found, order[j], truth, j);
    return sum / static_cast<double>(truth.cols);
}

/// The problem of one factor F with the other, O, held:
/// 1/2 |X - F O^T|^2 + l1 sum |F_ij| + ridge/2 |F|^2 with lower <= F <= upper.
struct problem
{
    double lower = 0;
    double upper = std::numeric_limits<double>::infinity();
    double l1 = 0;
    double ridge = 0;
};

/// How far F is from solving its problem: the largest |F_j - P(F_j - gradient_j / curvature_j)| /
/// |F_j| of its columns, where P is the proximal step of everything but the square terms. Zero
/// exactly where the Karush-Kuhn-Tucker conditions hold, and the same for any scale of the columns.
/// In double, from X itself.
inline double kkt_residual(const matrix& X, const matrix& F, const matrix& O, const problem& p = {})
{
    const matrix gram = transposed(O) * O, rhs = X * O, FG = F * gram;
    double worst = 0;
    for (std::size_t j = 0; j < F.cols; ++j)
    {
        const double curvature = gram(j, j) + p.ridge;
        double moved = 0, size = 0;
        for (std::size_t i = 0; curvature > 0 && i < F.rows; ++i)
        {
            const double gradient = FG(i, j) + p.ridge * F(i, j) - rhs(i, j);
            double x = F(i, j) - gradient / curvature;
            x = std::copysign(std::max(std::abs(x) - p.l1 / curvature, 0.0), x);
            x = std::clamp(x, p.lower, p.upper);
            moved += (x - F(i, j)) * (x - F(i, j));
            size += F(i, j) * F(i, j);
        }
        if (moved > 0)
            worst = std::max(worst, std::sqrt(moved / size));
    }
    return worst;
}

/// Both factors' residuals, the larger one.
inline double kkt_residual_of_both(const matrix& X, const matrix& C, const matrix& S,
                                   const problem& maps = {}, const problem& components = {})
{
    return std::max(kkt_residual(X, C, S, maps), kkt_residual(transposed(X), S, C, components));
}

/// The message of the exception of type E that `work` throws; "no exception" if it throws none.
template <class E, class Work>
std::string message_of(Work&& work)
{
    try
    {
        work();
    }
    catch (const E& e)
    {
        return e.what();
    }
    return "no exception";
}
}
