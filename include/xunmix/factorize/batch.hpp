// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>
#include <cstddef>
#include <span>
#include <vector>

#include <xunmix/contract/constraint.hpp>
#include <xunmix/core/buffer.hpp>
#include <xunmix/factorize/solver.hpp>
#include <xunmix/model/factor.hpp>

namespace xunmix
{
/// Several solvers on one matrix, any ranks, that share each read of X: their factors stand side by
/// side as the columns of one. Each takes the steps it would take alone; sums may differ in the
/// last bits.
template <class T>
class batch
{
  public:
    /// Columns side by side at most: their sums should not outgrow the caches.
    static constexpr std::size_t most_columns = 128;

    explicit batch(std::size_t threads = 0)
        : work_{.threads = threads}
    {
    }

    /// One iteration of every solver that is running.
    void step(std::span<solver<T>> solvers)
    {
        std::vector<solver<T>*> together;
        std::size_t columns = 0;
        const auto flush = [&]
        {
            if (!together.empty())
                share(together, columns);
            together.clear();
            columns = 0;
        };
        for (solver<T>& s : solvers)
        {
            if (s.status() != status::running)
                continue;
            if (!s.one_read())
            {
                s.step();
                continue;
            }
            const bool fits = columns + s.state_.rank <= most_columns;
            if (!together.empty() &&
                !(fits && model_of(s).groups() == model_of(*together.front()).groups()))
                flush();
            together.push_back(&s);
            columns += s.state_.rank;
        }
        flush();
    }

  private:
    void share(const std::vector<solver<T>*>& solvers, std::size_t columns)
    {
        const auto start = std::chrono::steady_clock::now();
        for (solver<T>* s : solvers)
            model_of(*s).start(s->state_);
        const std::size_t groups = model_of(*solvers.front()).groups();
        for (std::size_t group = 0; group < groups; ++group)
            share_group(solvers, columns, {.group = group, .groups = groups});
        each(solvers, [&](solver<T>& s, std::size_t) { model_of(s).finish(s.state_); });
        const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - start;
        for (solver<T>* s : solvers)
            s->conclude(passed.count() / static_cast<double>(solvers.size()));
    }
    void share_group(const std::vector<solver<T>*>& solvers, std::size_t columns,
                     interleaving which)
    {
        const auto& x = solvers.front()->model_->data();
        for (solver<T>* s : solvers)
            model_of(*s).begin_group(s->state_);
        const std::size_t rows = model_of(*solvers.front()).held(solvers.front()->state_).rows();
        const factor_ref<T> held(held_.get(rows * columns), rows, columns, rows);
        const factor_ref<T> product(product_.get(rows * columns), rows, columns, rows);
        each(solvers, [&](solver<T>& s, std::size_t first)
             { copy_factor(model_of(s).held(s.state_), slice(held, first, s.state_.rank)); });
        auto visit = [&](std::size_t first_row, factor_ref<T> block, std::size_t)
        {
            each(solvers, [&](solver<T>& s, std::size_t first)
                 { model_of(s).visit(s.state_, first_row, slice(block, first, s.state_.rank)); });
        };
        x.sweep(factor_ref<const T>(held), visit, product, work_, which);
        each(solvers,
             [&](solver<T>& s, std::size_t first)
             {
                 copy_factor(slice(product, first, s.state_.rank),
                             model_of(s).swept_sums(s.state_));
                 model_of(s).end_group(s.state_, which.group);
             });
    }

    static shareable_model<T>& model_of(solver<T>& s)
    {
        return *s.model_->sharing();
    }

    /// visit(solver, its first column) for all.
    template <class Visit>
    static void each(const std::vector<solver<T>*>& solvers, Visit&& visit)
    {
        std::size_t first = 0;
        for (solver<T>* s : solvers)
        {
            visit(*s, first);
            first += s->state_.rank;
        }
    }
    static factor_ref<T> slice(factor_ref<T> f, std::size_t first, std::size_t count)
    {
        return {&f(0, first), f.rows(), count, f.stride(), f.places(), f.first_row()};
    }

    typename any_matrix<T>::workspace work_;
    buffer<T> held_, product_;
};
}
