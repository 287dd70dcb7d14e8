// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <vector>

#include <xunmix/core/error.hpp>
#include <xunmix/core/finite.hpp>
#include <xunmix/model/factor.hpp>

namespace xunmix
{
/// Entries of the factor that are known and stay as they are: reference spectra, a measured
/// background, a map that is zero in the vacuum. With all components fixed, what is left is the
/// classical constrained least-squares fit of the maps.
///
/// `values` is a tensor (c, places...) for the first c <= k columns; NaN marks a free entry, and
/// columns beyond c are free. The columns keep their order and scale.
class fixed
{
  public:
    static constexpr bool row_separable = true;
    static constexpr bool entrywise = true;
    static constexpr bool scale_free = false;
    static constexpr bool keeps_order = true;

    template <class E>
    explicit fixed(const E& values)
        : fixed(values, [](double x) { return !is_nan(x); })
    {
    }
    /// Only the entries where `where`, a boolean tensor of the same shape, is true.
    template <class E, class B>
        requires requires(const B& b)
        {
            b.shape();
        }
    fixed(const E& values, const B& where)
        : fixed(values, flags(values, where))
    {
    }

    /// Throws invalid_argument where the values' shape does not fit the factor's.
    void validate(const grid& places, std::size_t rank) const
    {
        const std::vector<std::size_t> inner(known_->shape.begin() + 1, known_->shape.end());
        detail::require<invalid_argument>(
            known_->shape[0] >= 1 && known_->shape[0] <= rank && inner == places.shape,
            "fixed needs values of shape (c, ", detail::shape_text(places.shape).substr(1),
            " with 1 <= c <= ", rank, ", got ", detail::shape_text(known_->shape));
    }
    /// Whether no unmasked entry of a factor of that size is free.
    bool is_known(const grid& places, std::size_t rank) const
    {
        if (known_->shape[0] < rank || known_->rows != places.size())
            return false;
        for (std::size_t j = 0; j < rank; ++j)
            for (std::size_t i = 0; i < known_->rows; ++i)
                if (places.keeps(i) && is_nan(known_->values[j * known_->rows + i]))
                    return false;
        return true;
    }
    template <class T>
    void project(factor_ref<T> f) const
    {
        for (std::size_t j = 0; j < f.rank(); ++j)
            prox_column(f, j, T{});
    }
    template <class T>
    void prox_column(factor_ref<T> f, std::size_t j, T) const
    {
        if (j >= known_->shape[0])
            return;
        const double* column = known_->values.data() + j * known_->rows + f.first_row();
        for (std::size_t i = 0; i < f.rows(); ++i)
            if (!is_nan(column[i]) && f.keeps(i))
                f(i, j) = static_cast<T>(column[i]);
    }

  private:
    struct table
    {
        std::vector<std::size_t> shape;
        std::size_t rows = 1;
        std::vector<double> values;
    };

    template <class E, class Rule>
        requires(!requires(const Rule& r) { r.shape(); })
    fixed(const E& values, Rule is_known)
    {
        auto known = std::make_shared<table>();
        known->shape.assign(values.shape().begin(), values.shape().end());
        detail::require<invalid_argument>(known->shape.size() >= 2,
                                          "fixed needs values of shape (c, places...), got ",
                                          detail::shape_text(known->shape));
        for (std::size_t a = 1; a < known->shape.size(); ++a)
            known->rows *= known->shape[a];
        for (auto value : values)
        {
            const auto x = static_cast<double>(value);
            known->values.push_back(is_known(x) ? x : std::numeric_limits<double>::quiet_NaN());
        }
        known_ = std::move(known);
    }

    /// A rule that says for one value after the other whether it is known.
    template <class E, class B>
    static auto flags(const E& values, const B& where)
    {
        std::vector<std::size_t> shape(values.shape().begin(), values.shape().end());
        std::vector<std::size_t> other(where.shape().begin(), where.shape().end());
        detail::require<invalid_argument>(
            shape == other, "fixed needs values and flags of one shape, got ",
            detail::shape_text(shape), " and ", detail::shape_text(other));
        return [flag = std::vector<bool>(where.begin(), where.end()),
                i = std::size_t{0}](double) mutable { return flag[i++]; };
    }

    std::shared_ptr<const table> known_;
};
}
