// SPDX-License-Identifier: Apache-2.0
#include "model/dataset.hpp"

#include <fmt/format.h>
#include <zlib.h>

#include <boost/random/mersenne_twister.hpp>
#include <boost/random/uniform_int_distribution.hpp>
#include <charconv>
#include <cstdlib>
#include <numeric>
#include <stdexcept>

#include "model/input_file.hpp"
#include "model/settings/settings_error.hpp"

namespace apical::model {

// The file model/data/digits8.csv.gz, embedded by the assembler.
extern "C" const unsigned char apical_digits8_begin[];
extern "C" const unsigned char apical_digits8_end[];

namespace {

constexpr std::uint64_t split_seed = 1998;  // fixed: the held-out digits are the same in every run

std::string inflate_embedded() {
  z_stream stream{};
  stream.next_in = const_cast<unsigned char*>(apical_digits8_begin);  // zlib's interface predates const
  stream.avail_in = static_cast<unsigned>(apical_digits8_end - apical_digits8_begin);
  if (inflateInit2(&stream, 15 + 16) != Z_OK) throw std::runtime_error("digits8: zlib doesn't start");
  std::string text(1 << 20, '\0');
  stream.next_out = reinterpret_cast<unsigned char*>(text.data());
  stream.avail_out = static_cast<unsigned>(text.size());
  const int status = inflate(&stream, Z_FINISH);
  text.resize(stream.total_out);
  inflateEnd(&stream);
  if (status != Z_STREAM_END) throw std::runtime_error("digits8: the embedded data are damaged");
  return text;
}

Dataset subset(const Dataset& all, const std::vector<std::size_t>& order, std::size_t first,
               std::size_t last) {
  Dataset part;
  part.rows = all.rows;
  part.columns = all.columns;
  for (std::size_t i = first; i < last; ++i) {
    part.images.push_back(all.images[order[i]]);
    part.labels.push_back(all.labels[order[i]]);
  }
  return part;
}

std::vector<unsigned char> read_all(const std::filesystem::path& path, const std::string& script) {
  std::error_code ignored;
  const bool packed =
      !std::filesystem::exists(path, ignored) && std::filesystem::exists(path.string() + ".gz", ignored);
  const std::string text = read_input(
      path,
      packed ? "this file unpacked (gunzip); there is only one compressed by gzip"
             : fmt::format("an idx file: run {}, or set task.file to a folder with its four", script),
      std::uintmax_t{1} << 32);
  return {text.begin(), text.end()};
}

std::uint32_t big_endian(const std::vector<unsigned char>& bytes, std::size_t at) {
  return (std::uint32_t{bytes[at]} << 24) | (std::uint32_t{bytes[at + 1]} << 16) |
         (std::uint32_t{bytes[at + 2]} << 8) | bytes[at + 3];
}

// Checks magic number, dimensions and length of an idx file; returns its dimensions.
std::vector<std::size_t> idx_dimensions(const std::filesystem::path& path,
                                        const std::vector<unsigned char>& bytes, std::uint32_t magic) {
  if (bytes.size() > 1 && bytes[0] == 0x1f && bytes[1] == 0x8b)
    throw std::runtime_error(
        fmt::format("{}: is compressed by gzip; accepted: an idx file, unpacked (gunzip)", path.string()));
  const std::size_t rank = magic & 255;
  const std::size_t header = 4 + 4 * rank;
  if (bytes.size() < header)
    throw std::runtime_error(fmt::format("{}: {} bytes; accepted: an idx file, whose header alone has {}",
                                         path.string(), bytes.size(), header));
  if (big_endian(bytes, 0) != magic)
    throw std::runtime_error(
        fmt::format("{}: starts with {}; accepted: an idx file of unsigned bytes, which starts with {}",
                    path.string(), big_endian(bytes, 0), magic));
  std::vector<std::size_t> dimensions;
  std::size_t expected = 1;
  for (std::size_t d = 0; d < rank; ++d) {
    dimensions.push_back(big_endian(bytes, 4 + 4 * d));
    if (dimensions.back() != 0 && expected > (std::size_t{1} << 40) / dimensions.back())
      throw std::runtime_error(
          fmt::format("{}: its header declares over 2^40 bytes; accepted: an idx file", path.string()));
    expected *= dimensions.back();
  }
  if (expected == 0)
    throw std::runtime_error(
        fmt::format("{}: its header declares no data; accepted: one image or more", path.string()));
  if (bytes.size() != header + expected)
    throw std::runtime_error(
        fmt::format("{}: {} bytes of data; accepted: the {} that its header declares (truncated?)",
                    path.string(), bytes.size() - header, expected));
  return dimensions;
}

std::filesystem::path folder_of(const Fetched& data, const std::string& given) {
  if (!given.empty()) return given;
  if (const char* set = std::getenv(data.variable); set != nullptr && *set != '\0') return set;
  if (const char* cache = std::getenv("XDG_CACHE_HOME"); cache != nullptr && *cache != '\0')
    return std::filesystem::path(cache) / "apical" / data.cache;
  const char* home = std::getenv("HOME");
  return std::filesystem::path(home != nullptr ? home : ".") / ".cache" / "apical" / data.cache;
}

}  // namespace

std::vector<std::size_t> shuffled(std::size_t count, std::uint64_t seed) {
  std::vector<std::size_t> order(count);
  std::iota(order.begin(), order.end(), std::size_t{0});
  boost::random::mt19937_64 random(seed);
  for (std::size_t i = count; i > 1; --i) {
    boost::random::uniform_int_distribution<std::size_t> draw(0, i - 1);
    std::swap(order[i - 1], order[draw(random)]);
  }
  return order;
}

Split load_digits8(int held_out) {
  const std::string text = inflate_embedded();
  Dataset all;
  all.rows = all.columns = 8;
  const char* at = text.data();
  const char* const end = at + text.size();
  while (at < end) {
    std::vector<float> image;
    for (int i = 0; i < 65; ++i) {
      int value = 0;
      const auto [next, error] = std::from_chars(at, end, value);
      if (error != std::errc()) throw std::runtime_error("digits8: the embedded data are damaged");
      at = next + 1;  // past the comma or the end of the line
      if (i < 64)
        image.push_back(static_cast<float>(value) / 16.0f);
      else
        all.labels.push_back(value);
    }
    all.images.push_back(std::move(image));
  }
  const std::size_t count = all.size();
  if (held_out < 1 || static_cast<std::size_t>(held_out) >= count)
    throw SettingsError("task.held_out", fmt::format("{}", held_out), fmt::format("1..{}", count - 1));
  const auto order = shuffled(count, split_seed);
  const std::size_t kept = count - static_cast<std::size_t>(held_out);
  return {subset(all, order, 0, kept), subset(all, order, kept, count)};
}

Dataset read_idx(const std::filesystem::path& images, const std::filesystem::path& labels,
                 const std::string& script) {
  const auto pixels = read_all(images, script);
  const auto shape = idx_dimensions(images, pixels, 2051);
  const auto classes = read_all(labels, script);
  const auto count = idx_dimensions(labels, classes, 2049);
  if (count[0] != shape[0])
    throw std::runtime_error(fmt::format("{}: {} labels; accepted: as many as {} has images ({})",
                                         labels.string(), count[0], images.string(), shape[0]));
  Dataset data;
  data.rows = static_cast<int>(shape[1]);
  data.columns = static_cast<int>(shape[2]);
  const std::size_t size = shape[1] * shape[2];
  for (std::size_t i = 0; i < shape[0]; ++i) {
    std::vector<float> image(size);
    for (std::size_t j = 0; j < size; ++j) image[j] = static_cast<float>(pixels[16 + i * size + j]) / 255.0f;
    data.images.push_back(std::move(image));
    const int label = classes[8 + i];
    if (label > 9)
      throw std::runtime_error(
          fmt::format("{}: label {} of image {}; accepted: 0..9", labels.string(), label, i));
    data.labels.push_back(label);
  }
  return data;
}

std::vector<std::filesystem::path> idx_files(const Fetched& data, const std::string& folder) {
  const std::filesystem::path at = folder_of(data, folder);
  return {at / "train-images-idx3-ubyte", at / "train-labels-idx1-ubyte", at / "t10k-images-idx3-ubyte",
          at / "t10k-labels-idx1-ubyte"};
}

Split load_idx(const Fetched& data, const std::string& folder) {
  const auto files = idx_files(data, folder);
  Split split{read_idx(files[0], files[1], data.script), read_idx(files[2], files[3], data.script)};
  if (split.test.rows != split.training.rows || split.test.columns != split.training.columns)
    throw std::runtime_error(fmt::format(
        "{}: images of {} x {}; accepted: {} x {}, as in train-images-idx3-ubyte", files[2].string(),
        split.test.rows, split.test.columns, split.training.rows, split.training.columns));
  return split;
}

}  // namespace apical::model
