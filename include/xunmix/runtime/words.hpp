// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <xunmix/core/error.hpp>

namespace xunmix::detail
{
/// A part as it is written down, "name:word:word": the name of a type, then values of its options
/// in their order. Every complaint begins with what kind of part it is and with the whole text.
class part_words
{
  public:
    /// `kind` is what the part is, `known` lists all that can be written.
    part_words(std::string kind, std::string text, std::string known)
        : kind_(std::move(kind))
        , text_(std::move(text))
        , known_(std::move(known))
        , name_(text_.substr(0, text_.find(':')))
    {
        for (std::size_t from = name_.size(); from < text_.size();)
        {
            const std::size_t end = std::min(text_.find(':', from + 1), text_.size());
            words_.push_back(text_.substr(from + 1, end - from - 1));
            from = end;
        }
    }

    const std::string& name() const
    {
        return name_;
    }
    std::size_t size() const
    {
        return words_.size();
    }
    const std::string& word(std::size_t i) const
    {
        return words_[i];
    }

    /// Throws invalid_argument unless as many numbers follow the name.
    const part_words& takes(std::size_t least, std::size_t most) const
    {
        require<invalid_argument>(least <= size() && size() <= most, kind_, " \"", text_, "\" has ",
                                  size(), " numbers; known are ", known_);
        return *this;
    }
    /// Throws invalid_argument where the word is no number.
    double number(std::size_t i) const
    {
        const char *first = words_[i].data(), *last = first + words_[i].size();
        double x = 0;
        const auto read = std::from_chars(first, last, x);
        require<invalid_argument>(read.ec == std::errc{} && read.ptr == last, kind_, " \"", text_,
                                  "\": cannot read the number \"", words_[i],
                                  "\"; write one like 0.1");
        return x;
    }
    /// A number that counts `what`. Throws invalid_argument unless it is whole and not below
    /// `least`.
    std::size_t whole(std::size_t i, const char* what, std::size_t least) const
    {
        constexpr double too_many = 1e15;
        const double x = number(i);
        require<invalid_argument>(
            x >= static_cast<double>(least) && x == std::floor(x) && x < too_many, kind_, " \"",
            text_, "\" counts ", what, " in whole numbers from ", least, ", got ", x);
        return static_cast<std::size_t>(x);
    }
    /// Throws invalid_argument: there is no part of this name.
    [[noreturn]] void fail() const
    {
        throw invalid_argument(text("there is no ", kind_, " \"", name_, "\"; known are ", known_));
    }
    /// Throws invalid_argument: the word is not what was expected in its place.
    [[noreturn]] void fail_at(std::size_t i, const char* expected) const
    {
        throw invalid_argument(
            text(kind_, " \"", text_, "\" has \"", words_[i], "\" where it takes ", expected));
    }

  private:
    std::string kind_, text_, known_, name_;
    std::vector<std::string> words_;
};
}
