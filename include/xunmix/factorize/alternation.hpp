// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cstddef>
#include <limits>
#include <span>
#include <utility>
#include <vector>

#include <xunmix/contract/constraint.hpp>
#include <xunmix/contract/data_matrix.hpp>
#include <xunmix/contract/update.hpp>
#include <xunmix/core/buffer.hpp>
#include <xunmix/core/parallel.hpp>
#include <xunmix/core/random.hpp>
#include <xunmix/factorize/extrapolation.hpp>
#include <xunmix/factorize/model_base.hpp>
#include <xunmix/linalg/dense_small.hpp>
#include <xunmix/linalg/matrix_ref.hpp>
#include <xunmix/model/factor.hpp>
#include <xunmix/model/state.hpp>

namespace xunmix
{
/// One iteration after the other, on a state it is handed: both factors in the order the update
/// asks for. The factor on the sweep's side ("rows" below: the maps for a row-major X) is updated
/// while X is read, where update and constraint treat rows one by one: one read of X an iteration,
/// else two. The other factor ("columns") is updated from the sums of the last sweep.
template <data_matrix M, class U, class MapsC, class ComponentsC>
class alternation : public model_base<M, U, MapsC, ComponentsC>
{
    using base = model_base<M, U, MapsC, ComponentsC>;

  public:
    using T = typename M::factor_type;
    using state = solver_state<T>;
    using base::ref;

    /// Throws invalid_argument or invalid_data before any work.
    alternation(M x, std::size_t rank, std::size_t threads, U update, MapsC on_maps,
                ComponentsC on_components)
        : base(std::move(x), rank, threads, std::move(update), std::move(on_maps),
               std::move(on_components))
        , gram_(rank * rank)
        , row_gram_(rank * rank)
        , one_read_(is_row_separable(rows()))
        , extrapolates_(asks_to_extrapolate() && this->descends() && !moves_scale())
    {
    }

    /// A start from init, moved to where the hard constraints hold. Throws invalid_argument where
    /// that is not finite, or negative though the update cannot have it.
    template <class Init>
    void begin(state& s, Init&& init, random_engine engine)
    {
        base::fill(s, init, engine);
        s.swept = rows();
        s.product.assign(ref(s, columns()).rows() * rank_, T{0});
    }

    /// One iteration; leaves the factors and their objective in the state.
    void iterate(state& s)
    {
        start(s);
        update_rows(s);
        finish(s);
    }

    // An iteration in parts, for several models that share each read of X: start; a sweep of X with
    // held() and visit(), the sums left in product(); finish. Only where one_read().

    /// All that comes before the sweep.
    void start(state& s)
    {
        if (s.iterations == 0 && (U::first != rows() || update_hook::adapts<U, T>))
            sum_rows(s);
        if (s.iterations == 0 && update_hook::adapts<U, T>)
        {
            remember_row_gram(s);
            s.residual = squared_residual(s);
        }
        base::begin(s);
        if (extrapolates_)
            extrapolation_.remember(s);
        before_rows(s);
    }
    /// The factor that the sweep holds.
    factor_ref<const T> held(const state& s) const
    {
        return ref(s, columns());
    }
    /// X^T of the swept factor.
    factor_ref<T> product(state& s) const
    {
        const std::size_t count = x_.shape().of(columns()).size();
        return {s.product.data(), count, rank_, count};
    }
    /// The new rows of the swept factor from a block of their right-hand sides, left in both.
    void visit(state& s, std::size_t first, factor_ref<T> block)
    {
        with(rows(),
             [&](const auto& c)
             {
                 const auto part = ref(s, rows()).block(first, block.rows());
                 const matrix_ref<const double> gram(gram_.data(), rank_);
                 update_(part, normal_equations<T>{gram, block}, c, system_state_of(rows()));
                 clear_masked(part);
                 copy_factor(part, block);
             });
    }
    /// All that comes after the sweep.
    void finish(state& s)
    {
        after_rows(s);
        if (extrapolates_ && !extrapolation_.accept(s))
        {
            before_rows(s); // once more without extrapolation, hence no rise
            update_rows(s);
            after_rows(s);
        }
        ++s.iterations;
        base::end(s);
    }

    /// |X - C S^T|^2 of a state's factors from the elements of X. One read.
    double residual(const state& s) const
    {
        return base::squared_distance(ref(s, side::maps), ref(s, side::components));
    }
    /// The same, kept in the state.
    void sum_elements(state& s)
    {
        s.residual = x_.residual_squared_norm(ref(s, side::maps), ref(s, side::components), work_);
        s.rounding = 0;
    }
    bool one_read() const
    {
        return one_read_;
    }

  private:
    using base::is_row_separable, base::moves_scale, base::normalize, base::system_state_of,
        base::with;
    using base::on_maps_, base::on_components_, base::rank_, base::scale_, base::update_,
        base::work_, base::x_;
    using typename base::system_state;

    bool asks_to_extrapolate() const
    {
        if constexpr (requires { update_.extrapolate; })
            return update_.extrapolate;
        else
            return false;
    }

