// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <memory>
#include <new>

namespace xunmix
{
/// Scratch memory on a cache-line boundary that grows when asked for more and is otherwise reused;
/// growing forgets the contents.
template <class T>
class buffer
{
  public:
    /// At least `count` numbers, uninitialised.
    T* get(std::size_t count)
    {
        if (count > capacity_)
        {
            memory_.reset();
            memory_.reset(static_cast<T*>(::operator new(count * sizeof(T), alignment)));
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
    static constexpr std::align_val_t alignment{64};
    struct release
    {
        void operator()(T* p) const
        {
            ::operator delete(p, alignment);
        }
    };
    std::unique_ptr<T, release> memory_;
    std::size_t capacity_ = 0;
};
}
