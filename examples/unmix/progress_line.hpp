// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>

namespace unmix
{
/// Tells std::clog how far a run is: on a terminal in one line that renews itself, elsewhere in
/// lines one below the other.
class progress_line
{
  public:
    progress_line();
    /// Removes the line that renews itself.
    ~progress_line();
    progress_line(const progress_line&) = delete;
    progress_line& operator=(const progress_line&) = delete;

    [[nodiscard]] bool is_terminal() const noexcept
    {
        return is_terminal_;
    }
    /// On a terminal, puts a line in the place of the last.
    void renew(const std::string& line) const;
    /// Elsewhere, adds a line.
    void add(const std::string& line) const;

  private:
    bool is_terminal_;
};

/// "0.4 s", "95 s", "3 min 20 s", "2 h 5 min"
std::string duration_text(double seconds);
}
