// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

#include <xunmix/core/error.hpp>
#include <xunmix/core/finite.hpp>
#include <xunmix/core/simd.hpp>
#include <xunmix/linalg/dense_small.hpp>

namespace xunmix::linalg
{
namespace detail
{
/// Calls step(offset, pack of the first array, of the second) and stores what it leaves in both.
template <class Step>
void for_each_pair(double* x, double* y, std::size_t count, Step&& step)
{
    using pack = simd::pack<double>;
    using one = simd::pack<double, 1>;
    std::size_t i = 0;
    for (; i + simd::lanes<double> <= count; i += simd::lanes<double>)
    {
        auto a = pack::load(x + i), b = pack::load(y + i);
        step(a, b);
        a.store(x + i);
        b.store(y + i);
    }
    for (; i < count; ++i)
    {
        auto a = one::load(x + i), b = one::load(y + i);
        step(a, b);
        a.store(x + i);
        b.store(y + i);
    }
}

/// y += a x
inline void add_multiple(double a, const double* x, double* y, std::size_t count)
{
    using pack = simd::pack<double>;
    std::size_t i = 0;
    for (; i + simd::lanes<double> <= count; i += simd::lanes<double>)
    {
        auto sum = pack::load(y + i);
        sum.add_product(pack::broadcast(a), pack::load(x + i));
        sum.store(y + i);
    }
    for (; i < count; ++i)
        y[i] += a * x[i];
}
}

/// Eigenvalues and eigenvectors of symmetric matrices, by Householder's reduction to tridiagonal
/// form and implicit QL steps (Golub & Van Loan, Matrix Computations, 8.3). Written here rather
/// than left to LAPACK, whose bits depend on the number of threads that the host's BLAS has. Keeps
/// its workspace.
class symmetric_eigen
{
  public:
    /// The matrix, k x k and row-major, becomes its eigenvectors, one a row, in ascending order of
    /// the eigenvalues. Throws error for NaN and infinities.
    void operator()(std::span<double> matrix, std::size_t k)
    {
        double size = 0;
        for (const double x : matrix)
            size = is_finite(x) ? std::max(size, std::abs(x)) : x;
        xunmix::detail::require<error>(is_finite(size), "a ", k, " x ", k,
                                       " Gram matrix holds NaN or infinities: its factor has "
                                       "become too large or too small for its type");
        values_.assign(k, 0);
        off_.assign(k, 0);
        if (size > 0)
            for (double& x : matrix)
                x /= size;
        reduce(matrix, k);
        iterate(matrix, k);
        sort(matrix, k);
        for (double& value : values_)
            value *= size;
    }
    /// The eigenvalues, ascending.
    std::span<const double> values() const
    {
        return values_;
    }

  private:
    /// A = Q T Q^T: T to values_ (diagonal) and off_ (beside it), Q^T to the matrix.
    void reduce(std::span<double> a, std::size_t k)
    {
        reflectors_.assign(k * k, 0);
        step_.resize(k);
        for (std::size_t j = 0; j + 1 < k; ++j)
        {
            values_[j] = a[j * k + j];
            off_[j] = reflect(a, k, j);
        }
        if (k > 0)
            values_[k - 1] = a[k * k - 1];
        std::fill(a.begin(), a.end(), 0.0);
        for (std::size_t i = 0; i < k; ++i)
            a[i * k + i] = 1;
        // Q = H_0 H_1 ..., so Q^T = ... H_1 H_0: the last is multiplied first, from the right,
        // where it finds the identity outside of its own rows and columns.
        for (std::size_t j = k; j-- > 0;)
        {
            const double* v = &reflectors_[j * k];
            for (std::size_t i = j + 1; i < k && v[j] > 0; ++i)
            {
                double* row = &a[i * k + j + 1];
                const std::size_t count = k - j - 1;
                detail::add_multiple(-v[j] * dot(row, v + j + 1, count), v + j + 1, row, count);
            }
        }
    }
    /// Reflects row and column j to (d_j, e_j, 0, ...), all rows and columns after it likewise.
    /// e_j; the reflector I - b v v^T is kept, b at v's place j.
    double reflect(std::span<double> a, std::size_t k, std::size_t j)
    {
        double* v = &reflectors_[j * k];
        const std::size_t first = j + 1, count = k - first;
        std::copy_n(&a[j * k + first], count, v + first);
        const double length = std::sqrt(dot(v + first, v + first, count));
        const double beside = v[first] > 0 ? -length : length;
        v[first] -= beside;
        const double square = dot(v + first, v + first, count);
        if (!(square > std::numeric_limits<double>::min()))
            return a[j * k + first];
        const double b = 2 / square;
        v[j] = b;
        for (std::size_t i = first; i < k; ++i)
            step_[i] = b * dot(&a[i * k + first], v + first, count);
        detail::add_multiple(-b / 2 * dot(&step_[first], v + first, count), v + first,
                             &step_[first], count);
        for (std::size_t i = first; i < k; ++i)
        {
            detail::add_multiple(-v[i], &step_[first], &a[i * k + first], count);
            detail::add_multiple(-step_[i], v + first, &a[i * k + first], count);
        }
        return beside;
    }

