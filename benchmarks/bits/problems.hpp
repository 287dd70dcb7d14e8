// SPDX-License-Identifier: BSD-3-Clause
#pragma once

// Small problems whose results two versions of the library can be compared in, bit for bit: each
// prints a line "name digest", the digest of factors, objective and mean square error. Only names
// that older versions have, too, are used here.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string>

#include <xunmix/xunmix.hpp>

namespace bits
{
namespace xu = xunmix;

/// FNV-1a over everything that is added.
class digest
{
  public:
    template <class V>
    void add(const V& value)
    {
        unsigned char bytes[sizeof value];
        std::memcpy(bytes, &value, sizeof value);
        for (const unsigned char byte : bytes)
            state_ = (state_ ^ byte) * 1099511628211ULL;
    }
    template <class F>
    void add_factor(const F& factor)
    {
        for (auto column : factor.columns())
            for (auto x : column)
                add(x);
    }
    template <class T>
    void add_result(const xu::result<T>& result)
    {
        add_factor(result.maps_matrix());
        add_factor(result.components_matrix());
        add(result.iterations);
        add(result.objective);
        add(result.mse);
    }
    void print(const std::string& name) const
    {
        std::printf("%s %016llx\n", name.c_str(), static_cast<unsigned long long>(state_));
    }

  private:
    std::uint64_t state_ = 14695981039346656037ULL;
};

/// Numbers in [0, 1) that depend on nothing but where they are drawn.
class numbers
{
  public:
    explicit numbers(std::uint64_t seed)
        : state_(seed)
    {
    }
    double operator()()
    {
        state_ = state_ * 6364136223846793005ULL + 1442695040888963407ULL;
        return static_cast<double>(state_ >> 11U) * 0x1p-53;
    }

  private:
    std::uint64_t state_;
};

constexpr std::size_t rank = 4, height = 13, width = 17, extent = 16, channels = extent * extent;

/// A scan (y, x, v, u) of four components with some noise; `top` is about its largest value.
template <class T>
xu::tensor<T> scan(double top)
{
    numbers draw(7);
    xu::tensor<double> maps = xu::tensor<double>::from_shape({height * width, rank});
    xu::tensor<double> spectra = xu::tensor<double>::from_shape({channels, rank});
    for (double& x : maps)
        x = draw() * draw();
    for (double& x : spectra)
        x = draw() * draw() * draw();
    auto out = xu::tensor<T>::from_shape({height, width, extent, extent});
    for (std::size_t i = 0; i < height * width; ++i)
        for (std::size_t c = 0; c < channels; ++c)
        {
            double sum = 0.05 * draw();
            for (std::size_t j = 0; j < rank; ++j)
                sum += maps(i, j) * spectra(c, j);
            out.data()[i * channels + c] = static_cast<T>(sum * top / 2);
        }
    return out;
}

/// The start of every problem, as numbers.
inline xu::given start()
{
    numbers draw(11);
    xu::given out;
    out.maps = xu::tensor<double>::from_shape({rank, height, width});
    out.components = xu::tensor<double>::from_shape({rank, extent, extent});
    for (double& x : *out.maps)
        x = 0.1 + draw();
    for (double& x : *out.components)
        x = 0.1 + draw();
    return out;
}

inline xu::options options(std::size_t iterations = 12)
{
    return {.rank = rank, .max_iterations = iterations, .tolerance = 0, .seed = 3};
}

/// One line: `data` factorized from the start by the update and whatever else factorize takes.
template <class Data, class U, class... Args>
void run(const std::string& name, const Data& data, U update, const Args&... args)
{
    digest sum;
    sum.add_result(xu::factorize(data, options(), update, start(), args...));
    sum.print(name);
}

void updates();
void constraints();
void layouts();
void losses();
void searches();
}
