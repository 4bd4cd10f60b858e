// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <utility>
#include <vector>

#include "fixedpoint/emulator/emulator.hpp"

namespace apical::fixedpoint {

/// Networks of a sweep side by side: each runs on one thread, several at a time, none waiting for another.
class Batch {
 public:
  Batch(std::vector<Emulator> networks, int threads) : networks_(std::move(networks)), workers_(threads, 0) {}

  /// body(network, its number) once for every network, in any order and on any thread.
  template <class Body>
  void run(const Body& body) {
    workers_.run(static_cast<int>(networks_.size()), [&](int i) {
      const auto index = static_cast<std::size_t>(i);
      body(networks_[index], index);
    });
  }

  std::vector<Emulator>& networks() { return networks_; }

 private:
  std::vector<Emulator> networks_;
  Workers workers_;
};

}  // namespace apical::fixedpoint