    /// Takes the tridiagonal matrix to diagonal form and the rows of `vectors` along.
    void iterate(std::span<double> vectors, std::size_t k)
    {
        constexpr std::size_t most = 60; // steps an eigenvalue; about two are needed
        std::size_t steps = 0;
        for (std::size_t l = 0; l < k; ++l)
            for (std::size_t m = block_end(l, k); m != l; m = block_end(l, k))
            {
                xunmix::detail::require<error>(++steps <= most * k, "the eigenvalues of a ", k,
                                               " x ", k, " Gram matrix did not converge");
                step(vectors, k, l, m);
            }
    }
    /// The last row of the unreduced block that begins at l.
    std::size_t block_end(std::size_t l, std::size_t k) const
    {
        constexpr double epsilon = std::numeric_limits<double>::epsilon();
        std::size_t m = l;
        while (m + 1 < k &&
               std::abs(off_[m]) > epsilon * (std::abs(values_[m]) + std::abs(values_[m + 1])))
            ++m;
        return m;
    }
    /// One QL step with Wilkinson's shift on rows l to m.
    void step(std::span<double> vectors, std::size_t k, std::size_t l, std::size_t m)
    {
        const double half = (values_[l + 1] - values_[l]) / (2 * off_[l]);
        const double root = std::hypot(half, 1.0);
        double g = values_[m] - values_[l] + off_[l] / (half + std::copysign(root, half));
        double sine = 1, cosine = 1, moved = 0;
        for (std::size_t i = m; i-- > l;)
        {
            const double f = sine * off_[i], b = cosine * off_[i], r = std::hypot(f, g);
            off_[i + 1] = r;
            if (r == 0) // the block falls apart
            {
                values_[i + 1] -= moved;
                off_[m] = 0;
                return;
            }
            sine = f / r;
            cosine = g / r;
            g = values_[i + 1] - moved;
            const double next = (values_[i] - g) * sine + 2 * cosine * b;
            moved = sine * next;
            values_[i + 1] = g + moved;
            g = cosine * next - b;
            rotate(&vectors[i * k], &vectors[(i + 1) * k], k, cosine, sine);
        }
        values_[l] -= moved;
        off_[l] = g;
        off_[m] = 0;
    }
    static void rotate(double* low, double* high, std::size_t count, double cosine, double sine)
    {
        detail::for_each_pair(low, high, count,
                              [&]<class Pack>(Pack& a, Pack& b)
                              {
                                  const auto c = Pack::broadcast(cosine), s = Pack::broadcast(sine);
                                  const Pack turned = c * a + Pack::broadcast(-sine) * b;
                                  b = s * a + c * b;
                                  a = turned;
                              });
    }

    void sort(std::span<double> vectors, std::size_t k)
    {
        order_.resize(k);
        std::iota(order_.begin(), order_.end(), std::size_t{0});
        // Equal ones as they came. (stable_sort would allocate.)
        std::sort(order_.begin(), order_.end(),
                  [&](std::size_t a, std::size_t b)
                  { return std::pair(values_[a], a) < std::pair(values_[b], b); });
        std::copy(vectors.begin(), vectors.end(), reflectors_.begin());
        std::copy(values_.begin(), values_.end(), off_.begin());
        for (std::size_t i = 0; i < k; ++i)
        {
            values_[i] = off_[order_[i]];
            std::copy_n(&reflectors_[order_[i] * k], k, &vectors[i * k]);
        }
    }

    std::vector<double> values_, off_, reflectors_, step_;
    std::vector<std::size_t> order_;
};
}
