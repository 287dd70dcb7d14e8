// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>

#include <xunmix/core/compiled.hpp>
#include <xunmix/core/random.hpp>
#include <xunmix/init/nndsvd.hpp>
#include <xunmix/init/random_positions.hpp>
#include <xunmix/init/random_uniform.hpp>
#include <xunmix/init/signal_subspace.hpp>
#include <xunmix/init/spa.hpp>
#include <xunmix/init/vca.hpp>
#include <xunmix/matrix/any_matrix.hpp>
#include <xunmix/model/factor.hpp>
#include <xunmix/runtime/words.hpp>

namespace xunmix
{
/// One of the library's starts, chosen at run time.
class any_start
{
  public:
    using choice =
        std::variant<random_uniform, random_positions, vca, spa, signal_subspace, nndsvd>;

    template <class A>
        requires(std::is_constructible_v<choice, A>)
    any_start(A start) // NOLINT(google-explicit-constructor): a start is one of any
        : chosen_(std::move(start))
    {
    }

    /// What the start chosen does. Throws what that throws.
    template <class T>
    void operator()(const any_matrix<T>& x, factor_ref<T> maps, factor_ref<T> components,
                    random_engine& engine, typename any_matrix<T>::workspace& work) const;

    /// The names that can be given, for help texts and messages.
    static std::string known_names()
    {
        return "random_uniform, random_positions, vca[:LEAST], spa[:LEAST], "
               "signal_subspace[:LEAST], nndsvd, nndsvda, nndsvdar";
    }

  private:
    choice chosen_;
};

template <class T>
void any_start::operator()(const any_matrix<T>& x, factor_ref<T> maps, factor_ref<T> components,
                           random_engine& engine, typename any_matrix<T>::workspace& work) const
{
    std::visit([&](const auto& start) { start(x, maps, components, engine, work); }, chosen_);
}

namespace runtime
{
/// The start written as its name, for vca, spa and signal_subspace with the least entry after a
/// colon: "vca", "vca:0.01"; nndsvd fills its zeros with the mean in nndsvda, with random numbers
/// in nndsvdar. Throws invalid_argument for a name that is not known and for numbers that cannot be
/// read or are too many.
inline any_start start(const std::string& text)
{
    const detail::part_words words("start", text, any_start::known_names());
    const std::string& name = words.name();
    const auto plain = [&](auto start) -> any_start
    {
        words.takes(0, 0);
        return start;
    };
    const auto with_least = [&](auto start) -> any_start
    {
        if (words.takes(0, 1).size() > 0)
            start.least = words.number(0);
        return start;
    };
    if (name == "random_uniform")
        return plain(random_uniform{});
    if (name == "random_positions")
        return plain(random_positions{});
    if (name == "vca")
        return with_least(vca{});
    if (name == "spa")
        return with_least(spa{});
    if (name == "signal_subspace")
        return with_least(signal_subspace{});
    if (name == "nndsvd")
        return plain(nndsvd{.fill = nndsvd_fill::zero});
    if (name == "nndsvda")
        return plain(nndsvd{.fill = nndsvd_fill::mean});
    if (name == "nndsvdar")
        return plain(nndsvd{.fill = nndsvd_fill::random});
    words.fail();
}
}
}

#define XUNMIX_ANY_START(prefix, T)                                                                \
    prefix template void xunmix::any_start::operator()<T>(                                         \
        const xunmix::any_matrix<T>&, xunmix::factor_ref<T>, xunmix::factor_ref<T>,                \
        xunmix::random_engine&, xunmix::any_matrix<T>::workspace&) const;
#ifdef XUNMIX_COMPILED
XUNMIX_ANY_START(extern, float)
XUNMIX_ANY_START(extern, double)
#endif
