// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstddef>
#include <memory>

namespace apical::fixedpoint {

/// A fixed number of threads that divide the rows of a matrix, or the networks of a batch.
class Workers {
 public:
  /// `threads` at least 1; 1 runs everything in the calling thread. Work below `smallest` isn't divided.
  Workers(int threads, std::ptrdiff_t smallest);
  ~Workers();
  Workers(Workers&&) noexcept;
  Workers& operator=(Workers&&) noexcept;

  int threads() const { return threads_; }
  /// Into how many parts so many multiply-accumulates are worth dividing: starting threads has its price.
  int parts(std::ptrdiff_t work) const { return work < smallest_ ? 1 : threads_; }
  /// body(part) for part = 0..parts-1, each once, on any thread; returns when all are done.
  template <class Body>
  void run(int parts, const Body& body) const {
    if (parts == 1) return body(0);
    run_parts(
        parts, [](const void* b, int part) { (*static_cast<const Body*>(b))(part); }, &body);
  }

 private:
  void run_parts(int parts, void (*call)(const void*, int), const void* body) const;
  struct Arena;
  int threads_;
  std::ptrdiff_t smallest_;
  std::unique_ptr<Arena> arena_;
};

}  // namespace apical::fixedpoint
