// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <concepts>
#include <cstddef>
#include <functional>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include <xunmix/constraint/bounded.hpp>
#include <xunmix/constraint/decaying.hpp>
#include <xunmix/constraint/fixed.hpp>
#include <xunmix/constraint/non_negative.hpp>
#include <xunmix/constraint/resolution_limit.hpp>
#include <xunmix/constraint/ridge.hpp>
#include <xunmix/constraint/scheduled.hpp>
#include <xunmix/constraint/smooth.hpp>
#include <xunmix/constraint/sparse.hpp>
#include <xunmix/constraint/sum_to_one.hpp>
#include <xunmix/constraint/unit_norm.hpp>
#include <xunmix/contract/constraint.hpp>
#include <xunmix/diffraction/no_downward_convex_peak.hpp>
#include <xunmix/model/factor.hpp>
#include <xunmix/runtime/words.hpp>

namespace xunmix
{
/// A projection of the caller's own, for factors of either type: what is called with the whole
/// factor after each update of it and moves it to where the constraint holds.
class own_projection
{
  public:
    template <class F>
        requires(std::invocable<const F&, factor_ref<float>>&&
                     std::invocable<const F&, factor_ref<double>>)
    explicit own_projection(F move)
        : single_(move)
        , double_(std::move(move))
    {
    }
    void project(factor_ref<float> f) const
    {
        single_(f);
    }
    void project(factor_ref<double> f) const
    {
        double_(f);
    }

  private:
    std::function<void(factor_ref<float>)> single_;
    std::function<void(factor_ref<double>)> double_;
};

/// Constraints chosen at run time: what programs and tests that sweep over combinations use where
/// compiled code would write all_of. Behaves the same, members in the order added. Types of your
/// own that shall be among them are named: constraint_list<my_constraint>.
template <class... Own>
class constraint_list
{
  public:
    static constexpr bool chosen_at_run_time = true;
    using member =
        std::variant<non_negative, sparse, ridge, bounded, sum_to_one, unit_norm, smooth,
                     resolution_limit, no_downward_convex_peak, scheduled<no_downward_convex_peak>,
                     decaying, fixed, own_projection, Own...>;

    constraint_list() = default;
    /// From the texts that runtime::constraint reads. Throws invalid_argument.
    explicit constraint_list(const std::vector<std::string>& texts)
    {
        for (const auto& text : texts)
            members_.push_back(parse(text));
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
    template <class Visit>
    void for_each_member(Visit&& visit)
    {
        for (auto& m : members_)
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
        const detail::part_words words("constraint", text, known_names());
        const std::string& name = words.name();
        const auto plain = [&](const member& constraint)
        {
            words.takes(0, 0);
            return constraint;
        };
        if (name == "non_negative")
            return plain(non_negative{});
        if (name == "sparse")
            return member{sparse{.weight = words.takes(1, 1).number(0)}};
        if (name == "ridge")
            return member{ridge{.weight = words.takes(1, 1).number(0)}};
        if (name == "bounded")
            return member{bounded{.lower = words.takes(2, 2).number(0), .upper = words.number(1)}};
        if (name == "sum_to_one")
            return plain(sum_to_one{});
        if (name == "unit_norm")
            return member{unit_norm{.p = words.takes(0, 1).size() == 0 ? 2.0 : words.number(0)}};
        if (name == "smooth")
            return member{smooth{.weight = words.takes(1, 1).number(0)}};
        if (name == "resolution_limit")
            return member{resolution_limit{.cutoff = words.takes(1, 1).number(0)}};
        if (name == "no_downward_convex_peak")
            return convex_peak(words.takes(0, 2));
        if (name == "decaying")
            return member{decaying{.component = words.takes(1, 1).whole(0, "components", 0)}};
        words.fail();
    }
    static member convex_peak(const detail::part_words& words)
    {
        if (words.size() == 0)
            return no_downward_convex_peak{};
        const std::size_t from = words.whole(0, "iterations", 1);
        const std::size_t every = words.size() > 1 ? words.whole(1, "iterations", 1) : 1;
        return scheduled(no_downward_convex_peak{}, from, every);
    }

    std::vector<member> members_;
};

/// Constraints of the library, chosen at run time.
using any_constraint = constraint_list<>;

namespace runtime
{
/// The constraint written as its name, then its numbers after colons, in the order of its options:
/// "non_negative", "smooth:0.1". Throws invalid_argument for a name that is not known and for
/// numbers that cannot be read, are too few or too many.
inline any_constraint constraint(const std::string& text)
{
    return any_constraint({text});
}
}
}
