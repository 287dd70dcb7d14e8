// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <string>
#include <system_error>
#include <variant>
#include <vector>

#include <xunmix/constraint/bounded.hpp>
#include <xunmix/constraint/decaying.hpp>
#include <xunmix/constraint/non_negative.hpp>
#include <xunmix/constraint/resolution_limit.hpp>
#include <xunmix/constraint/ridge.hpp>
#include <xunmix/constraint/scheduled.hpp>
#include <xunmix/constraint/smooth.hpp>
#include <xunmix/constraint/sparse.hpp>
#include <xunmix/constraint/sum_to_one.hpp>
#include <xunmix/constraint/unit_norm.hpp>
#include <xunmix/contract/constraint.hpp>
#include <xunmix/core/error.hpp>
#include <xunmix/diffraction/no_downward_convex_peak.hpp>

namespace xunmix
{
/// Constraints chosen at run time, by name: what programs and tests that sweep over combinations
/// use where compiled code would write all_of. Behaves the same, members in the order added.
class any_constraint
{
  public:
    static constexpr bool chosen_at_run_time = true;
    using member = std::variant<non_negative, sparse, ridge, bounded, sum_to_one, unit_norm, smooth,
                                resolution_limit, no_downward_convex_peak,
                                scheduled<no_downward_convex_peak>, decaying>;

    any_constraint() = default;
    /// From names such as "non_negative" or "sparse:0.1"; numbers follow their name after colons,
    /// in the order of the constraint's options. Throws invalid_argument for a name it does not
    /// know and for numbers that cannot be read, are too few or too many.
    explicit any_constraint(const std::vector<std::string>& names)
    {
        for (const auto& name : names)
            members_.push_back(parse(name));
    }
    void add(const member& m)
    {
        members_.push_back(m);
    }
    template <class Visit>
    void for_each_member(Visit&& visit) const
    {
        for (const auto& m : members_)
            std::visit(visit, m);
    }

    /// The names that can be given, with their numbers, for help texts and messages.
    static std::string known_names()
    {
        return "non_negative, sparse:WEIGHT, ridge:WEIGHT, bounded:LOWER:UPPER, sum_to_one, "
               "unit_norm[:P], smooth:WEIGHT, resolution_limit:CUTOFF, "
               "no_downward_convex_peak[:FROM[:EVERY]], decaying:COMPONENT";
    }

  private:
    static member parse(const std::string& text)
    {
        const std::string name = text.substr(0, text.find(':'));
        const auto numbers = parse_numbers(text, name.size());
        auto takes = [&](std::size_t least, std::size_t most)
        {
            detail::require<invalid_argument>(least <= numbers.size() && numbers.size() <= most,
                                              "constraint \"", text, "\" has ", numbers.size(),
                                              " numbers; known are ", known_names());
        };
        if (name == "non_negative")
            return takes(0, 0), member{non_negative{}};
        if (name == "sparse")
            return takes(1, 1), member{sparse{.weight = numbers[0]}};
        if (name == "ridge")
            return takes(1, 1), member{ridge{.weight = numbers[0]}};
        if (name == "bounded")
            return takes(2, 2), member{bounded{.lower = numbers[0], .upper = numbers[1]}};
        if (name == "sum_to_one")
            return takes(0, 0), member{sum_to_one{}};
        if (name == "unit_norm")
            return takes(0, 1), member{unit_norm{.p = numbers.empty() ? 2.0 : numbers[0]}};
        if (name == "smooth")
            return takes(1, 1), member{smooth{.weight = numbers[0]}};
        if (name == "resolution_limit")
            return takes(1, 1), member{resolution_limit{.cutoff = numbers[0]}};
        if (name == "no_downward_convex_peak")
            return takes(0, 2),
                   numbers.empty()
                       ? member{no_downward_convex_peak{}}
                       : member{scheduled(no_downward_convex_peak{}, whole(text, numbers[0], 1),
                                          numbers.size() > 1 ? whole(text, numbers[1], 1) : 1)};
        if (name == "decaying")
            return takes(1, 1), member{decaying{.component = whole(text, numbers[0], 0)}};
        throw invalid_argument(
            detail::text("there is no constraint \"", name, "\"; known are ", known_names()));
    }

    /// A number that counts, iterations from 1 or components from 0.
    static std::size_t whole(const std::string& text, double number, std::size_t least)
    {
        detail::require<invalid_argument>(
            number >= static_cast<double>(least) && number == std::floor(number) && number < 1e15,
            "constraint \"", text, "\" counts ", least == 0 ? "components" : "iterations",
            " in whole numbers from ", least, ", got ", number);
        return static_cast<std::size_t>(number);
    }

    static std::vector<double> parse_numbers(const std::string& text, std::size_t from)
    {
        std::vector<double> numbers;
        while (from < text.size())
        {
            const std::size_t end = std::min(text.find(':', from + 1), text.size());
            const char *first = text.data() + from + 1, *last = text.data() + end;
            double x = 0;
            const auto read = std::from_chars(first, last, x);
            detail::require<invalid_argument>(read.ec == std::errc{} && read.ptr == last,
                                              "constraint \"", text,
                                              "\": cannot read the number \"",
                                              std::string(first, last), "\"; write one like 0.1");
            numbers.push_back(x);
            from = end;
        }
        return numbers;
    }

    std::vector<member> members_;
};
}
