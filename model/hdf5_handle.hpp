// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <hdf5.h>

#include <filesystem>

namespace apical::model {

/// Closes an identifier at the end of a scope.
class Handle {
 public:
  Handle(hid_t id, herr_t (*close)(hid_t)) : id_(id), close_(close) {}
  ~Handle() {
    if (id_ >= 0) close_(id_);
  }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  operator hid_t() const { return id_; }
  bool valid() const { return id_ >= 0; }

 private:
  hid_t id_;
  herr_t (*close_)(hid_t);
};

/// The library prints its error stack by default; ours is one line. Its clean-up at exit crashes when a file
/// could not be closed on a full disk; every file is closed by its owner, so that it has nothing to do.
void silence_hdf5();

/// Values of `size` bytes that a file can hold: chunks that were never written take no room on disk, but do
/// in memory; gzip packs 1,032 to one at best.
hsize_t most_values_of(const std::filesystem::path&, std::size_t size);

}  // namespace apical::model
