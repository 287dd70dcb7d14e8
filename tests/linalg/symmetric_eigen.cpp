// SPDX-License-Identifier: BSD-3-Clause
#include "../support.hpp"
#include "../svd/jacobi.hpp"

#include <cmath>
#include <limits>
#include <vector>

#include <xunmix/linalg/symmetric_eigen.hpp>

namespace symmetric_eigen_test
{
namespace linalg = xunmix::linalg;
using support::matrix;
using support::random_matrix;

namespace
{
std::vector<double> row_major(const matrix& A)
{
    std::vector<double> out;
    for (std::size_t i = 0; i < A.rows; ++i)
        for (std::size_t j = 0; j < A.cols; ++j)
            out.push_back(A(i, j));
    return out;
}

/// A q_j = lambda_j q_j, orthonormal, ascending, to so many rounding errors of the largest.
void check_eigen(const matrix& A)
{
    const std::size_t n = A.rows;
    std::vector<double> q = row_major(A);
    linalg::symmetric_eigen eigen;
    eigen(q, n);
    const auto& values = eigen.values();
    double size = 0;
    for (std::size_t j = 0; j < n; ++j)
        size = std::max(size, std::abs(values[j]));
    const double allowed = 8 * static_cast<double>(n) * std::numeric_limits<double>::epsilon();
    double residual = 0, overlap = 0;
    for (std::size_t j = 0; j < n; ++j)
    {
        for (std::size_t i = 0; i < n; ++i)
        {
            double product = 0;
            for (std::size_t l = 0; l < n; ++l)
                product += A(i, l) * q[j * n + l];
            residual = std::max(residual, std::abs(product - values[j] * q[j * n + i]));
        }
        for (std::size_t i = 0; i <= j; ++i)
        {
            double dot = 0;
            for (std::size_t l = 0; l < n; ++l)
                dot += q[i * n + l] * q[j * n + l];
            overlap = std::max(overlap, std::abs(dot - (i == j ? 1 : 0)));
        }
        CHECK((j == 0 || values[j - 1] <= values[j]));
    }
    CHECK(residual <= allowed * size);
    CHECK(overlap <= allowed);
}
}

TEST_CASE("symmetric_eigen: values and vectors of matrices of every size")
{
    for (std::size_t n : {1U, 2U, 3U, 4U, 5U, 7U, 8U, 15U, 16U, 31U, 32U, 33U, 64U, 65U, 130U})
    {
        CAPTURE(n);
        const matrix A = random_matrix(n, n, n, -1, 1);
        matrix symmetric(n, n);
        for (std::size_t i = 0; i < n; ++i)
            for (std::size_t j = 0; j < n; ++j)
                symmetric(i, j) = A(i, j) + A(j, i);
        check_eigen(symmetric);
        check_eigen(A * support::transposed(A));
    }
}

TEST_CASE("symmetric_eigen: equal values, zeros, and any scale")
{
    for (std::size_t n : {2U, 9U, 40U})
    {
        CAPTURE(n);
        matrix A(n, n);
        check_eigen(A);
        for (std::size_t i = 0; i < n; ++i)
            A(i, i) = 3;
        check_eigen(A);
        const matrix thin = random_matrix(n, 2, 5);
        for (const double scale : {1e-150, 1.0, 1e150})
        {
            matrix low = thin * support::transposed(thin);
            for (double& x : low.values)
                x *= scale;
            check_eigen(low);
        }
        for (std::size_t i = 0; i < n; ++i)
            A(i, i) = std::pow(10.0, -static_cast<double>(i));
        check_eigen(A);
    }
}
}
