// SPDX-License-Identifier: Apache-2.0
#include "fixedpoint/emulator/workers.hpp"

#include <tbb/info.h>
#include <tbb/parallel_for.h>
#include <tbb/task_arena.h>

#include <algorithm>

namespace apical::fixedpoint {

struct Workers::Arena {
  explicit Arena(int threads) : arena(threads) {}
  tbb::task_arena arena;
};

Workers::Workers(int threads, std::ptrdiff_t smallest) : threads_(std::max(threads, 1)), smallest_(smallest) {
  if (threads_ > 1) arena_ = std::make_unique<Arena>(std::min(threads_, tbb::info::default_concurrency()));
}
Workers::~Workers() = default;
Workers::Workers(Workers&&) noexcept = default;
Workers& Workers::operator=(Workers&&) noexcept = default;

void Workers::run_parts(int parts, void (*call)(const void*, int), const void* body) const {
  if (arena_ == nullptr) {
    for (int part = 0; part < parts; ++part) call(body, part);
    return;
  }
  arena_->arena.execute([&] {
    tbb::parallel_for(
        0, parts, [&](int part) { call(body, part); }, tbb::simple_partitioner());
  });
}

}  // namespace apical::fixedpoint
