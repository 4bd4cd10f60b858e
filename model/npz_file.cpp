// SPDX-License-Identifier: Apache-2.0
#include "model/npz_file.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <stdexcept>

#include "model/input_file.hpp"
#include "model/zip_file.hpp"

namespace apical::model {
namespace {

const std::string magic = "\x93NUMPY";
const std::string ending = ".npy";
constexpr std::size_t longest_header = 1u << 16, alignment = 64;
constexpr std::int64_t exact_in_doubles = std::int64_t{1} << 53;
constexpr std::uint64_t most_extent = std::uint64_t{1} << 40;

struct Header {
  std::string descr;
  bool fortran_order = false;
  std::vector<std::uint64_t> shape;
  std::size_t content = 0;  ///< where it starts
};

// Says what is wrong with one entry.
struct Unreadable : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// The header is a Python dict of three keys; nothing else of Python is read.
class HeaderText {
 public:
  explicit HeaderText(std::string text) : text_(std::move(text)) {}

  Header read() {
    Header header;
    int seen = 0;
    expect('{');
    while (!taken('}')) {
      const std::string key = quoted();
      expect(':');
      if (key == "descr" && (seen & 1) == 0) {
        header.descr = descr();
        seen |= 1;
      } else if (key == "fortran_order" && (seen & 2) == 0) {
        header.fortran_order = truth();
        seen |= 2;
      } else if (key == "shape" && (seen & 4) == 0) {
        header.shape = tuple();
        seen |= 4;
      } else {
        damaged();
      }
      if (!taken(',') && !follows('}')) damaged();
    }
    skip();
    if (seen != 7 || at_ != text_.size()) damaged();
    return header;
  }

 private:
  [[noreturn]] static void damaged() { throw Unreadable("has a header that isn't that of an array"); }
  void skip() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\t')) ++at_;
  }
  bool follows(char c) {
    skip();
    return at_ < text_.size() && text_[at_] == c;
  }
  bool taken(char c) {
    if (!follows(c)) return false;
    ++at_;
    return true;
  }
  void expect(char c) {
    if (!taken(c)) damaged();
  }
  std::string quoted() {
    const char quote = follows('"') ? '"' : '\'';
    expect(quote);
    const std::size_t end = text_.find(quote, at_);
    if (end == std::string::npos) damaged();
    std::string inner = text_.substr(at_, end - at_);
    at_ = end + 1;
    return inner;
  }
  std::string descr() {
    if (follows('[')) throw Unreadable("holds records");
    return quoted();
  }
  bool truth() {
    skip();
    for (const bool value : {true, false}) {
      const std::string word = value ? "True" : "False";
      if (text_.compare(at_, word.size(), word) != 0) continue;
      at_ += word.size();
      return value;
    }
    damaged();
  }
  std::vector<std::uint64_t> tuple() {
    std::vector<std::uint64_t> values;
    expect('(');
    while (!taken(')')) {
      skip();
      std::uint64_t value = 0;
      const std::size_t first = at_;
      for (; at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9'; ++at_) {
        value = 10 * value + static_cast<std::uint64_t>(text_[at_] - '0');
        if (value > most_extent) throw Unreadable("declares more values than it holds");
      }
      if (at_ == first) damaged();
      values.push_back(value);
      if (!taken(',') && !follows(')')) damaged();
    }
    return values;
  }

