// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <csignal>

#include <atomic>

namespace apical::tools {

/// While it lives, the first SIGINT or SIGTERM raises a flag and the second one does what it did before. What
/// the process ignores it goes on ignoring. One at a time.
class Interrupts {
 public:
  Interrupts();
  ~Interrupts();
  Interrupts(const Interrupts&) = delete;
  Interrupts& operator=(const Interrupts&) = delete;

  const std::atomic<bool>& flag() const;
  int signal() const;  ///< that raised it, or 0

 private:
  struct sigaction interrupt_ = {}, terminate_ = {};  ///< what there was before
};

}  // namespace apical::tools
