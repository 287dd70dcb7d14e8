// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <bit>
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
#include <xunmix/factorize/interleaved_sums.hpp>
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
/// else two. The other factor ("columns") is updated from the sums of the last sweep; where X is
/// read in interleaved groups of blocks, after each of them.
template <class T>
class alternation final : public shareable_model<T>
{
    using base = shareable_model<T>;

  public:
    using state = solver_state<T>;
    using base::data, base::part, base::ref;

    explicit alternation(model_parts<T> parts)
        : base(std::move(parts))
        , gram_(rank() * rank())
        , row_gram_(rank() * rank())
        , one_read_(is_row_separable(rows()))
        , extrapolates_(this->update().extrapolates() && this->descends() && !moves_scale())
        , groups_(groups_for(wanted_groups()))
    {
    }

    void begin(state& s, start_ref<T> start, random_engine engine) override
    {
        base::fill(s, start, engine);
        s.swept = rows();
        s.product.assign(ref(s, columns()).rows() * rank(), T{0});
    }

    void iterate(state& s) override
    {
        start(s);
        update_rows(s);
        finish(s);
    }

    std::size_t groups() const override
    {
        return groups_;
    }
    void start(state& s) override
    {
        const bool is_first = s.iterations == 0,
                   needs_sums = first() != rows() || this->update().adapts();
        if (is_first && needs_sums)
            sum_rows(s);
        if (is_first && this->update().adapts())
        {
            remember_row_gram(s);
            s.residual = squared_residual(s);
        }
        base::begin_iteration(s);
        if (extrapolates_)
            extrapolation_.remember(s);
        may_extrapolate_ = extrapolates_;
        begin_pass(s, !is_first || needs_sums);
    }
    /// The update of the factor that the sweep holds, if that comes first.
    void begin_group(state& s) override
    {
        if (first() != rows())
            update_columns(s);
        if (extrapolates_)
            extrapolation_.advance(s, ref(s, columns()), part(columns()), may_extrapolate_);
        base::prepare(s, rows(), gram_of(s, columns()));
    }
    factor_ref<const T> held(const state& s) const override
    {
        return ref(s, columns());
    }
    factor_ref<T> swept_sums(state& s) override
    {
        const factor_ref<T> whole = product(s);
        if (groups_ == 1)
            return whole;
        return {sums_.group(), whole.rows(), whole.rank(), whole.stride()};
    }
    void visit(state& s, std::size_t first, factor_ref<T> block) override
    {
        const auto rows_b = ref(s, rows()).block(first, block.rows());
        const matrix_ref<const double> gram(gram_.data(), rank());
        own_part(rows()).step(rows_b, normal_equations<T>{gram, block});
        clear_masked(rows_b);
        if (groups_ == 1)
            copy_factor(rows_b, block);
        else
            sums_.visit(first, rows_b, block);
    }
    /// What follows the sweep of a group: the other factor, unless that was first or is still to
    /// come.
    void end_group(state& s, std::size_t group) override
    {
        if (groups_ > 1)
            sums_.add(product(s));
        if (group + 1 == groups_ && normalize(s, rows()))
            rescale_product(s, [](double x, double scale) { return x / scale; });
        if (first() == rows())
            update_columns(s);
    }
    void finish(state& s) override
    {
        measure(s);
        if (extrapolates_ && !extrapolation_.accept(s))
        {
            may_extrapolate_ = false; // once more without, hence no rise
            begin_pass(s, true);
            update_rows(s);
            measure(s);
        }
        ++s.iterations;
        base::end_iteration(s);
    }

    void sum_elements(state& s) override
    {
        s.residual =
            data().residual_squared_norm(ref(s, side::maps), ref(s, side::components), workspace());
        s.rounding = 0;
    }
    double loss(factor_ref<const T> maps, factor_ref<const T> components) const override
    {
        return base::squared_distance(maps, components);
    }
    shareable_model<T>* sharing() override
    {
        return one_read_ ? this : nullptr;
    }

  private:
    factor_ref<T> product(state& s) const
    {
        const std::size_t count = data().shape().of(columns()).size();
        return {s.product.data(), count, rank(), count};
    }
    using base::is_row_separable, base::moved_scale, base::moves_scale, base::normalize,
        base::own_part, base::rank, base::threads, base::wanted_groups, base::workspace;

    /// The factor that the update begins with.
    side first() const
    {
        return this->update().first();
    }
    /// So many groups that they save more than they cost, a power of two up to 16: an update of the
    /// other factor a group, m k^2 multiply-adds a round beside the 2 n m k of a sweep, and a
    /// parallel loop, which should have enough to read. X is n x m with its rows as they are swept;
    /// measured in benchmarks/README.md.
    static std::size_t worthwhile_groups(std::size_t n, std::size_t m, std::size_t k)
    {
        constexpr std::size_t most = 16, rows_per_group_and_rank = 67, elements_per_group = 1 << 20;
        const std::size_t by_updates = n / (rows_per_group_and_rank * k),
                          by_reading = n * m / elements_per_group;
        return std::bit_floor(std::clamp<std::size_t>(std::min(by_updates, by_reading), 1, most));
    }
    /// How many groups an iteration reads: several where each row is updated by itself, no step
    /// raises the objective, and X can be read so.
    std::size_t groups_for(std::size_t wanted) const
    {
        if (!one_read_ || !data().is_interleavable() || !this->descends() ||
            this->update().adapts())
            return 1;
        return wanted > 0 ? wanted
                          : worthwhile_groups(data().shape().of(rows()).size(),
                                              data().shape().of(columns()).size(), rank());
    }
    void begin_pass(state& s, bool is_summed)
    {
        if (groups_ > 1)
            sums_.begin(ref(s, rows()), product(s), is_summed);
    }
    /// The objective of the factors as they are.
    void measure(state& s)
    {
        s.residual = squared_residual(s);
        s.rounding = rounding();
        // Where hardly a digit would be left after the cancellation, from the elements instead.
        constexpr double lost = 1000 * static_cast<double>(std::numeric_limits<T>::epsilon());
        if (data().is_approximate())
            s.residual = std::max(s.residual, 0.0);
        else if (s.residual < lost * data().squared_norm())
            sum_elements(s);
        s.objective = this->objective(s, s.residual);
    }

