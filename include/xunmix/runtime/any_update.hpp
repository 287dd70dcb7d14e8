// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>
#include <type_traits>
#include <utility>
#include <variant>

#include <xunmix/core/compiled.hpp>
#include <xunmix/factorize/factor_part.hpp>
#include <xunmix/factorize/with_loss.hpp>
#include <xunmix/loss/beta_divergence.hpp>
#include <xunmix/model/grid.hpp>
#include <xunmix/runtime/any_constraint.hpp>
#include <xunmix/runtime/words.hpp>
#include <xunmix/update/als.hpp>
#include <xunmix/update/ard.hpp>
#include <xunmix/update/ard_multiplicative.hpp>
#include <xunmix/update/bpp.hpp>
#include <xunmix/update/hals.hpp>
#include <xunmix/update/mals.hpp>
#include <xunmix/update/multiplicative.hpp>
#include <xunmix/update/soft_orthogonal.hpp>

namespace xunmix
{
/// One of the library's updates, chosen at run time. It does exactly what the update does, and goes
/// wherever an update goes; what the compiler would refuse, a constraint that the update cannot
/// use for instance, is an invalid_argument before any work.
class any_update
{
  public:
    static constexpr bool chosen_at_run_time = true;
    using choice = std::variant<hals, als, bpp, mals, multiplicative, soft_orthogonal, ard,
                                ard_multiplicative>;

    template <class U>
        requires(std::is_constructible_v<choice, U>)
    any_update(U update) // NOLINT(google-explicit-constructor): an update is one of any
        : chosen_(std::move(update))
    {
    }

    /// Calls use(update) with the update's own type.
    template <class Use>
    decltype(auto) visit(Use&& use) const
    {
        return std::visit(use, chosen_);
    }

    /// The names that can be given, with what follows them, for help texts and messages.
    static std::string known_names()
    {
        return "hals, als, bpp, mals, multiplicative, "
               "soft_orthogonal[:WEIGHT[:maps|components]], "
               "ard[:ORTHOGONALITY], ard_multiplicative";
    }

  private:
    choice chosen_;
};

namespace runtime
{
/// The update written as its name, then values of its options after colons: "hals",
/// "soft_orthogonal:0.2:maps". Throws invalid_argument for a name that is not known and for values
/// that cannot be read or are too many.
inline any_update update(const std::string& text)
{
    const detail::part_words words("update", text, any_update::known_names());
    const std::string& name = words.name();
    if (name == "soft_orthogonal")
    {
        words.takes(0, 2);
        soft_orthogonal out;
        if (words.size() > 0)
            out.weight = words.number(0);
        if (words.size() > 1 && words.word(1) != "maps" && words.word(1) != "components")
            words.fail_at(1, "maps or components");
        if (words.size() > 1)
            out.on = words.word(1) == "maps" ? side::maps : side::components;
        return out;
    }
    if (name == "ard")
    {
        words.takes(0, 1);
        ard out;
        if (words.size() > 0)
            out.orthogonality = words.number(0);
        return out;
    }
    const auto plain = [&](auto update) -> any_update
    {
        words.takes(0, 0);
        return update;
    };
    if (name == "hals")
        return plain(hals{});
    if (name == "als")
        return plain(als{});
    if (name == "bpp")
        return plain(bpp{});
    if (name == "mals")
        return plain(mals{});
    if (name == "multiplicative")
        return plain(multiplicative{});
    if (name == "ard_multiplicative")
        return plain(ard_multiplicative{});
    words.fail();
}
}
}

// Every update with constraints chosen at run time.
namespace xunmix::detail
{
using multiplicative_with_beta = with_loss<multiplicative, beta_divergence>;
using ard_multiplicative_with_beta = with_loss<ard_multiplicative, beta_divergence>;
}

#define XUNMIX_PARTS_BY_COLUMN(prefix, T)                                                          \
    XUNMIX_PART(prefix, xunmix::hals, xunmix::any_constraint, T)                                   \
    XUNMIX_PART(prefix, xunmix::soft_orthogonal, xunmix::any_constraint, T)                        \
    XUNMIX_PART(prefix, xunmix::ard, xunmix::any_constraint, T)
#define XUNMIX_PARTS_WHOLE(prefix, T)                                                              \
    XUNMIX_PART(prefix, xunmix::als, xunmix::any_constraint, T)                                    \
    XUNMIX_PART(prefix, xunmix::mals, xunmix::any_constraint, T)                                   \
    XUNMIX_PART(prefix, xunmix::bpp, xunmix::any_constraint, T)
#define XUNMIX_PARTS_BY_RATIO(prefix, T)                                                           \
    XUNMIX_PART(prefix, xunmix::multiplicative, xunmix::any_constraint, T)                         \
    XUNMIX_PART(prefix, xunmix::ard_multiplicative, xunmix::any_constraint, T)                     \
    XUNMIX_PART(prefix, xunmix::detail::multiplicative_with_beta, xunmix::any_constraint, T)       \
    XUNMIX_PART(prefix, xunmix::detail::ard_multiplicative_with_beta, xunmix::any_constraint, T)
#ifdef XUNMIX_COMPILED
XUNMIX_PARTS_BY_COLUMN(extern, float)
XUNMIX_PARTS_BY_COLUMN(extern, double)
XUNMIX_PARTS_WHOLE(extern, float)
XUNMIX_PARTS_WHOLE(extern, double)
XUNMIX_PARTS_BY_RATIO(extern, float)
XUNMIX_PARTS_BY_RATIO(extern, double)
#endif
