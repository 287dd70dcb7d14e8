// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <string>

#include <xunmix/core/error.hpp>
#include <xunmix/core/finite.hpp>
#include <xunmix/factorize/model_base.hpp>
#include <xunmix/matrix/any_matrix.hpp>
#include <xunmix/model/factor.hpp>
#include <xunmix/model/state.hpp>

// Whether a state is one that a solver could have left.
namespace xunmix
{
namespace detail
{
/// Update and constraints by the names of their types.
template <class T>
std::string method_name(const model_base<T>& model)
{
    return model.update().update_name() + " (maps: " + model.part(side::maps).constraint_names() +
           "; components: " + model.part(side::components).constraint_names() + ")";
}

/// A number that differs where sizes, masks, values or weights do: the bits of what summary() says
/// of the elements (FNV-1a).
template <class T>
std::uint64_t fingerprint(const any_matrix<T>& x)
{
    std::uint64_t out = 14695981039346656037ULL;
    const auto& s = x.summary();
    for (const double number : {static_cast<double>(x.rows()), static_cast<double>(x.cols()),
                                static_cast<double>(x.shape().positions.kept()),
                                static_cast<double>(x.shape().channels.kept()), s.sum, s.minimum,
                                s.maximum, x.squared_norm(), x.is_approximate() ? 1.0 : 0.0})
        out = (out ^ std::bit_cast<std::uint64_t>(number)) * 1099511628211ULL;
    return out;
}

/// Throws invalid_argument unless a state's sections are those of the model: the same names, each
/// empty or of its size.
template <class T>
void check_sections(const solver_state<T>& state, const model_base<T>& model)
{
    std::size_t count = 0;
    for (side which : {side::maps, side::components})
        for (const auto& room :
             model.part(which).memories(model.data().shape().of(which), state.rank))
        {
            require<invalid_argument>(count < state.sections.size() &&
                                          state.sections[count].name == room.name,
                                      "the state is damaged: it has no numbers of ", room.name,
                                      " as section ", count, "; start again without it");
            const std::size_t found = state.sections[count++].numbers.size();
            require<invalid_argument>(found == 0 || found == room.size,
                                      "the state is damaged, or of another update: its numbers of ",
                                      room.name, " are ", found, " instead of ", room.size,
                                      "; start again without it");
        }
    require<invalid_argument>(count == state.sections.size(), "the state is damaged: it has ",
                              state.sections.size(), " sections instead of ", count,
                              "; start again without it");
}

/// Whether two factors have as many rows and as many columns.
template <class T>
bool has_same_shape(const factor<T>& a, const factor<T>& b)
{
    return a.rows() == b.rows() && a.rank() == b.rank();
}

/// Throws invalid_argument unless the rest of a state is what this solver would have made.
template <class T>
void check_parts(const solver_state<T>& state)
{
    const auto validate = [](const char* what, const factor<T>& found, const factor<T>& like)
    {
        require<invalid_argument>(found.empty() || has_same_shape(found, like),
                                  "the state is damaged, or of another update: its ", what, " of ",
                                  found.rows(), " x ", found.rank(), " numbers should be ",
                                  like.rows(), " x ", like.rank(), "; start again without it");
    };
    validate("best maps", state.best_maps, state.maps);
    validate("best components", state.best_components, state.components);
    validate("extrapolated factor", state.extrapolated,
             state.swept == side::maps ? state.components : state.maps);
    require<invalid_argument>(
        state.best_maps.empty() == state.best_components.empty(),
        "the state is damaged: it has best maps or best components, but not both; start again "
        "without it");
    const auto number = [](double x) { return is_finite(x) && x >= 0 && x <= 1; };
    require<invalid_argument>(number(state.momentum) && number(state.momentum_limit),
                              "the state is damaged: its momentum is ", state.momentum,
                              " of at most ", state.momentum_limit,
                              ", where numbers from 0 to 1 belong; start again without it");
    require<invalid_argument>(
        state.best_iteration <= state.iterations && state.history.size() <= state.iterations,
        "the state is damaged: it has done ", state.iterations, " iterations, but its best is ",
        state.best_iteration, " and its history has ", state.history.size(),
        "; start again without it");
}
}
}