    side rows() const
    {
        return data().sweep_side();
    }
    side columns() const
    {
        return other(rows());
    }
    /// The Gram matrix of one factor as it is; overwritten by the next call.
    matrix_ref<double> gram_of(state& s, side which)
    {
        const matrix_ref<double> out(gram_.data(), rank());
        inner_product_of(data(), which).gram(factor_ref<const T>(ref(s, which)), out, threads());
        return out;
    }
    /// What rounding may do to squared_residual(). The products X^T P are sums of many numbers of
    /// type T, kept as T: each is wrong by half an epsilon of itself, and by one more for every
    /// fourfold of the rows that are summed as T before double takes over. That is 8 epsilon for
    /// the longest chunks, as if all products erred the same way.
    double rounding() const
    {
        return 8 * static_cast<double>(std::numeric_limits<T>::epsilon()) * data().squared_norm();
    }
    /// |X|^2 - 2 <X^T P, O> + <P^T P, O^T O> from the last sweep: free, where |X - P O^T|^2 itself
    /// would take a read of X.
    double squared_residual(state& s)
    {
        const auto f = factor_ref<const T>(ref(s, columns()));
        const double cross =
            inner_product_of(data(), columns())(factor_ref<const T>(product(s)), f);
        if (first() != rows()) // else the columns' update has just needed it
            remember_row_gram(s);
        const matrix_ref<const double> row_gram(row_gram_.data(), rank());
        const matrix_ref<const double> column_gram = gram_of(s, columns());
        return data().squared_norm() - 2 * cross + linalg::inner(row_gram, column_gram);
    }
    void remember_row_gram(state& s)
    {
        const matrix_ref<double> gram(row_gram_.data(), rank());
        const factor_ref<const T> f =
            groups_ > 1 ? sums_.counted(&data().shape().of(rows())) : ref(s, rows());
        inner_product_of(data(), rows()).gram(f, gram, threads());
    }
    /// Room for the right-hand side of one factor's small system.
    factor_ref<T> rhs(factor_ref<T> f)
    {
        return {rhs_.get(f.rows() * rank()), f.rows(), rank(), f.rows(), f.places()};
    }
    void multiply(side s, factor_ref<const T> by, factor_ref<T> out)
    {
        s == side::maps ? data().multiply(by, out, workspace())
                        : data().multiply_transposed(by, out, workspace());
    }

    /// The factor on the sweep's side, X^T of it, and the other factor where it has its turn.
    void update_rows(state& s)
    {
        for (std::size_t group = 0; group < groups_; ++group)
        {
            begin_group(s);
            if (one_read_)
            {
                auto visitor = [&](std::size_t first, factor_ref<T> block, std::size_t)
                { visit(s, first, block); };
                data().sweep(held(s), visitor, swept_sums(s), workspace(), {group, groups_});
            }
            else
            {
                const auto b = rhs(ref(s, rows()));
                multiply(rows(), held(s), b);
                const matrix_ref<const double> gram(gram_.data(), rank());
                solve(rows(), ref(s, rows()), {gram, b});
                sum_rows(s);
            }
            end_group(s, group);
        }
    }

    /// The other factor, from the sums of the last sweep.
    void update_columns(state& s)
    {
        const auto f = ref(s, columns());
        remember_row_gram(s);
        const matrix_ref<double> gram(gram_.data(), rank());
        std::copy(row_gram_.begin(), row_gram_.end(), gram_.begin());
        base::prepare(s, columns(), gram);
        const auto b = rhs(f);
        std::copy(s.product.begin(), s.product.end(), b.data());
        solve(columns(), f, {gram, b});
        if (normalize(s, columns()))
        {
            rescale_product(s, [](double x, double scale) { return x * scale; });
            remember_row_gram(s);
        }
    }

    /// The update of a whole factor, blocks of rows at once where they are independent.
    void solve(side which, factor_ref<T> f, const normal_equations<T>& eq)
    {
        factor_part<T>& update = own_part(which);
        if (is_row_separable(which))
        {
            constexpr std::size_t block = 512;
            auto some = [&](std::size_t b, std::size_t)
            {
                const std::size_t start = b * block, count = std::min(block, f.rows() - start);
                update.step(f.block(start, count),
                            normal_equations<T>{eq.gram, eq.rhs.block(start, count)});
            };
            parallel_for((f.rows() + block - 1) / block, threads(), some);
        }
        else
            update.step(f, eq);
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
        for (std::size_t j = 0; j < rank(); ++j)
            for (T& x : product(s).column(j))
                x = static_cast<T>(op(static_cast<double>(x), moved_scale()[j]));
        if (groups_ > 1)
            sums_.rescale(moved_scale(), op);
    }

    buffer<T> rhs_;
    std::vector<double> gram_, row_gram_;
    detail::extrapolation<T> extrapolation_;
    detail::interleaved_sums<T> sums_; ///< where there are several groups
    bool one_read_, extrapolates_, may_extrapolate_ = false;
    std::size_t groups_;
};
}