    /// What precedes the update of the swept factor: the other's, if that comes first.
    void before_rows(state& s)
    {
        if (U::first != rows())
            update_columns(s);
        if (extrapolates_)
            with(columns(),
                 [&](const auto& c) { extrapolation_.advance(s, ref(s, columns()), c); });
        const auto gram = gram_of(s, columns());
        with(rows(), [&](const auto& c)
             { update_.prepare(gram, x_.shape().of(rows()), c, system_state_of(rows())); });
    }
    /// What follows it, and the objective.
    void after_rows(state& s)
    {
        if (with(rows(), [&](const auto& c) { return normalize(s, rows(), c); }))
            rescale_product(s, [](double x, double scale) { return x / scale; });
        if (U::first == rows())
            update_columns(s);
        s.residual = squared_residual(s);
        s.rounding = rounding();
        // Where hardly a digit would be left after the cancellation, from the elements instead.
        constexpr double lost = 1000 * static_cast<double>(std::numeric_limits<T>::epsilon());
        if constexpr (requires { M::is_approximate; })
            s.residual = std::max(s.residual, 0.0);
        else if (s.residual < lost * x_.squared_norm())
            sum_elements(s);
        s.objective = this->objective(s, s.residual);
    }

    side rows() const
    {
        return x_.sweep_side();
    }
    side columns() const
    {
        return other(rows());
    }
    /// The Gram matrix of one factor as it is; overwritten by the next call.
    matrix_ref<double> gram_of(state& s, side which)
    {
        const matrix_ref<double> out(gram_.data(), rank_);
        inner_product_of(x_, which).gram(factor_ref<const T>(ref(s, which)), out, work_.threads);
        return out;
    }
    /// What rounding may do to squared_residual(). The products X^T P are sums of many numbers of
    /// type T, kept as T: each is wrong by half an epsilon of itself, and by one more for every
    /// fourfold of the rows that are summed as T before double takes over. That is 8 epsilon for
    /// the longest chunks, as if all products erred the same way.
    double rounding() const
    {
        return 8 * static_cast<double>(std::numeric_limits<T>::epsilon()) * x_.squared_norm();
    }
    /// |X|^2 - 2 <X^T P, O> + <P^T P, O^T O> from the last sweep: free, where |X - P O^T|^2 itself
    /// would take a read of X.
    double squared_residual(state& s)
    {
        const auto f = factor_ref<const T>(ref(s, columns()));
        const double cross = inner_product_of(x_, columns())(factor_ref<const T>(product(s)), f);
        if (U::first != rows()) // else the columns' update has just needed it
            remember_row_gram(s);
        const matrix_ref<const double> row_gram(row_gram_.data(), rank_);
        const matrix_ref<const double> column_gram = gram_of(s, columns());
        return x_.squared_norm() - 2 * cross + linalg::inner(row_gram, column_gram);
    }
    void remember_row_gram(state& s)
    {
        std::copy_n(gram_of(s, rows()).data, row_gram_.size(), row_gram_.begin());
    }
    /// Room for the right-hand side of one factor's small system.
    factor_ref<T> rhs(factor_ref<T> f)
    {
        return {rhs_.get(f.rows() * rank_), f.rows(), rank_, f.rows(), f.places()};
    }
    void multiply(side s, factor_ref<const T> by, factor_ref<T> out)
    {
        s == side::maps ? x_.multiply(by, out, work_) : x_.multiply_transposed(by, out, work_);
    }

    /// The factor on the sweep's side, and X^T of it.
    void update_rows(state& s)
    {
        if (one_read_)
        {
            auto visitor = [&](std::size_t first, factor_ref<T> block, std::size_t)
            { visit(s, first, block); };
            x_.sweep(held(s), visitor, product(s), work_);
            return;
        }
        with(rows(),
             [&](const auto& c)
             {
                 const auto b = rhs(ref(s, rows()));
                 multiply(rows(), held(s), b);
                 const matrix_ref<const double> gram(gram_.data(), rank_);
                 solve(rows(), ref(s, rows()), {gram, b}, c);
             });
        sum_rows(s);
    }

    /// The other factor, from the sums of the last sweep.
    void update_columns(state& s)
    {
        with(columns(),
             [&](const auto& c)
             {
                 const auto f = ref(s, columns());
                 remember_row_gram(s);
                 const matrix_ref<double> gram(gram_.data(), rank_);
                 update_.prepare(gram, x_.shape().of(columns()), c, system_state_of(columns()));
                 const auto b = rhs(f);
                 std::copy(s.product.begin(), s.product.end(), b.data());
                 solve(columns(), f, {gram, b}, c);
                 if (normalize(s, columns(), c))
                 {
                     rescale_product(s, [](double x, double scale) { return x * scale; });
                     remember_row_gram(s);
                 }
             });
    }

    /// The update of a whole factor, blocks of rows at once where they are independent.
    template <class C>
    void solve(side which, factor_ref<T> f, const normal_equations<T>& eq, const C& c)
    {
        system_state& prepared = system_state_of(which);
        if (is_row_separable(which))
        {
            constexpr std::size_t block = 512;
            auto part = [&](std::size_t b, std::size_t)
            {
                const std::size_t first = b * block, count = std::min(block, f.rows() - first);
                update_(f.block(first, count),
                        normal_equations<T>{eq.gram, eq.rhs.block(first, count)}, c, prepared);
            };
            parallel_for((f.rows() + block - 1) / block, work_.threads, part);
        }
        else
            update_(f, eq, c, prepared);
        clear_masked(f);
    }

    /// product of the factor on the sweep's side as it is. One read of X.
    void sum_rows(state& s)
    {
        multiply(columns(), ref(s, rows()), product(s));
    }

    /// Follows a change of the swept factor's scale: entries of column j become op(x, scale_j).
    template <class Op>
    void rescale_product(state& s, Op op)
    {
        for (std::size_t j = 0; j < rank_; ++j)
            for (T& x : product(s).column(j))
                x = static_cast<T>(op(static_cast<double>(x), scale_[j]));
    }

    buffer<T> rhs_;
    std::vector<double> gram_, row_gram_;
    detail::extrapolation<T> extrapolation_;
    bool one_read_, extrapolates_;
};
}
