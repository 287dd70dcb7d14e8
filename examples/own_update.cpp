// SPDX-License-Identifier: BSD-3-Clause

// An update of your own: non-negative least squares by the alternating direction method of
// multipliers (Huang, Sidiropoulos & Liavas 2016), whose dual variables stay from one iteration to
// the next.

#include <xunmix/linalg/pseudo_inverse.hpp>
#include <xunmix/simulate/nanosheets.hpp>
#include <xunmix/xunmix.hpp>

#include <cstdlib>
#include <iostream>

namespace xu = xunmix;

struct admm
{
    static constexpr bool row_separable = true, needs_non_negative_data = false;
    static constexpr xu::side first = xu::side::maps;

    template <class T>
    struct state
    {
        xu::linalg::pseudo_inverse inverse;
        double rho = 1;
        std::vector<double> memory; ///< the dual variable of each entry of the factor, row by row
        static std::size_t memory_size(std::size_t rows, std::size_t rank)
        {
            return rows * rank;
        }
    };

    template <class T, class C>
    void prepare(xu::matrix_ref<double> gram, const xu::grid& places, const C&, state<T>& s) const
    {
        s.memory.resize(places.size() * gram.rows);
        s.rho = gram(0, 0); // any positive one does
        for (std::size_t j = 0; j < gram.rows; ++j)
            gram(j, j) += s.rho;
        s.inverse(gram, 1e-12);
    }
    /// F~ = (rhs + rho (F + U)) (gram + rho I)^-1,  F <- constraint(F~ - U),  U <- U + F - F~
    template <class T, class C>
    void operator()(xu::factor_ref<T> f, const xu::normal_equations<T>& eq, const C& constraint,
                    state<T>& s) const
    {
        const auto dual = [&](std::size_t i, std::size_t j) -> double&
        { return s.memory[(f.first_row() + i) * f.rank() + j]; };
        for (std::size_t j = 0; j < f.rank(); ++j)
            for (std::size_t i = 0; i < f.rows(); ++i)
                eq.rhs(i, j) += static_cast<T>(s.rho * (f(i, j) + dual(i, j)));
        xu::als::multiply_inverse(f, eq.rhs, s.inverse.last());
        xu::copy_factor(xu::factor_ref<const T>(f), eq.rhs); // F~, kept where the sides were
        for (std::size_t j = 0; j < f.rank(); ++j)
            for (std::size_t i = 0; i < f.rows(); ++i)
                f(i, j) -= static_cast<T>(dual(i, j));
        xu::project(constraint, f);
        for (std::size_t j = 0; j < f.rank(); ++j)
            for (std::size_t i = 0; i < f.rows(); ++i)
                dual(i, j) += static_cast<double>(f(i, j)) - static_cast<double>(eq.rhs(i, j));
    }
};
static_assert(xu::check_update<admm, float>());

int main()
{
    const auto simulated = xu::simulate::nanosheets({.positions = {20, 20}, .detector = {32, 32}});
    const auto data = xu::unfold(simulated.scan, xu::positions{0, 1});
    const auto fit = [&](auto update)
    {
        return xu::factorize(data, {.rank = 4, .max_iterations = 200, .tolerance = 1e-7}, update,
                             xu::vca{}, xu::on_maps(xu::non_negative{}),
                             xu::on_components(xu::non_negative{}));
    };
    const double mine = fit(admm{}).mse, theirs = fit(xu::hals{}).mse;
    std::cout << "mse " << mine << ", with hals " << theirs << '\n';
    return mine < 1.001 * theirs ? EXIT_SUCCESS : EXIT_FAILURE;
}
