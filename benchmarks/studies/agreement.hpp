// SPDX-License-Identifier: BSD-3-Clause
#pragma once

// How well a factorization of a spectrum image agrees with the truth: what the studies on spectra
// share.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <limits>
#include <numeric>
#include <span>
#include <vector>

#include <xunmix/core/xtensor.hpp>
#include <xunmix/result.hpp>

namespace study
{
namespace xu = xunmix;
using curve = std::span<const double>;

/// Where scans that are not the project's own lie: $XUNMIX_DATA or the folder data in it, else
/// ../shared/data from the project's root, where the studies run.
inline std::filesystem::path data_folder()
{
    const char* folder = std::getenv("XUNMIX_DATA");
    const std::filesystem::path given = folder ? folder : "../shared";
    return std::filesystem::exists(given / "data") || !folder ? given / "data" : given;
}

/// Component or map j of a tensor (k, ...).
inline curve slice(const xu::tensor<double>& t, std::size_t j)
{
    const std::size_t size = t.size() / t.shape()[0];
    return {t.data() + j * size, size};
}

inline double mean(curve values)
{
    return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

/// Standard deviation of a sample; 0 where it has one member.
inline double spread(curve values)
{
    const double middle = mean(values);
    double squares = 0;
    for (const double x : values)
        squares += (x - middle) * (x - middle);
    return values.size() > 1 ? std::sqrt(squares / static_cast<double>(values.size() - 1)) : 0;
}

/// (a . b) / (|a| |b|) after so much is taken off each element; 0 where either is zero.
inline double cosine(curve a, curve b, double off_a = 0, double off_b = 0)
{
    double aa = 0, bb = 0, ab = 0;
    for (std::size_t i = 0; i < a.size(); ++i)
    {
        const double x = a[i] - off_a, y = b[i] - off_b;
        aa += x * x, bb += y * y, ab += x * y;
    }
    return aa > 0 && bb > 0 ? ab / std::sqrt(aa * bb) : 0;
}

inline double correlation(curve a, curve b)
{
    return cosine(a, b, mean(a), mean(b));
}

/// Radians between two spectra.
inline double angle(curve a, curve b)
{
    return std::acos(std::clamp(cosine(a, b), -1.0, 1.0));
}

struct agreement
{
    std::vector<std::size_t> found{}; ///< which component stands for each true one
    double angle = 0;                 ///< of components and true ones: mean, radians
    double correlation = 0;           ///< of maps and true ones: mean
    double worst_cosine = 1;          ///< of components and true ones
    double worst_correlation = 1;     ///< of maps and true ones
    double overlap = 0;               ///< largest cosine of two maps that were found
};

/// Every true component gets another found one, so that the mean angle is least; there must be as
/// many at least.
inline agreement compare(const xu::tensor<double>& maps, const xu::tensor<double>& components,
                         const xu::tensor<double>& true_maps,
                         const xu::tensor<double>& true_components)
{
    const std::size_t k = components.shape()[0], rank = true_components.shape()[0];
    agreement out{.angle = std::numeric_limits<double>::infinity()};
    std::vector<std::size_t> order(k);
    std::iota(order.begin(), order.end(), std::size_t{0});
    do
    {
        double sum = 0;
        for (std::size_t j = 0; j < rank; ++j)
            sum += angle(slice(components, order[j]), slice(true_components, j));
        if (sum / static_cast<double>(rank) < out.angle)
            out.angle = sum / static_cast<double>(rank), out.found = order;
    } while (std::next_permutation(order.begin(), order.end()));
    for (std::size_t j = 0; j < rank; ++j)
    {
        const double alike = correlation(slice(maps, out.found[j]), slice(true_maps, j));
        out.correlation += alike / static_cast<double>(rank);
        out.worst_correlation = std::min(out.worst_correlation, alike);
        out.worst_cosine = std::min(
            out.worst_cosine, cosine(slice(components, out.found[j]), slice(true_components, j)));
        for (std::size_t l = 0; l < k; ++l)
            if (l != out.found[j])
                out.overlap =
                    std::max(out.overlap, cosine(slice(maps, out.found[j]), slice(maps, l)));
    }
    return out;
}

/// The same of a factorization and the truth of a simulated scan.
template <class T, class Image>
agreement compare(const xu::result<T>& found, const Image& truth)
{
    const xu::tensor<double> maps = found.maps(), components = found.components();
    return compare(maps, components, truth.maps, truth.components);
}
}
