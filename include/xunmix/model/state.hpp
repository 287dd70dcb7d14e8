// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <istream>
#include <limits>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include <xunmix/core/error.hpp>
#include <xunmix/model/factor.hpp>
#include <xunmix/model/result.hpp>

namespace xunmix
{
/// Numbers that an update or a constraint keeps, under a name that says whose they are.
struct state_section
{
    std::string name;
    std::vector<double> numbers{}; ///< empty before the first iteration
    bool operator==(const state_section&) const = default;
};

/// All a solver needs to go on from where another stopped, bit for bit.
template <class T>
struct solver_state
{
    std::size_t rank = 0;
    std::string method;     ///< update and constraints, see solver::resume
    std::uint64_t data = 0; ///< a fingerprint of X
    std::size_t iterations = 0, best_iteration = 0;
    std::size_t without_progress = 0; ///< iterations in a row that changed less than the tolerance
    double objective = std::numeric_limits<double>::infinity();
    double residual = std::numeric_limits<double>::infinity();
    double rounding = 0;             ///< so much of objective and residual may be rounding
    std::size_t exact_iteration = 0; ///< the last after which the objective was summed from the
    double exact_objective = 0;      ///< elements of X to see whether it still falls, 0 if never
    double best_objective = std::numeric_limits<double>::infinity();
    double best_residual = std::numeric_limits<double>::infinity();
    double seconds = 0;
    xunmix::status status = xunmix::status::running;
    side swept = side::maps; ///< the factor that product belongs to
    factor<T> maps, components;
    std::vector<T> product;               ///< X^T of the swept factor, a column after the other
    factor<T> best_maps, best_components; ///< empty where every iterate is the best so far
    factor<T> extrapolated; ///< what the last sweep held, before it was extrapolated, if it was
    double momentum = 0.5, momentum_limit = 1; ///< of the extrapolation
    std::vector<state_section> sections;       ///< what updates and constraints keep
    std::vector<record> history;
};

namespace detail
{
inline constexpr std::array<char, 8> state_magic{'x', 'u', 'n', 'm', 'i', 'x', 's', '6'};

template <class V>
void write_value(std::ostream& out, const V& value)
{
    out.write(reinterpret_cast<const char*>(&value), sizeof value);
}
template <class V>
void write_values(std::ostream& out, const V& values)
{
    write_value(out, static_cast<std::uint64_t>(values.size()));
    out.write(reinterpret_cast<const char*>(values.data()),
              static_cast<std::streamsize>(values.size() * sizeof(typename V::value_type)));
}
template <class V>
void read_value(std::istream& in, V& value, const char* what = "the solver state")
{
    in.read(reinterpret_cast<char*>(&value), sizeof value);
    require<io_error>(static_cast<bool>(in), what, " ends too early");
}
template <class V>
void read_values(std::istream& in, V& values, const char* what = "the solver state")
{
    std::uint64_t size = 0;
    read_value(in, size, what);
    constexpr std::uint64_t piece = 1 << 20; // a broken size must not take all memory at once
    values.clear();
    for (std::uint64_t done = 0; done < size;)
    {
        const std::uint64_t count = std::min(piece, size - done);
        values.resize(static_cast<std::size_t>(done + count));
        in.read(reinterpret_cast<char*>(values.data() + done),
                static_cast<std::streamsize>(count * sizeof(typename V::value_type)));
        require<io_error>(static_cast<bool>(in), what, " ends too early");
        done += count;
    }
}

/// A factor's numbers, column by column.
template <class T>
void write_values(std::ostream& out, const factor<T>& f)
{
    write_values(out, f.values());
}
/// The numbers of a factor of this rank, or none. Throws io_error where they do not fill columns.
template <class T>
void read_columns(std::istream& in, factor<T>& f, std::size_t rank)
{
    std::vector<T> values;
    read_values(in, values);
    const std::size_t count = values.size();
    require<io_error>(count == 0 || (rank > 0 && count % rank == 0),
                      "the solver state is damaged: its factors have ", rank,
                      " columns, and one holds ", count, " numbers");
    f = count == 0 ? factor<T>() : factor<T>(std::move(values), count / rank);
}

/// Calls scalar, columns or vector with every field, in the order of the format: columns with the
/// factors, vector with other lists.
template <class State, class Scalar, class Columns, class Vector>
void for_each_field(State& s, Scalar&& scalar, Columns&& columns, Vector&& vector)
{
    vector(s.method);
    scalar(s.data);
    scalar(s.rank), scalar(s.iterations), scalar(s.best_iteration), scalar(s.without_progress);
    scalar(s.objective), scalar(s.residual), scalar(s.rounding);
    scalar(s.exact_iteration), scalar(s.exact_objective);
    scalar(s.best_objective), scalar(s.best_residual);
    scalar(s.seconds), scalar(s.status), scalar(s.swept);
    scalar(s.momentum), scalar(s.momentum_limit);
    columns(s.maps), columns(s.components), vector(s.product);
    columns(s.best_maps), columns(s.best_components), columns(s.extrapolated), vector(s.history);
}

/// What must agree between writer and reader: number sizes and byte order.
template <class T>
constexpr std::uint32_t state_format()
{
    return static_cast<std::uint32_t>(sizeof(T) << 16 | sizeof(std::size_t) << 8 |
                                      (std::endian::native == std::endian::little ? 1 : 2));
}
}

/// Writes a state in a binary format for machines of the same kind.
template <class T>
void write_state(std::ostream& out, const solver_state<T>& state)
{
    detail::write_value(out, detail::state_magic);
    detail::write_value(out, detail::state_format<T>());
    detail::for_each_field(
        state, [&](const auto& v) { detail::write_value(out, v); },
        [&](const auto& f) { detail::write_values(out, f); },
        [&](const auto& v) { detail::write_values(out, v); });
    detail::write_value(out, static_cast<std::uint64_t>(state.sections.size()));
    for (const auto& section : state.sections)
    {
        detail::write_values(out, section.name);
        detail::write_values(out, section.numbers);
    }
    detail::require<io_error>(static_cast<bool>(out), "the solver state could not be written");
}

/// Reads what write_state wrote. Throws io_error where the stream holds something else, was written
/// for another factor type, is damaged or ends early.
template <class T>
solver_state<T> read_state(std::istream& in)
{
    auto magic = detail::state_magic;
    std::uint32_t format = 0;
    detail::read_value(in, magic);
    detail::require<io_error>(magic == detail::state_magic, "this is no solver state of xunmix");
    detail::read_value(in, format);
    detail::require<io_error>(format == detail::state_format<T>(),
                              "the solver state is for factors of another type or another machine: "
                              "its factors have ",
                              format >> 16, " bytes a number, wanted are ", sizeof(T));
    solver_state<T> state;
    detail::for_each_field(
        state, [&](auto& v) { detail::read_value(in, v); },
        [&](auto& f) { detail::read_columns(in, f, state.rank); },
        [&](auto& v) { detail::read_values(in, v); });
    std::uint64_t sections = 0;
    detail::read_value(in, sections);
    for (; sections > 0; --sections) // a broken count ends where the stream does
    {
        state.sections.emplace_back();
        detail::read_values(in, state.sections.back().name);
        detail::read_values(in, state.sections.back().numbers);
    }
    detail::require<io_error>(state.status >= status::running &&
                                  state.status <= status::non_finite &&
                                  (state.swept == side::maps || state.swept == side::components),
                              "the solver state is damaged: its status or side does not exist");
    return state;
}
}
