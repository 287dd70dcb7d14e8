// SPDX-License-Identifier: BSD-3-Clause
// all_of and any_constraint are lists of members and nothing else.
#include "../support.hpp"

#include <xunmix/constraint/decaying.hpp>
#include <xunmix/constraint/fixed.hpp>
#include <xunmix/contract/all_of.hpp>
#include <xunmix/contract/constraint.hpp>
#include <xunmix/runtime/any_constraint.hpp>

namespace lists_test
{
using namespace support;

namespace
{
/// All that a list does to a factor and its small system.
template <class T, class C>
std::vector<double> behaviour(const C& list)
{
    const xu::grid places{{8}, {}};
    owned_factor<T> f(random_matrix(8, 3, 41, -1, 2), places), rhs(random_matrix(8, 3, 42), places),
        plus(random_matrix(8, 3, 43), places), minus(random_matrix(8, 3, 44), places);
    matrix gram = random_matrix(3, 3, 45);
    std::vector<double> scale(3, 1), out;
    out.push_back(xu::penalty(list, f.view()));
    xu::for_each_member(list,
                        [&]<class M>(const M& m)
                        {
                            if constexpr (xu::hook::add_to_gram<M, T>)
                                m.add_to_gram({gram.values.data(), 3}, places);
                            if constexpr (xu::hook::add_to_rhs<M, T>)
                                m.add_to_rhs(rhs.ref(), f.view());
                            if constexpr (xu::hook::split_gradient<M, T>)
                                m.split_gradient(f.view(), plus.ref(), minus.ref());
                            if constexpr (xu::hook::normalize<M, T>)
                                m.normalize(f.ref(), scale);
                        });
    xu::prox_column(list, f.ref(), 1, T{0.5});
    for (auto* factor : {&f, &rhs, &plus, &minus})
        out.insert(out.end(), factor->values.begin(), factor->values.end());
    xu::project(list, f.ref());
    out.insert(out.end(), f.values.begin(), f.values.end());
    out.insert(out.end(), gram.values.begin(), gram.values.end());
    out.insert(out.end(), scale.begin(), scale.end());
    for (bool trait : {xu::is_row_separable(list), xu::is_scale_free(list), xu::keeps_order(list)})
        out.push_back(trait);
    return out;
}

std::string parse_error(const std::string& name)
{
    return message_of<xu::invalid_argument>([&] { xu::any_constraint({name}); });
}
}

TEST_CASE_TEMPLATE("lists: any_constraint does what all_of does", T, float, double)
{
    CHECK(behaviour<T>(xu::any_constraint{}) == behaviour<T>(xu::unconstrained{}));
    CHECK(behaviour<T>(xu::any_constraint({"non_negative"})) == behaviour<T>(xu::non_negative{}));
    CHECK(behaviour<T>(xu::any_constraint({"non_negative", "sparse:0.25", "ridge:3"})) ==
          behaviour<T>(
              xu::all_of(xu::non_negative{}, xu::sparse{.weight = 0.25}, xu::ridge{.weight = 3})));
    CHECK(behaviour<T>(xu::any_constraint({"bounded:0.125:1e0", "unit_norm:1"})) ==
          behaviour<T>(xu::all_of(xu::bounded{.lower = 0.125, .upper = 1}, xu::unit_norm{.p = 1})));
    CHECK(behaviour<T>(xu::any_constraint({"non_negative", "sum_to_one"})) ==
          behaviour<T>(xu::all_of(xu::non_negative{}, xu::sum_to_one{})));
    CHECK(behaviour<T>(xu::any_constraint({"unit_norm:inf", "bounded:-1:inf"})) ==
          behaviour<T>(xu::all_of(xu::unit_norm{.p = std::numeric_limits<double>::infinity()},
                                  xu::bounded{.lower = -1})));
    CHECK(behaviour<T>(xu::any_constraint({"decaying:2", "non_negative"})) ==
          behaviour<T>(xu::all_of(xu::decaying{.component = 2}, xu::non_negative{})));
    CHECK(behaviour<T>(xu::any_constraint({"unit_norm"})) == behaviour<T>(xu::unit_norm{.p = 2}));
}

TEST_CASE("lists: members may be lists themselves")
{
    xu::any_constraint chosen;
    chosen.add(xu::sparse{.weight = 0.5});
    const xu::all_of nested(xu::all_of(xu::non_negative{}, chosen), xu::bounded{.upper = 0.75});
    const xu::all_of flat(xu::non_negative{}, xu::sparse{.weight = 0.5},
                          xu::bounded{.upper = 0.75});
    CHECK(behaviour<double>(nested) == behaviour<double>(flat));
}

TEST_CASE("lists: a trait holds where it holds for all members")
{
    const auto free_form = [](xu::factor_ref<double>) {};
    CHECK(xu::is_row_separable(xu::all_of(xu::non_negative{}, xu::ridge{})));
    CHECK_FALSE(xu::is_row_separable(xu::all_of(xu::non_negative{}, free_form)));
    CHECK(xu::is_scale_free(xu::all_of(xu::non_negative{}, free_form)));
    CHECK_FALSE(xu::is_scale_free(xu::all_of(xu::non_negative{}, xu::sum_to_one{})));
    CHECK_FALSE(xu::keeps_order(xu::all_of(xu::non_negative{}, xu::bounded{})));
    CHECK(xu::keeps_order(xu::all_of(xu::non_negative{}, xu::fixed(to_tensor(matrix(8, 1))))));
    CHECK(xu::is_row_separable(xu::unconstrained{}));
    CHECK(xu::is_scale_free(xu::unconstrained{}));
}

TEST_CASE("lists: names that any_constraint cannot read are refused")
{
    const std::string known = "known are non_negative, sparse:WEIGHT, ridge:WEIGHT, "
                              "bounded:LOWER:UPPER, sum_to_one, unit_norm[:P], "
                              "smooth:WEIGHT, resolution_limit:CUTOFF, "
                              "no_downward_convex_peak[:FROM[:EVERY]], decaying:COMPONENT";
    CHECK(parse_error("positive") == "there is no constraint \"positive\"; " + known);
    CHECK(parse_error("") == "there is no constraint \"\"; " + known);
    CHECK(parse_error("sparse") == "constraint \"sparse\" has 0 numbers; " + known);
    CHECK(parse_error("sparse:1:2") == "constraint \"sparse:1:2\" has 2 numbers; " + known);
    CHECK(parse_error("bounded:0") == "constraint \"bounded:0\" has 1 numbers; " + known);
    CHECK(parse_error("non_negative:3") == "constraint \"non_negative:3\" has 1 numbers; " + known);
    CHECK(parse_error("unit_norm:1:2") == "constraint \"unit_norm:1:2\" has 2 numbers; " + known);
    CHECK(parse_error("sparse:x") ==
          "constraint \"sparse:x\": cannot read the number \"x\"; write one like 0.1");
    CHECK(parse_error("sparse:") ==
          "constraint \"sparse:\": cannot read the number \"\"; write one like 0.1");
    CHECK(parse_error("ridge:1 ") ==
          "constraint \"ridge:1 \": cannot read the number \"1 \"; write one like 0.1");
    CHECK(parse_error("ridge:1,5") ==
          "constraint \"ridge:1,5\": cannot read the number \"1,5\"; write one like 0.1");
    CHECK(parse_error("bounded::1") ==
          "constraint \"bounded::1\": cannot read the number \"\"; write one like 0.1");
    CHECK(parse_error("decaying") == "constraint \"decaying\" has 0 numbers; " + known);
    CHECK(parse_error("decaying:-1") ==
          "constraint \"decaying:-1\" counts components in whole numbers from 0, got -1");
    CHECK(parse_error("decaying:0.5") ==
          "constraint \"decaying:0.5\" counts components in whole numbers from 0, got 0.5");
    CHECK(parse_error("sparse:1e999") ==
          "constraint \"sparse:1e999\": cannot read the number \"1e999\"; write one like 0.1");
}
}
