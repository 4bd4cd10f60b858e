// SPDX-License-Identifier: Apache-2.0
#include "model/zip_file.hpp"

#include <fmt/format.h>
#include <zlib.h>

#include <set>
#include <stdexcept>

#include "model/input_file.hpp"

namespace apical::model {
namespace {

// Records of the format and where their fields are.
constexpr std::uint32_t local_record = 0x04034b50, directory_record = 0x02014b50, end_record = 0x06054b50;
constexpr std::size_t local_bytes = 30, directory_bytes = 46, end_bytes = 22, longest_comment = 65535;
constexpr std::uint32_t in_zip64 = 0xffffffff, in_zip64_short = 0xffff;
constexpr int method_stored = 0, method_deflated = 8;
constexpr std::uint32_t flag_encrypted = 1;
constexpr std::uint32_t version = 20, first_of_january_1980 = 0x21;
constexpr std::uintmax_t most_bytes = std::uintmax_t{1} << 31;

std::uint32_t checksum_of(const std::string& bytes) {
  return static_cast<std::uint32_t>(
      crc32_z(0, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size()));
}

void append(std::string& bytes, std::uint32_t value, int count) {
  for (int i = 0; i < count; ++i) bytes += static_cast<char>(value >> (8 * i));
}

// What the record of an entry and its line in the directory share.
void append_entry(std::string& bytes, const std::string& name, const std::string& content) {
  append(bytes, version, 2);
  append(bytes, 0, 2);  // flags
  append(bytes, method_stored, 2);
  append(bytes, 0, 2);  // midnight
  append(bytes, first_of_january_1980, 2);
  append(bytes, checksum_of(content), 4);
  append(bytes, static_cast<std::uint32_t>(content.size()), 4);
  append(bytes, static_cast<std::uint32_t>(content.size()), 4);
  append(bytes, static_cast<std::uint32_t>(name.size()), 2);
  append(bytes, 0, 2);  // extra field
}

}  // namespace

ZipFile::ZipFile(std::filesystem::path path, std::string what)
    : path_(std::move(path)), what_(std::move(what)), bytes_(read_input(path_, what_, most_bytes)) {
  read_directory();
}

void ZipFile::refuse(const std::string& wrong) const {
  throw std::runtime_error(fmt::format("{}: {}; accepted: {}", path_.string(), wrong, what_));
}

std::vector<std::string> ZipFile::names() const {
  std::vector<std::string> names;
  for (const Entry& entry : entries_) names.push_back(entry.name);
  return names;
}

// `bytes` of little-endian number at `at`, which the caller knows to be inside.
std::uint32_t ZipFile::number(std::size_t at, int bytes) const {
  std::uint32_t value = 0;
  for (int i = 0; i < bytes; ++i)
    value |= static_cast<std::uint32_t>(static_cast<unsigned char>(bytes_[at + static_cast<std::size_t>(i)]))
             << (8 * i);
  return value;
}

void ZipFile::read_directory() {
  if (bytes_.size() < end_bytes) refuse("isn't a whole zip archive (truncated?)");
  std::size_t end = bytes_.size() - end_bytes;
  const std::size_t first = end > longest_comment ? end - longest_comment : 0;
  while (number(end, 4) != end_record || end + end_bytes + number(end + 20, 2) != bytes_.size()) {
    if (end == first) refuse("isn't a whole zip archive (truncated?)");
    --end;
  }
  const std::uint32_t count = number(end + 10, 2);
  const std::size_t length = number(end + 12, 4), start = number(end + 16, 4);
  if (count == in_zip64_short || length == in_zip64 || start == in_zip64) refuse("is in zip64");
  if (number(end + 4, 2) != 0 || number(end + 6, 2) != 0 || number(end + 8, 2) != count)
    refuse("is a part of an archive on several disks");
  if (start > end || length != end - start) refuse("its directory isn't where its end says");
  std::size_t at = start;
  std::uintmax_t total = 0;
  std::set<std::string> names;
  for (std::uint32_t i = 0; i < count; ++i) {
    if (end - at < directory_bytes || number(at, 4) != directory_record) refuse("its directory is damaged");
    const std::size_t record = directory_bytes + number(at + 28, 2) + number(at + 30, 2) + number(at + 32, 2);
    if (end - at < record) refuse("its directory is damaged");
    entries_.push_back(read_entry(at));
    const Entry& entry = entries_.back();
    if (!names.insert(entry.name).second) refuse(fmt::format("has \"{}\" twice", entry.name.substr(0, 80)));
    total += entry.size;
    // deflate packs 1,032 to one at best; entries that share bytes would make more of them.
    if (total > most_bytes || total > 1100 * static_cast<std::uintmax_t>(bytes_.size()))
      refuse(fmt::format("declares {} bytes, which a file of {} bytes can't hold", total, bytes_.size()));
    at += record;
  }
  if (at != end) refuse("its directory is damaged");
}

ZipFile::Entry ZipFile::read_entry(std::size_t at) const {
  Entry entry;
  entry.name = bytes_.substr(at + directory_bytes, number(at + 28, 2));
  const auto wrong = [&](const std::string& why) {
    refuse(fmt::format("\"{}\" {}", entry.name.substr(0, 80), why));
  };
  if ((number(at + 8, 2) & flag_encrypted) != 0) wrong("is encrypted");
  const auto method = static_cast<int>(number(at + 10, 2));
  if (method != method_stored && method != method_deflated)
    wrong(fmt::format("is packed by method {}, neither stored nor deflated", method));
  entry.deflated = method == method_deflated;
  entry.checksum = number(at + 16, 4);
  entry.packed = number(at + 20, 4);
  entry.size = number(at + 24, 4);
  const std::size_t local = number(at + 42, 4);
  if (entry.packed == in_zip64 || entry.size == in_zip64 || local == in_zip64) wrong("is in zip64");
  // The record before the content may have an extra field of its own (NumPy's has zip64's), but that name.
  if (local > at || at - local < local_bytes || number(local, 4) != local_record)
    wrong("isn't where the directory says");
  const std::size_t name = number(local + 26, 2), extra = number(local + 28, 2);
  entry.start = local + local_bytes + name + extra;
  if (entry.start > at || at - entry.start < entry.packed) wrong("is cut off");
  if (bytes_.compare(local + local_bytes, name, entry.name) != 0) wrong("has another name in its own record");
  if (!entry.deflated && entry.packed != entry.size) wrong("is stored in another length than declared");
  return entry;
}

std::string ZipFile::content(std::size_t index) const {
  const Entry& entry = entries_.at(index);
  const auto wrong = [&](const std::string& why) {
    refuse(fmt::format("\"{}\" {}", entry.name.substr(0, 80), why));
  };
  std::string bytes;
  if (entry.deflated) {
    bytes.resize(entry.size + 1);  // one more, to notice what goes on
    z_stream stream{};
    stream.next_in = reinterpret_cast<unsigned char*>(const_cast<char*>(bytes_.data() + entry.start));
    stream.avail_in = static_cast<uInt>(entry.packed);
    stream.next_out = reinterpret_cast<unsigned char*>(bytes.data());
    stream.avail_out = static_cast<uInt>(bytes.size());
    if (inflateInit2(&stream, -15) != Z_OK) throw std::runtime_error("zlib doesn't start");
    const int status = inflate(&stream, Z_FINISH);
    inflateEnd(&stream);
    if (status != Z_STREAM_END || stream.total_out != entry.size || stream.avail_in != 0)
      wrong("isn't what its length says (damaged?)");
    bytes.resize(entry.size);
  } else {
    bytes = bytes_.substr(entry.start, entry.size);
  }
  if (checksum_of(bytes) != entry.checksum) wrong("has another checksum (damaged?)");
  return bytes;
}

std::string zip_archive(const std::vector<std::pair<std::string, std::string>>& entries) {
  std::uintmax_t total = end_bytes;
  for (const auto& [name, content] : entries)
    total += local_bytes + directory_bytes + 2 * name.size() + content.size();
  if (total >= in_zip64 || entries.size() >= in_zip64_short)
    throw std::runtime_error("a zip archive of 4 GiB; accepted: a smaller one");
  std::string bytes, directory;
  for (const auto& [name, content] : entries) {
    append(directory, directory_record, 4);
    append(directory, version, 2);
    append_entry(directory, name, content);
    append(directory, 0, 2);  // comment
    append(directory, 0, 2);  // disk
    append(directory, 0, 2);  // internal attributes
    append(directory, 0, 4);  // external attributes
    append(directory, static_cast<std::uint32_t>(bytes.size()), 4);
    directory += name;
    append(bytes, local_record, 4);
    append_entry(bytes, name, content);
    bytes += name;
    bytes += content;
  }
  const auto start = static_cast<std::uint32_t>(bytes.size());
  const auto count = static_cast<std::uint32_t>(entries.size());
  bytes += directory;
  append(bytes, end_record, 4);
  append(bytes, 0, 4);  // disks
  append(bytes, count, 2);
  append(bytes, count, 2);
  append(bytes, static_cast<std::uint32_t>(directory.size()), 4);
  append(bytes, start, 4);
  append(bytes, 0, 2);  // comment
  return bytes;
}

}  // namespace apical::model
