// SPDX-License-Identifier: BSD-3-Clause
// An iteration of each update.
#include "rows.hpp"

namespace pairs
{
namespace
{
template <class T>
measurement plain(std::size_t repetitions, const of_rank& model)
{
    return iterations(repetitions, unfolded_scan<T>(), model, xu::hals{}, on_maps, on_components);
}
template <class U>
measurement with(std::size_t repetitions, U update)
{
    return iterations(repetitions, unfolded_scan<float>(), {}, update, on_maps, on_components);
}
}

std::vector<row> updates()
{
    return {
        {"hals-f32-7", [] { return plain<float>(41, {.rank = 7}); }},
        {"hals-f32-20", [] { return plain<float>(21, {.rank = 20}); }},
        {"hals-u16-7", [] { return plain<std::uint16_t>(31, {.rank = 7}); }},
        {"hals-u16-20", [] { return plain<std::uint16_t>(15, {.rank = 20}); }},
        {"one-thread", [] { return plain<float>(31, {.rank = 7, .workers = 1}); }},
        {"als", [] { return with(41, xu::als{}); }},
        {"bpp", [] { return with(41, xu::bpp{}); }},
        {"multiplicative", [] { return with(41, xu::multiplicative{}); }},
        {"soft-orthogonal", [] { return with(31, xu::soft_orthogonal{}); }},
        {"ard", [] { return with(31, xu::ard{}); }},
        {"kullback-leibler",
         []
         {
             return iterations(9, unfolded_scan<float>(), {.rank = 8}, xu::multiplicative{},
                               on_maps, on_components, xu::beta_divergence{1});
         }},
    };
}
}
