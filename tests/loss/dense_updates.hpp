// SPDX-License-Identifier: BSD-3-Clause
#pragma once

// Multiplicative updates of any loss beside the same ones on dense matrices, in double.
#include "../support.hpp"

#include <algorithm>
#include <cstddef>
#include <functional>

#include <doctest/doctest.h>

#include <xunmix/constraint/non_negative.hpp>
#include <xunmix/factorize/factorize.hpp>
#include <xunmix/update/multiplicative.hpp>

namespace support
{
/// A loss written for dense matrices.
struct dense_loss
{
    /// The update of F, X being F O^T or so.
    std::function<void(const matrix& X, matrix& F, const matrix& O)> multiply;
    /// Twice the loss of C S^T.
    std::function<double(const matrix& X, const matrix& C, const matrix& S)> objective;
};

/// Three components.
template <class T, class L>
auto solver_of(const xu::unfolded<T>& data, const L& loss, std::size_t threads = 1)
{
    return xu::make_solver(data, {.rank = 3, .tolerance = 0, .seed = 4, .threads = threads},
                           xu::multiplicative{}, loss, xu::on_maps(xu::non_negative{}),
                           xu::on_components(xu::non_negative{}));
}

template <class T, class L>
void check_follows(const matrix& X, layout how, const L& loss, const dense_loss& reference)
{
    const double tolerance = sizeof(xu::factor_value_t<T>) == 8 ? 1e-10 : 1e-4;
    auto solver = solver_of(unfold_as<T>(X, how), loss);
    matrix C = to_matrix(solver.current().maps), S = to_matrix(solver.current().components);
    for (int t = 0; t < 12; ++t)
    {
        solver.step();
        reference.multiply(X, C, S);
        reference.multiply(transposed(X), S, C);
        CHECK(solver.state().objective ==
              doctest::Approx(reference.objective(X, C, S)).epsilon(tolerance));
    }
    const matrix maps = to_matrix(solver.current().maps),
                 components = to_matrix(solver.current().components);
    CHECK(relative_distance(maps, C) < tolerance);
    CHECK(relative_distance(components, S) < tolerance);
    CHECK(solver.residual() ==
          doctest::Approx(reference.objective(X, maps, components)).epsilon(1e-11));
}

template <class L>
void check_never_rises(const matrix& X, const L& loss)
{
    const auto found =
        xu::factorize(unfold_as<double>(X), {.rank = 4, .max_iterations = 300, .tolerance = 0},
                      xu::multiplicative{}, loss);
    CHECK(found.history.size() == 300);
    CHECK(std::all_of(found.history.begin() + 1, found.history.end(),
                      [](const xu::record& r) { return r.relative_change > -1e-12; }));
}
}
