// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <exception>
#include <stdexcept>
#include <string>

namespace apical::tools {

/// Bad usage or bad input: the command ends with exit status 2 and this one line.
class InputError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// What somebody wrote, as an error message repeats it: on one line, control characters escaped, and no
/// longer than `most` bytes.
std::string echoed(const std::string& text, std::size_t most = 120);

/// What an exception says to the user: one that comes from a library is put into words.
std::string explained(const std::exception&);

}  // namespace apical::tools
