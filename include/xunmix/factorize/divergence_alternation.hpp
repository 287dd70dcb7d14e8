// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <utility>

#include <xunmix/contract/constraint.hpp>
#include <xunmix/contract/data_matrix.hpp>
#include <xunmix/core/buffer.hpp>
#include <xunmix/factorize/model_base.hpp>
#include <xunmix/loss/exact_loss.hpp>
#include <xunmix/loss/quotients.hpp>
#include <xunmix/model/factor.hpp>
#include <xunmix/model/state.hpp>

namespace xunmix
{
/// One iteration after the other for a loss other than least squares, as alternation is for that:
/// multiplicative updates of the maps, then of the components, each from ratios that one read of X
/// gives. The read that gives the maps' gives the objective too; its ratios wait in the state for
/// the next iteration.
template <data_matrix M, class U, class MapsC, class ComponentsC>
class divergence_alternation : public model_base<M, U, MapsC, ComponentsC>
{
    using base = model_base<M, U, MapsC, ComponentsC>;

  public:
    using T = typename M::factor_type;
    using state = solver_state<T>;
    using base::ref;

    /// Throws invalid_argument or invalid_data before any work.
    divergence_alternation(M x, std::size_t rank, std::size_t threads, U update, MapsC on_maps,
                           ComponentsC on_components)
        : base(std::move(x), rank, threads, std::move(update), std::move(on_maps),
               std::move(on_components))
        , read_(update_.loss, least_model(), x_.shape().of(other(x_.sweep_side())))
    {
    }

    /// A start from init, moved to where the hard constraints hold. Throws invalid_argument where
    /// that is not finite or negative.
    template <class Init>
    void begin(state& s, Init&& init, random_engine engine)
    {
        base::fill(s, init, engine);
        s.swept = x_.sweep_side();
        s.product.assign(s.maps.size() * (has_denominators() ? 2 : 1), T{0});
    }

    /// One iteration; leaves the factors and their objective in the state.
    void iterate(state& s)
    {
        if (s.iterations == 0)
            s.residual = read(s, side::maps, kept(s), true);
        base::begin(s);
        change(s, side::maps, kept(s));
        const auto room = parts(room_, x_.cols());
        read(s, side::components, room, false);
        change(s, side::components, room);
        s.residual = read(s, side::maps, kept(s), true);
        s.objective = this->objective(s, s.residual);
        ++s.iterations;
        base::end(s);
    }

    /// The loss of any factors, summed in double. One read of X.
    double loss(factor_ref<const T> maps, factor_ref<const T> components) const
    {
        return detail::exact_loss(x_, update_.loss, maps, components,
                                  static_cast<double>(least_model()), work_.threads);
    }
    /// The loss of a state's factors, likewise.
    double residual(const state& s) const
    {
        return loss(ref(s, side::maps), ref(s, side::components));
    }
    /// The objective comes from the elements of X as it is.
    void sum_elements(state&) const {}
    bool one_read() const
    {
        return false;
    }

  private:
    using base::rank_, base::update_, base::work_, base::x_, base::with, base::normalize,
        base::system_state_of;
    using typename base::system_state;
    using ratio_parts = detail::ratio_parts<T>;

    bool has_denominators() const
    {
        return !update_.loss.has_plain_denominators();
    }
    /// Below this the model counts as this: a rounding of the data's size.
    T least_model() const
    {
        const double size =
            std::sqrt(x_.squared_norm() / static_cast<double>(x_.summary().entries));
        return static_cast<T>(size * static_cast<double>(std::numeric_limits<T>::epsilon()));
    }
    /// Views of rows x k numbers for numerators and, if the loss has them, for denominators.
    ratio_parts parts_of(T* memory, std::size_t rows, side which) const
    {
        const grid* places = &x_.shape().of(which);
        ratio_parts out{.numerator = {memory, rows, rank_, rows, places}};
        if (has_denominators())
            out.denominator = {memory + rows * rank_, rows, rank_, rows, places};
        return out;
    }
    ratio_parts parts(buffer<T>& memory, std::size_t rows) const
    {
        return parts_of(memory.get(2 * rows * rank_), rows, side::components);
    }
    /// The maps' parts, between iterations.
    ratio_parts kept(state& s) const
    {
        return parts_of(s.product.data(), x_.rows(), side::maps);
    }

    double read(state& s, side which, const ratio_parts& out, bool value)
    {
        const side rows = x_.sweep_side();
        typename detail::quotients<M, typename U::loss_type>::wanted wanted{.value = value};
        (which == rows ? wanted.rows : wanted.columns) = out;
        return read_(x_, ref(s, rows), ref(s, other(rows)), wanted, work_);
    }

    /// The multiplicative update of one factor from its parts, which it uses up.
    void change(state& s, side which, ratio_parts from)
    {
        const auto f = ref(s, which);
        if (!has_denominators())
        {
            const auto by = ref(s, other(which));
            from.denominator = {denominator_.get(f.rows() * rank_), f.rows(), rank_, f.rows(),
                                f.places()};
            for (std::size_t j = 0; j < rank_; ++j)
            {
                double sum = 0;
                for (T x : by.column(j))
                    sum += static_cast<double>(x);
                std::fill_n(from.denominator.column(j).data(), f.rows(), static_cast<T>(sum));
            }
        }
        with(which,
             [&](const auto& c)
             {
                 update_.step(f, from.numerator, from.denominator, c, system_state_of(which));
                 clear_masked(f);
                 normalize(s, which, c);
             });
    }

    detail::quotients<M, typename U::loss_type> read_;
    buffer<T> room_, denominator_;
};
}
