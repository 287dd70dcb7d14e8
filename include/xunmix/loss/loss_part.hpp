// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <memory>
#include <optional>
#include <utility>

#include <xunmix/contract/loss.hpp>
#include <xunmix/loss/exact_loss.hpp>
#include <xunmix/loss/quotients.hpp>
#include <xunmix/matrix/any_matrix.hpp>
#include <xunmix/model/factor.hpp>
#include <xunmix/model/grid.hpp>

namespace xunmix
{
/// A loss other than least squares, whatever its type: what a solver knows of it.
template <class T>
class loss_part
{
  public:
    virtual ~loss_part() = default;

    /// Whether the denominators of the multiplicative step are sums of the other factor's columns.
    virtual bool has_plain_denominators() const = 0;
    /// What comes before the first read: below `least` the model counts as that.
    virtual void prepare(T least, const grid& columns) = 0;
    /// Forms the parts that `rows` and `columns` have room for, and the loss where `value`. One
    /// read of X.
    virtual double read(const any_matrix<T>& x, factor_ref<const T> P, factor_ref<const T> O,
                        const detail::ratio_parts<T>& rows, const detail::ratio_parts<T>& columns,
                        bool value, typename any_matrix<T>::workspace& work) = 0;
    /// See detail::exact_loss.
    virtual double exact(const any_matrix<T>& x, factor_ref<const T> maps,
                         factor_ref<const T> components, double instead,
                         std::size_t threads) const = 0;
};

namespace detail
{
template <class L, class T>
class part_of_loss final : public loss_part<T>
{
  public:
    explicit part_of_loss(L loss)
        : loss_(std::move(loss))
    {
    }
    bool has_plain_denominators() const override
    {
        return loss_hook::has_plain_denominators(loss_);
    }
    void prepare(T least, const grid& columns) override
    {
        read_.emplace(loss_, least, columns);
    }
    double read(const any_matrix<T>& x, factor_ref<const T> P, factor_ref<const T> O,
                const ratio_parts<T>& rows, const ratio_parts<T>& columns, bool value,
                typename any_matrix<T>::workspace& work) override
    {
        return (*read_)(x, P, O, {.rows = rows, .columns = columns, .value = value}, work);
    }
    double exact(const any_matrix<T>& x, factor_ref<const T> maps, factor_ref<const T> components,
                 double instead, std::size_t threads) const override
    {
        return exact_loss(x, loss_, maps, components, instead, threads);
    }

  private:
    L loss_;
    std::optional<quotients<any_matrix<T>, L>> read_;
};
}
}
