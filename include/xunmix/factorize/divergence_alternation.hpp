// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <utility>
#include <vector>

#include <xunmix/contract/data_matrix.hpp>
#include <xunmix/core/buffer.hpp>
#include <xunmix/factorize/model_base.hpp>
#include <xunmix/linalg/matrix_ref.hpp>
#include <xunmix/loss/loss_part.hpp>
#include <xunmix/model/factor.hpp>
#include <xunmix/model/state.hpp>

namespace xunmix
{
/// One iteration after the other for a loss other than least squares, as alternation is for that:
/// multiplicative updates of the maps, then of the components, each from ratios that one read of X
/// gives. The read that gives the maps' gives the objective too; its ratios wait in the state for
/// the next iteration.
template <class T>
class divergence_alternation final : public model_base<T>
{
    using base = model_base<T>;

  public:
    using state = solver_state<T>;
    using base::data, base::ref;

    explicit divergence_alternation(model_parts<T> parts)
        : base(std::move(parts))
        , gram_(rank() * rank())
    {
        loss_part().prepare(least_model(), data().shape().of(other(data().sweep_side())));
    }

    void begin(state& s, start_ref<T> start, random_engine engine) override
    {
        base::fill(s, start, engine);
        s.swept = data().sweep_side();
        s.product.assign(s.maps.values().size() * (has_denominators() ? 2 : 1), T{0});
    }

    void iterate(state& s) override
    {
        if (s.iterations == 0)
            s.residual = read(s, side::maps, kept(s), true);
        base::begin_iteration(s);
        change(s, side::maps, kept(s));
        const auto room = parts(room_, data().cols());
        read(s, side::components, room, false);
        change(s, side::components, room);
        s.residual = read(s, side::maps, kept(s), true);
        s.objective = this->objective(s, s.residual);
        ++s.iterations;
        base::end_iteration(s);
    }

    /// The loss of any factors, summed in double. One read of X.
    double loss(factor_ref<const T> maps, factor_ref<const T> components) const override
    {
        return this->loss_of_elements().exact(data(), maps, components,
                                              static_cast<double>(least_model()), this->threads());
    }
    /// The objective comes from the elements of X as it is.
    void sum_elements(state&) override {}

  private:
    using base::normalize, base::own_part, base::rank, base::workspace;
    using ratio_parts = detail::ratio_parts<T>;

    xunmix::loss_part<T>& loss_part() const
    {
        return this->loss_of_elements();
    }
    bool has_denominators() const
    {
        return !loss_part().has_plain_denominators();
    }
    /// Below this the model counts as this: a rounding of the data's size.
    T least_model() const
    {
        const double size =
            std::sqrt(data().squared_norm() / static_cast<double>(data().summary().entries));
        return static_cast<T>(size * static_cast<double>(std::numeric_limits<T>::epsilon()));
    }
    /// Views of rows x k numbers for numerators and, if the loss has them, for denominators.
    ratio_parts parts_of(T* memory, std::size_t rows, side which) const
    {
        const grid* places = &data().shape().of(which);
        ratio_parts out{.numerator = {memory, rows, rank(), rows, places}};
        if (has_denominators())
            out.denominator = {memory + rows * rank(), rows, rank(), rows, places};
        return out;
    }
    ratio_parts parts(buffer<T>& memory, std::size_t rows) const
    {
        return parts_of(memory.get(2 * rows * rank()), rows, side::components);
    }
    /// The maps' parts, between iterations.
    ratio_parts kept(state& s) const
    {
        return parts_of(s.product.data(), data().rows(), side::maps);
    }

    double read(state& s, side which, const ratio_parts& out, bool value)
    {
        const side rows = data().sweep_side();
        const ratio_parts none{};
        return loss_part().read(data(), ref(s, rows), ref(s, other(rows)),
                                which == rows ? out : none, which == rows ? none : out, value,
                                workspace());
    }

    /// The multiplicative update of one factor from its parts, which it uses up.
    void change(state& s, side which, ratio_parts from)
    {
        const auto f = ref(s, which);
        if (!has_denominators())
        {
            const auto by = ref(s, other(which));
            from.denominator = {denominator_.get(f.rows() * rank()), f.rows(), rank(), f.rows(),
                                f.places()};
            for (std::size_t j = 0; j < rank(); ++j)
            {
                double sum = 0;
                for (T x : by.column(j))
                    sum += static_cast<double>(x);
                std::fill_n(from.denominator.column(j).data(), f.rows(), static_cast<T>(sum));
            }
        }
        const matrix_ref<double> gram(gram_.data(), rank());
        if (this->part(which).rules().prepares)
            inner_product_of(data(), other(which))
                .gram(factor_ref<const T>(ref(s, other(which))), gram, this->threads());
        base::prepare(s, which, gram);
        own_part(which).step(f, from.numerator, from.denominator);
        clear_masked(f);
        normalize(s, which);
    }

    buffer<T> room_, denominator_;
    std::vector<double> gram_;
};
}
