// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <memory>
#include <new>

namespace xunmix
{
namespace detail
{
inline constexpr std::align_val_t cache_line{64};

struct release_aligned
{
    void operator()(void* p) const
    {
        ::operator delete(p, cache_line);
    }
};

/// `count` numbers on a cache-line boundary, uninitialised.
template <class T>
std::unique_ptr<T[], release_aligned> aligned_array(std::size_t count)
{
    return std::unique_ptr<T[], release_aligned>(
        static_cast<T*>(::operator new(count * sizeof(T), cache_line)));
}
}

/// Scratch memory on a cache-line boundary that grows when asked for more and is otherwise reused;
/// growing forgets the contents.
template <class T>
class buffer
{
  public:
    /// At least `count` numbers, uninitialised.
    T* get(std::size_t count)
    {
        if (!memory_ || count > capacity_)
        {
            memory_.reset();
            memory_ = detail::aligned_array<T>(count);
            capacity_ = count;
        }
        return memory_.get();
    }

    /// The memory of the last get().
    T* data() const
    {
        return memory_.get();
    }

  private:
    std::unique_ptr<T[], detail::release_aligned> memory_;
    std::size_t capacity_ = 0;
};
}
