// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "tools/study/store.hpp"
#include "tools/study/study.hpp"

namespace apical::tools {

/// Text packed by gzip, without a name or a time: equal texts make equal bytes.
std::string packed(const std::string& text);
/// The text of a file, plain or packed by gzip. Throws InputError naming it for what can't be read or is no
/// whole gzip file, and for what unpacks to more than 256 MB.
std::string unpacked(const std::filesystem::path&);

/// The rows that the store has of a study, sorted, as a store of its own.
std::string store_text(const Study&, const Store&);

/// The rows of an earlier store, plain or packed, whatever build wrote them, as if today's had: a row is that
/// of the point with its digest, or, where no point has that, of the one that sets the same keys (keys were
/// added since, or the study's base changed; re-training tells). What a point's data are is asked only where
/// they are here.
class EarlierRows {
 public:
  /// Throws InputError for what is no store, and where rows are of no point, naming them.
  EarlierRows(const Study&, const std::filesystem::path& file);

  const Store& store() const { return store_; }
  std::size_t renewed() const { return renewed_; }  ///< rows that were found by their keys

 private:
  Store store_;
  std::size_t renewed_ = 0;
};

}  // namespace apical::tools