  std::string text_;
  std::size_t at_ = 0;
};

Header header_of(const std::string& bytes) {
  if (bytes.size() < 10 || bytes.compare(0, magic.size(), magic) != 0) throw Unreadable("isn't a .npy file");
  const int version = static_cast<unsigned char>(bytes[6]);
  if (version < 1 || version > 3 || bytes[7] != 0)
    throw Unreadable(fmt::format("is a .npy file of version {}.{}", version,
                                 static_cast<int>(static_cast<unsigned char>(bytes[7]))));
  const std::size_t count = version == 1 ? 2 : 4;
  if (bytes.size() < 8 + count) throw Unreadable("ends in its header");
  std::size_t length = 0;
  for (std::size_t i = 0; i < count; ++i)
    length |= static_cast<std::size_t>(static_cast<unsigned char>(bytes[8 + i])) << (8 * i);
  if (length > longest_header) throw Unreadable(fmt::format("has a header of {} bytes", length));
  if (bytes.size() - 8 - count < length) throw Unreadable("ends in its header");
  Header header = HeaderText(bytes.substr(8 + count, length)).read();
  header.content = 8 + count + length;
  return header;
}

template <class Number>
RowMatrix values_of(const std::string& bytes, const Header& header) {
  // Extents are below 2^40, and no file has 2^40 values.
  const std::uint64_t rows = header.shape[0], columns = header.shape.size() == 2 ? header.shape[1] : 1;
  const std::uint64_t held = (bytes.size() - header.content) / sizeof(Number);
  if ((columns != 0 && rows > held / columns) ||
      rows * columns * sizeof(Number) != bytes.size() - header.content)
    throw Unreadable(fmt::format("has {} bytes of values where {} need {}", bytes.size() - header.content,
                                 fmt::join(header.shape, " x "),
                                 static_cast<double>(rows) * static_cast<double>(columns) * sizeof(Number)));
  RowMatrix values(static_cast<Eigen::Index>(rows), static_cast<Eigen::Index>(columns));
  const char* from = bytes.data() + header.content;
  for (Eigen::Index n = 0; n < values.size(); ++n, from += sizeof(Number)) {
    Number number;  // this program runs on little-endian processors alone
    std::memcpy(&number, from, sizeof(Number));
    const Eigen::Index i = header.fortran_order ? n % values.rows() : n / values.cols();
    const Eigen::Index j = header.fortran_order ? n / values.rows() : n % values.cols();
    if constexpr (std::is_floating_point_v<Number>) {
      if (!std::isfinite(number)) throw Unreadable(fmt::format("has {} at [{}, {}]", number, i, j));
    } else if (number > exact_in_doubles || number < -exact_in_doubles) {
      throw Unreadable(fmt::format("has {} at [{}, {}], beyond 2^53", number, i, j));
    }
    values(i, j) = static_cast<double>(number);
  }
  return values;
}

RowMatrix matrix_of(const std::string& bytes) {
  const Header header = header_of(bytes);
  if (header.descr == "|O") throw Unreadable("holds Python objects");
  if (header.shape.empty() || header.shape.size() > 2)
    throw Unreadable(fmt::format("has {} dimensions", header.shape.size()));
  if (header.descr == "<f8") return values_of<double>(bytes, header);
  if (header.descr == "<f4") return values_of<float>(bytes, header);
  if (header.descr == "<i8") return values_of<std::int64_t>(bytes, header);
  if (header.descr == "<i4") return values_of<std::int32_t>(bytes, header);
  throw Unreadable(fmt::format("has the dtype '{}'", header.descr.substr(0, 20)));
}

template <class Matrix>
std::string npy_of(const Matrix& values, const char* descr) {
  std::string header = fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': ({}, {}), }}", descr,
                                   values.rows(), values.cols());
  const std::size_t start = magic.size() + 4;
  header.append(alignment - (start + header.size() + 1) % alignment, ' ');
  header += '\n';
  std::string bytes = magic + '\x01' + '\0';
  bytes += static_cast<char>(header.size() & 0xff);
  bytes += static_cast<char>(header.size() >> 8);
  bytes += header;
  const std::size_t head = bytes.size(),
                    size = static_cast<std::size_t>(values.size()) * sizeof(*values.data());
  bytes.resize(head + size);
  if (size != 0) std::memcpy(bytes.data() + head, values.data(), size);
  return bytes;
}

}  // namespace

std::vector<NamedMatrix> read_npz(const std::filesystem::path& path) {
  const ZipFile zip(
      path,
      "a .npz file as NumPy writes it: arrays '<f8', '<f4', '<i8', '<i4' of finite values in one "
      "or two dimensions");
  std::vector<NamedMatrix> all;
  std::vector<std::string> wrong;
  const std::vector<std::string> names = zip.names();
  for (std::size_t k = 0; k < names.size(); ++k) {
    const std::string& entry = names[k];
    const bool named = entry.size() > ending.size() &&
                       entry.compare(entry.size() - ending.size(), ending.size(), ending) == 0;
    const std::string name = named ? entry.substr(0, entry.size() - ending.size()) : entry;
    try {
      if (!named) throw Unreadable("isn't a .npy file");
      all.push_back({name, matrix_of(zip.content(k))});
    } catch (const Unreadable& why) {
      wrong.push_back(fmt::format("{} {}", name.substr(0, 80), why.what()));
    }
  }
  if (!wrong.empty()) zip.refuse(in_one_line(wrong));
  return all;
}

std::string npy(const RowMatrix& values) {
  return npy_of(values, "<f8");
}

std::string npy(const IntegerMatrix& values) {
  return npy_of(values, "<i8");
}

}  // namespace apical::model
