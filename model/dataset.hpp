// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace apical::model {

/// Labelled images: pixels in 0..1, row by row.
struct Dataset {
  int rows = 0, columns = 0;
  std::vector<std::vector<float>> images;  ///< [image][rows × columns]
  std::vector<int> labels;                 ///< 0..9

  std::size_t size() const { return images.size(); }
};

struct Split {
  Dataset training, test;
};

/// The 1,797 8×8 digits that the library carries (model/data/README.md). The last `held_out` of a fixed
/// shuffle are the test set. Throws std::invalid_argument unless 1 <= held_out <= 1796.
Split load_digits8(int held_out);

/// A data set that a script fetches as four idx files.
struct Fetched {
  const char* variable;  ///< of the environment: the folder
  const char* cache;     ///< else ${XDG_CACHE_HOME:-~/.cache}/apical/CACHE
  const char* script;    ///< which brings it there
};
inline constexpr Fetched mnist_data{"APICAL_MNIST", "mnist", "tools/fetch-mnist"};
inline constexpr Fetched fashion_mnist_data{"APICAL_FASHION_MNIST", "fashion-mnist",
                                            "tools/fetch-fashion-mnist"};

/// Images for training and for the test from a folder, "" = where the script puts them. Throws
/// std::runtime_error for files that are absent, truncated or not idx.
Split load_idx(const Fetched&, const std::string& folder);

/// The four files that load_idx() reads: images and labels for training, then for the test.
std::vector<std::filesystem::path> idx_files(const Fetched&, const std::string& folder);

/// Reads one pair of idx files (images: magic 2051, labels: magic 2049, big-endian). Errors name the file,
/// what was found and what is accepted; `script` is what brings them.
Dataset read_idx(const std::filesystem::path& images, const std::filesystem::path& labels,
                 const std::string& script = mnist_data.script);

/// Order of 0..count-1 that depends on the seed alone, on every platform (Fisher–Yates).
std::vector<std::size_t> shuffled(std::size_t count, std::uint64_t seed);

}  // namespace apical::model
